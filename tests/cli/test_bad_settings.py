"""Whatever is wrong with the settings: one message with its place and what to do, exit code 1, no state."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.installation import ABSENT, Installation, Said
from tests.cli.users import as_an_ordinary_user

COMMANDS = (
    ("check",),
    ("settings",),
    ("plan",),
    ("sync", "--apply"),
    ("recover", "--apply"),
    ("drift",),
    ("approve", "0123456789abcdef"),
)


def assert_refused(said: Said, *words: str) -> None:
    """One message on standard error with these words; nothing on standard output, no traceback."""
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("ldap2scim: ")
    assert "Traceback" not in said.err
    for word in words:
        assert word in said.err


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: str(command[0]))
def test_unknown_key_stops_every_word_of_the_command(installed: Installation, command: tuple[str, ...]) -> None:
    """A misspelt key is named with its line and the nearest known one, whatever was asked; nothing is made."""
    installed.write({"directories.main.adresses": ["ldap.example.com"]})
    said = installed.run(*command)
    assert_refused(said, f"{installed.file}:14:5", "`directories.main.adresses`", "did you mean `addresses`?")
    assert installed.contents() == {}


WRONG: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "wrong type": (
        {"directories.main.port": "many"},
        (
            ":6:11",
            "`directories.main.port`",
        ),
    ),
    "missing": ({"directories.main.base_dn": ABSENT}, ("`directories.main.base_dn`",)),
    "not a list": ({"directories.main.addresses": {"a": 1}}, ("`directories.main.addresses`",)),
    "LDAP filter": ({"directories.main.users.filter": "(&(mail=*)"}, ("`directories.main.users.filter`",)),
    "SCIM filter": ({"service.filter.group": "displayName eq"}, ("`service.filter.group`",)),
    "base DN": (
        {"directories.main.base_dn": "example.com"},
        (
            ":10:14",
            "`directories.main.base_dn`",
        ),
    ),
    "half a bind": ({"directories.main.bind_dn": ABSENT}, ("`directories.main.bind_dn`",)),
    "base URL": ({"service.base_url": "scim.example.com"}, ("`service.base_url`",)),
    "profile": ({"service.profile": "oktopus"}, ("`service.profile`",)),
    "environment": (
        {"service.token": "${NO_SUCH_TOKEN}"},
        (
            "`service.token`",
            "NO_SUCH_TOKEN",
        ),
    ),
    "secret file": (
        {"service.token": {"file": "no-such-file"}},
        (
            "`service.token`",
            "no-such-file",
        ),
    ),
    "attribute": ({"mapping.user.shoeSize": "uid"}, ("`mapping.user.shoeSize`",)),
    "limit": ({"safety.users.percent": 120}, ("`safety.users.percent`",)),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_value_is_named_with_its_place(installed: Installation, name: str) -> None:
    """A value that cannot be used is named with file, line and path."""
    changes, words = WRONG[name]
    installed.write(changes)
    assert_refused(installed.run("plan"), f"{installed.file}:", *words, "Correct the settings")
    assert installed.contents() == {}


def test_all_problems_come_at_once(installed: Installation) -> None:
    """Two mistakes are two lines of one message."""
    installed.write({"directories.main.port": "many", "service.base_url": "nowhere"})
    said = installed.run("plan")
    assert_refused(said, "`directories.main.port`", "`service.base_url`")


BROKEN = {
    "tab": (b"directories:\n\tmain: 1\n", "ldap2scim.yml:2:1"),
    "twice": (b"state: a\nstate: b\n", "ldap2scim.yml:2:1"),
    "not UTF-8": (b"state: \xff\xfe\n", "ldap2scim.yml"),
    "empty": (b"", "ldap2scim.yml"),
    "a list": (b"- a\n", "ldap2scim.yml"),
    "binary": (bytes(range(256)) * 10, "ldap2scim.yml"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_file_that_is_no_settings_file(installed: Installation, name: str) -> None:
    """A file that cannot be read as settings is refused with the line where it breaks."""
    content, place = BROKEN[name]
    installed.file.write_bytes(content)
    assert_refused(installed.run("plan"), place)
    assert installed.contents() == {}


def _a_folder(folder: Path) -> Path:
    return folder


def _below_a_file(folder: Path) -> Path:
    (folder / "file").write_text("x", encoding="utf-8")
    return folder / "file" / "ldap2scim.yml"


def _a_device(_: Path) -> Path:
    return Path("/dev/zero")


def _named_with_nul(folder: Path) -> Path:
    return folder / "a\0b.yml"


@pytest.mark.parametrize("place", [_a_folder, _below_a_file, _a_device, _named_with_nul])
def test_config_that_is_no_file(installed: Installation, place: Callable[[Path], Path]) -> None:
    """A path that leads to something other than a readable file is named."""
    path = place(installed.folder)
    said = installed.run_as_written("plan", "--config", str(path))
    assert_refused(said, str(path).partition("\0")[0])


def test_missing_file_of_the_default_name_points_to_the_samples(
    installed: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without `--config` and without the file, the message says which one is expected and where to take one from."""
    installed.file.unlink()
    monkeypatch.chdir(installed.folder)
    assert_refused(installed.run_as_written("plan"), "ldap2scim.yml", "--config", "docs/samples")


def test_file_that_may_not_be_read(installed: Installation) -> None:
    """A settings file without the right to read it is named with the reason."""
    installed.file.chmod(0)
    with as_an_ordinary_user():
        said = installed.run("plan")
    assert_refused(said, str(installed.file), "may not be read by this user")


def test_original_form_without_its_secrets(installed: Installation) -> None:
    """`config.yml` without its `secret.yml` says which secrets are missing, and in which file they belong."""
    config = installed.folder / "config.yml"
    sample = Path(__file__).parents[2] / "docs" / "samples" / "directory-sync" / "config.yml"
    config.write_bytes(sample.read_bytes())
    said = installed.run_as_written("plan", "--config", str(config))
    assert_refused(said, "`ad.ldap.server.password`", "`iid.scim.token`", str(config.with_name("secret.yml")))


def test_json_says_the_same_for_machines(installed: Installation) -> None:
    """With `--json` the message and the remedy are a JSON document on standard output, and the exit code is 1."""
    installed.write({"directories.main.port": "many"})
    said = installed.run("plan", "--json")
    assert (said.code, said.err) == (1, "")
    assert "`directories.main.port`" in said.document["error"]["message"]
    assert said.document["error"]["remedy"]


def test_json_takes_every_problem_apart(installed: Installation) -> None:
    """Beside the message for people there is one entry for each problem: file, line, key, message, remedy."""
    installed.write({"directories.main.port": "many", "directories.main.kindd": "x"})
    error = installed.run("plan", "--json").document["error"]
    assert [one["key"] for one in error["problems"]] == ["directories.main.port", "directories.main.kindd"]
    for one in error["problems"]:
        assert f"{one['file']}:{one['line']}:{one['column']}: {one['message']}" in error["message"]
        assert one["file"] == str(installed.file)
        assert one["remedy"]


def test_json_has_a_problem_of_a_whole_file_without_a_place(installed: Installation) -> None:
    """What is of no line and of no key says so, and its message names the file."""
    installed.file.write_text("", encoding="utf-8")
    (one,) = installed.run_as_written("plan", "--json", "--config", str(installed.file)).document["error"]["problems"]
    assert (one["file"], one["line"], one["key"]) == (None, None, None)
    assert str(installed.file) in one["message"]
