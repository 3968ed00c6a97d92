"""Passwords and tokens come from files or the environment, and are never shown."""

from pathlib import Path

import pytest

from ldap2scim.secret import Secret
from ldap2scim.settings import rows
from tests.settings.texts import NATIVE, SECRET, Failing, Loader


def with_token(written: str) -> str:
    """Return the least file with a token."""
    return f"{NATIVE}  token: {written}\n"


@pytest.mark.parametrize(
    ("written", "token"),
    [
        ("${SCIM_TOKEN}", "t0ken"),
        ("'${SCIM_TOKEN}'", "t0ken"),
        ("pa${SCIM_TOKEN}", "pa${SCIM_TOKEN}"),
        ("$${SCIM_TOKEN}", "${SCIM_TOKEN}"),
        ("0123", "0123"),
        ("plain", "plain"),
    ],
)
def test_a_secret_is_a_variable_or_itself(native: Loader, written: str, token: str) -> None:
    """Only a whole `${NAME}` is a variable, since a password may hold anything."""
    found = native(with_token(written)).service.token
    assert found is not None
    assert found.reveal() == token


def test_a_secret_may_stand_in_a_file(native: Loader, tmp_path: Path) -> None:
    """`{file: PATH}` is read relative to the settings file; its final line end does not count."""
    file = tmp_path / "token"
    file.write_text("from-a-file\n")
    file.chmod(0o640)
    settings = native(with_token("{file: token}"))
    assert settings.service.token == Secret("from-a-file")
    assert settings.notes == ()
    file.chmod(0o644)
    (note,) = native(with_token("{file: token}")).notes
    assert "may be read by everybody" in note
    assert "chmod o-r" in note


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("${NOPE}", "needs the environment variable NOPE, which is not set"),
        ("${EMPTY}", "needs the environment variable EMPTY, which is empty"),
        ("''", "is empty"),
        ("{file: none}", "which cannot be read: No such file or directory"),
        ("{file: .}", "which cannot be read: Is a directory"),
        ("{path: x}", "must be a text, `${NAME}`, `{file: PATH}` or `{prefect_secret: NAME}`"),
        ("{hunter2}", "A text that begins with `{` needs 'quotes'"),
        ("{hunter2: hunter2}", "A text that begins with `{` needs 'quotes'"),
        ("{file: x, hunter2}", "A text that begins with `{` needs 'quotes'"),
        ("[hunter2]", "not a list"),
        ("true", "not true or false"),
        ('"hunter2\\nhunter2"', "holds a line break"),
        ("'hunter2 hunter2'", "one line of visible ASCII"),
        ("'hunter2 秘密'", "one line of visible ASCII"),
    ],
)
def test_unusable_secrets_are_named_without_their_value(
    native: Loader, problems: Failing, written: str, message: str
) -> None:
    """The message names the key, the variable or the file, and nothing of the secret."""
    found = " ".join(problems(native, with_token(written), {"EMPTY": ""}))
    assert message in found
    assert "`service.token`" in found
    assert "hunter2" not in found


def test_a_secret_that_yaml_takes_for_keys_twice_is_not_named(native: Loader, problems: Failing) -> None:
    """`{hunter2,hunter2}` is a block of one key, written twice."""
    found = " ".join(problems(native, with_token("{hunter2,hunter2}")))
    assert "one of the keys in these braces is written a second time" in found
    assert "hunter2" not in found


def test_a_missing_variable_anywhere_is_named(native: Loader, problems: Failing) -> None:
    """`${NAME}` works inside any text, and its absence is a problem of that key."""
    text = NATIVE.replace("dc=example,dc=com", "'ou=${OU},dc=example'")
    assert native(text, {"OU": "people"}).directories[0].settings.base_dn == "ou=people,dc=example"
    (problem,) = problems(native, text)
    assert "`directories.main.base_dn` needs the environment variable OU" in problem


def test_a_secret_written_out_is_taken_with_advice(native: Loader, tmp_path: Path) -> None:
    """In `ldap2scim.yml` it works, with notes on how to do better."""
    native(with_token("plain"))
    (tmp_path / "ldap2scim.yml").chmod(0o644)
    notes = native(with_token("plain")).notes
    assert any("`service.token` is written out here" in note for note in notes)
    assert any("may be read by everybody" in note for note in notes)


def test_a_secret_file_that_everybody_can_read_is_noted(original: Loader, tmp_path: Path) -> None:
    """`secret.yml` is where secrets belong, readable by one user."""
    assert original().notes == ()
    hidden = tmp_path / "secret.yml"
    hidden.chmod(0o644)
    (tmp_path / "config.yml").rename(tmp_path / "other.yml")
    from ldap2scim.settings import load

    (note,) = load(tmp_path / "other.yml", {}).notes
    assert str(hidden) in note


def test_nothing_shows_a_secret(native: Loader, original: Loader) -> None:
    """Neither the repr of the settings, nor the rows, nor the notes."""
    for settings in (
        native(with_token("hunter2")),
        native(with_token("${SCIM_TOKEN}"), {"SCIM_TOKEN": "hunter2"}),
        original(secret=SECRET.replace("t0ken", "hunter2").replace("open sesame", "hunter2")),
    ):
        shown = repr(settings) + repr(rows(settings)) + repr(settings.notes)
        assert "hunter2" not in shown
        assert "***" in repr(rows(settings))
