"""What must never be printed, and what must be made harmless before it is."""

from base64 import b64encode
from collections.abc import Iterator

import pytest

from ldap2scim.sandbox.directory import EmbeddedDirectory, embedded_directory
from ldap2scim.sandbox.service import EmbeddedService, Fault, FaultKind
from tests.cli.installation import BASE_DN, Installation, person, world

SECRET = "pass-SECRET-word"
HOSTILE = "cn=red\x1b[31m\r\x9b1A\u202eroot"
"""The start of a DN that drives a terminal: CSI sequences of two bytes and of one, a return, writing backwards."""


def _everything(installed: Installation) -> Iterator[str]:
    """Print all that the command can say of an installation."""
    for options in ((), ("--json",), ("--verbose",), ("--json", "--verbose")):
        for command in ("check", "settings", "plan", "drift"):
            yield installed.run(command, *options).all
        yield installed.run("sync", "--apply", *options).all
        yield installed.run("recover", "--apply", *options).all


def test_neither_password_nor_token_is_ever_printed(installed: Installation, caplog: pytest.LogCaptureFixture) -> None:
    """No word of the command prints the bind password or the token, with any option."""
    for said in _everything(installed):
        assert installed.service.token not in said
        assert installed.directory.reader_password not in said
    assert installed.service.token not in caplog.text
    assert installed.directory.reader_password not in caplog.text
    assert not any(
        secret.encode() in content
        for content in installed.contents().values()
        for secret in (installed.service.token, installed.directory.reader_password)
    )


def test_refused_secrets_are_not_printed(installed: Installation) -> None:
    """A wrong password or token is not repeated by the message that refuses it."""
    installed.write({"directories.main.bind_password": SECRET, "service.token": SECRET, "service.retry_budget": 0})
    for said in _everything(installed):
        assert SECRET not in said
    installed.write({"service.token": SECRET, "service.retry_budget": 0})
    for said in _everything(installed):
        assert SECRET not in said


@pytest.mark.parametrize(
    "changes",
    [
        {"service.token": f"two words {SECRET}"},
        {"service.base_url": f"https://user:{SECRET}@scim.example.com/v2"},
        {"service.proxy": {"url": f"http://user:{SECRET}@proxy.example.com:3128"}},
        {"service.proxy": {"url": "http://proxy.example.com:3128", "password": [SECRET]}},
        {"directories.main.bind_password": {"fiel": SECRET}},
        {"directories.main.bind_password": [SECRET]},
    ],
)
def test_secrets_in_a_wrong_place_are_not_printed(installed: Installation, changes: dict[str, object]) -> None:
    """A secret that stands where it cannot be used is refused without being shown."""
    installed.write({**changes, "service.retry_budget": 0})
    for arguments in (("settings",), ("check",), ("plan",), ("plan", "--json"), ("settings", "--json")):
        said = installed.run(*arguments)
        assert SECRET not in said.all
        assert "Traceback" not in said.err


def test_a_service_that_repeats_the_token_does_not_make_us_print_it(installed: Installation) -> None:
    """Bodies of answers are not printed: a page that shows our request shows it to nobody."""
    installed.service.faults.add(Fault(FaultKind.HTML, status=500, path_prefix="/Users"))
    installed.write({"service.retry_budget": 0})
    for said in _everything(installed):
        assert installed.service.token not in said
        assert "<html" not in said.lower()


@pytest.fixture(scope="module")
def directory() -> Iterator[EmbeddedDirectory]:
    """The usual people, and one entry named to attack the terminal that shows it."""
    hostile = person("mallory", 666, _encoded(HOSTILE)).replace("cn: mallory\n", "")
    nameless = person("trudy", 667, _encoded("cn=\x1b]0\\;owned\x07")).replace("uid: trudy\n", "")
    with embedded_directory(world(f"{hostile}\n{nameless.replace('cn: trudy', 'description: x')}")) as running:
        yield running


def _encoded(name: str) -> str:
    return f": {b64encode(f'{name},ou=people,{BASE_DN}'.encode()).decode()}"


def test_a_name_cannot_drive_the_terminal(installed: Installation, service: EmbeddedService) -> None:
    """Control characters of a DN are spelt out in text, whichever part of the output names it."""
    assert r"cn=red\x1b[31m\r\x9b1A\u202eroot,ou=people" in installed.run("plan").out
    service.faults.add(Fault(FaultKind.STATUS, status=400, method="POST", path_prefix="/Users", times=3))
    for command in (("plan",), ("sync", "--apply"), ("check",), ("drift",), ("sync", "--apply", "--verbose")):
        said = installed.run(*command)
        assert "Traceback" not in said.err
        printed = said.all.replace("\n", "")
        assert printed.isprintable(), [character for character in printed if not character.isprintable()]


def test_settings_and_errors_cannot_either(installed: Installation) -> None:
    """What the settings file says is shown with control characters spelt out, and so is an error that quotes it."""
    installed.write({"directories.main.users.filter": "(cn=a\x1b[31mb)", "state": str(installed.folder / "a\x1bb")})
    shown = installed.run("settings")
    assert r"a\x1bb" in shown.out
    (installed.folder / "a\x1bb").mkdir()
    refused = installed.run("plan")
    assert (refused.code, r"a\x1bb" in refused.err) == (1, True)
    checked = installed.run("check")
    assert r"a\x1bb" in checked.out
    assert (shown.all + refused.all + checked.all).replace("\n", "").isprintable()


def test_a_name_in_the_log_cannot_either(installed: Installation) -> None:
    """With `--verbose` the log goes to standard error, with control characters spelt out."""
    installed.write({"directories.main.base_dn": f"ou=a\x1b[31mb,{BASE_DN}"})
    said = installed.process("plan", "--verbose")
    assert "WARNING Directory main was not read" in said.err
    assert said.err.replace("\n", "").isprintable()


def test_secrets_are_not_logged(installed: Installation) -> None:
    """With `--verbose` each search is logged, and neither password nor token."""
    done = installed.process("sync", "--apply", "--verbose")
    assert "8 applied" in done.out
    assert "ldapsearch" in done.err
    assert installed.service.token not in done.all
    assert installed.directory.reader_password not in done.all


def test_a_name_is_whole_in_json(installed: Installation) -> None:
    """In JSON the name is the name, escaped as JSON wants it."""
    names = [row["name"] for row in installed.run("plan", "--json").document["operations"]]
    assert f"{HOSTILE},ou=people,{BASE_DN}" in names
