"""Where the state is: a file, or a PostgreSQL database whose password is shown nowhere."""

from pathlib import Path

import pytest

from ldap2scim.secret import Secret
from ldap2scim.settings import rows
from ldap2scim.state.location import StateDatabase, StateFile
from tests.settings.texts import CONFIG, ENVIRON, NATIVE, Failing, Loader

URL = "postgresql://sync@db.example.com:5433/state?sslmode=verify-full"
SHOWN = "postgresql://sync@db.example.com:5433/state"


@pytest.mark.parametrize("block", [f"state: {URL}", f"state: {{url: '{URL}'}}"])
def test_a_database_is_named_by_its_url(native: Loader, block: str) -> None:
    """As a text, or in a block; without a password libpq looks for it."""
    settings = native(f"{NATIVE}\n{block}\n")

    assert settings.state == StateDatabase(URL)
    assert SHOWN in [row.shown for row in rows(settings) if row.path in {"state", "state.url"}]


def test_the_password_stands_apart(native: Loader, tmp_path: Path) -> None:
    """From a file, as every secret; it is shown as stars."""
    file = tmp_path / "secret"
    file.touch(0o600)
    file.write_text("hunter2\n")
    settings = native(f"{NATIVE}\nstate: {{url: '{URL}', password: {{file: {file}}}}}\n")

    assert settings.state == StateDatabase(URL, Secret("hunter2"))
    assert [row.shown for row in rows(settings) if row.path == "state.password"] == ["***"]
    assert "hunter2" not in repr(settings)


def test_a_password_in_the_url_is_taken_out_and_noted(native: Loader) -> None:
    """It works, and whoever wrote it is told where it belongs."""
    settings = native(f"{NATIVE}\nstate: {URL.replace('sync@', 'sync:hunter%402@')}\n")

    assert settings.state == StateDatabase(URL, Secret("hunter@2"))
    assert any("holds a password that is written out" in note for note in settings.notes)
    assert "hunter" not in repr(settings) + str([row.shown for row in rows(settings)]) + str(settings.notes)


def test_the_url_may_come_from_the_environment(native: Loader) -> None:
    """A URL with its password in a variable, as platforms hand it out, is no text that is written out."""
    settings = native(
        f"{NATIVE}\nstate: ${{DATABASE_URL}}\n", {**ENVIRON, "DATABASE_URL": URL.replace("sync@", "sync:hunter2@")}
    )

    assert settings.state == StateDatabase(URL, Secret("hunter2"))
    assert not any("written out" in note and "state" in note for note in settings.notes)


def test_the_original_form_has_it_below_ldap2scim(original: Loader) -> None:
    """An installation that was moved over may keep its state in a database as well."""
    settings = original(f"{CONFIG}\nldap2scim:\n  state: {URL}\n")

    assert settings.state == StateDatabase(URL)


def test_files_beside_the_state_have_a_folder(native: Loader, tmp_path: Path) -> None:
    """Where the state is in a database they lie where the file would."""
    assert native(NATIVE).folder == tmp_path / "state"
    assert native(f"{NATIVE}\nstate: /var/lib/l/x.db\n").folder == Path("/var/lib/l")
    assert native(f"{NATIVE}\nstate: {URL}\n").folder == tmp_path / "state"
    assert native(f"{NATIVE}\nstate: 'sub/my.db'\n").state == StateFile(tmp_path / "sub/my.db")


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("state: mysql://db/state", "is a URL of another kind"),
        ("state: postgresql://db", "names no database"),
        ("state: 'postgresql://u:hunter2@db:port/state'", "is not a URL"),
        ("state: 'postgresql://db/state?password=hunter2'", "has the password among its options"),
        ("state: {url: /var/lib/x.db}", "must be a URL such as postgresql://"),
        ("state: {url: 'postgresql://db/state', path: x.db}", "keep one of them"),
        ("state: {path: x.db, password: hunter2}", "has no meaning without `url`"),
        ("state: {url: 'postgresql://db/state', pasword: x}", "did you mean `password`?"),
    ],
)
def test_what_cannot_be_used_is_said(native: Loader, problems: Failing, block: str, message: str) -> None:
    """One problem, which shows no part of a password."""
    (problem,) = problems(native, f"{NATIVE}\n{block}\n")

    assert message in problem
    assert "hunter2" not in problem
