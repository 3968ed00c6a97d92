"""Whatever is wrong with the state file: one message, exit code 1, and the file as it was."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.installation import Installation, Said
from tests.cli.users import as_an_ordinary_user

COMMANDS = (("plan",), ("sync", "--apply"), ("recover", "--apply"), ("drift",), ("approve", "0123456789abcdef"))


def assert_refused(said: Said, *words: str) -> None:
    """One message after the notes, with these words; nothing on standard output, no traceback."""
    assert (said.code, said.out) == (1, "")
    assert "\nldap2scim: " in said.err
    assert "Traceback" not in said.err
    for word in words:
        assert word in said.err


def _version(number: str) -> Callable[[Path], None]:
    def make(state: Path) -> None:
        with sqlite3.connect(state) as database:
            database.execute("UPDATE meta SET value = ? WHERE name = 'schema_version'", (number,))
        database.close()

    return make


def _text(state: Path) -> None:
    state.write_text("this is my shopping list, and it is longer than a header of SQLite\n" * 10, encoding="utf-8")


def _other_database(state: Path) -> None:
    state.unlink()
    with sqlite3.connect(state) as database:
        database.execute("CREATE TABLE accounts (id INTEGER)")
    database.close()


def _folder(state: Path) -> None:
    state.unlink()
    state.mkdir()


def _damaged(state: Path) -> None:
    content = bytearray(state.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    state.write_bytes(content)


SPOILT = {
    "newer version": (_version("9999"), "schema version 9999", "install that version again"),
    "older version": (_version("0"), "schema version 0", "recover"),
    "text": (_text, "is not a state file of ldap2scim", "Name another file"),
    "other database": (_other_database, "is a database, but not a state file", "Name another file"),
    "folder": (_folder, "is a folder", "Name a file"),
    "damaged": (_damaged, "is damaged", "recover"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_spoilt_state_is_refused_and_left_alone(installed: Installation, name: str) -> None:
    """A state file that cannot be used is named with what to do, keeps its bytes, and nothing is written."""
    spoil, *words = SPOILT[name]
    assert installed.run("plan").code == 2
    spoil(installed.state)
    before = installed.contents()
    for command in COMMANDS:
        assert_refused(installed.run(*command), str(installed.state), *words)
        assert installed.contents() == before
    assert installed.service.writes() == ()


@pytest.mark.parametrize("name", SPOILT)
def test_check_names_it_and_goes_on(installed: Installation, name: str) -> None:
    """`check` lists a spoilt state as one line, goes on with the directory, and returns 1."""
    spoil, *words = SPOILT[name]
    assert installed.run("plan").code == 2
    spoil(installed.state)
    before = installed.contents()
    said = installed.run("check")
    assert said.code == 1
    (line,) = [line for line in said.out.splitlines() if line.startswith("FAILED  state: ")]
    assert str(installed.state) in line
    assert words[0] in line
    assert "ok      directory main:" in said.out
    assert installed.contents() == before


def _below_a_file(installed: Installation) -> None:
    (installed.folder / "file").write_text("x", encoding="utf-8")
    installed.write({"state": str(installed.folder / "file" / "state.db")})


def _in_a_file(installed: Installation) -> None:
    (installed.folder / "file").write_text("x", encoding="utf-8")
    installed.write({"state": str(installed.folder / "file" / "deeper" / "state.db")})


@pytest.mark.parametrize("place", [_below_a_file, _in_a_file])
def test_state_below_a_file(installed: Installation, place: Callable[[Installation], None]) -> None:
    """A state path that leads through a file is named with what to do."""
    place(installed)
    before = installed.contents()
    for command in COMMANDS[:4]:
        assert_refused(installed.run(*command), f"{installed.folder / 'file'}", "name another file as `state`")
    assert installed.contents() == before


def test_state_folder_that_may_not_be_written(installed: Installation) -> None:
    """Without the right to write, the message names the file and whose rights to check."""
    for folder in installed.folder.parents[:2]:
        folder.chmod(0o755)
    installed.folder.chmod(0o555)
    installed.file.chmod(0o644)
    for command in COMMANDS[:4]:
        with as_an_ordinary_user():
            said = installed.run(*command)
        assert_refused(said, str(installed.state.parent), "Permission denied", "the user who runs ldap2scim")
    assert installed.contents() == {}


def test_state_file_that_may_not_be_written(installed: Installation) -> None:
    """A state file of somebody else is named with whose rights to check, and keeps its bytes."""
    assert installed.run("plan").code == 2
    for folder in installed.folder.parents[:2]:
        folder.chmod(0o755)
    installed.folder.chmod(0o755)
    installed.file.chmod(0o644)
    installed.state.parent.chmod(0o555)
    installed.state.chmod(0o444)
    before = installed.contents()
    for command in COMMANDS:
        with as_an_ordinary_user():
            said = installed.run(*command)
        assert_refused(said, str(installed.state), "the user who runs ldap2scim")
        assert installed.contents() == before


LOOKING = (
    ("plan", "--what-if", "ldap2scim.yml"),
    ("history",),
    ("explain", "aiko"),
    ("forget", "aiko"),
    ("undo", "01234567"),
    ("keep",),
)


def test_state_folder_that_may_not_be_entered(installed: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """A state in a folder of somebody else is named with whose rights to check; `check` has it as a failed line."""
    assert installed.run("plan").code == 2
    for folder in installed.folder.parents[:2]:
        folder.chmod(0o755)
    installed.folder.chmod(0o755)
    installed.file.chmod(0o644)
    installed.state.parent.chmod(0o700)
    monkeypatch.chdir(installed.folder)
    bundles = installed.folder / "bundles"  # `bundle` looks first whether its own file has a place
    bundles.mkdir()
    bundles.chmod(0o777)
    before = installed.contents()
    for command in (*COMMANDS, *LOOKING, ("bundle", "--out", str(bundles / "a.tar.gz"))):
        with as_an_ordinary_user():
            said = installed.run(*command)
        assert_refused(said, f"The state file {installed.state} cannot be opened", "the user who runs ldap2scim")
    with as_an_ordinary_user():
        said = installed.run("check")
    assert said.code == 1
    assert f"FAILED  state: The state file {installed.state} cannot be opened: Permission denied." in said.out
    assert installed.contents() == before


def test_folder_above_the_state_that_may_not_be_entered(installed: Installation) -> None:
    """Where not even the state's folder can be seen it is no other message, whatever was asked."""
    deep = installed.folder / "above" / "state" / "state.db"
    installed.write({"state": str(deep)})
    assert installed.run("plan").code == 2
    for folder in installed.folder.parents[:2]:
        folder.chmod(0o755)
    installed.folder.chmod(0o755)
    installed.file.chmod(0o644)
    deep.parent.parent.chmod(0o700)
    for command in (*COMMANDS, *LOOKING[1:]):
        with as_an_ordinary_user():
            said = installed.run(*command)
        assert_refused(said, str(deep.parent), "Permission denied", "the user who runs ldap2scim")


def test_what_nobody_is_known_by_is_an_error(installed: Installation) -> None:
    """`history`, `explain` and `forget` say on standard error that they know nobody, and end with exit code 1."""
    assert installed.run("plan").code == 2
    for command in ("history", "explain", "forget"):
        assert_refused(installed.run(command, "nobody.at.all"), "nobody.at.all")
        said = installed.run(command, "nobody.at.all", "--json")
        assert said.code == 1
        assert "ldap2scim: " not in said.err
        assert said.document


def test_forgetting_names_the_copies_whatever_the_state_is_called(installed: Installation) -> None:
    """Signs of patterns in the name of the state are just a name."""
    place = installed.folder / "state[1].db"
    installed.write({"state": str(place)})
    assert installed.run("sync", "--apply").code == 0
    copy = place.with_name(f"{place.name}.v3.bak")
    copy.touch()
    installed.write({
        "state": str(place), "directories.main.users.filter": "(!(uid=emi))", "safety": {"short_read_percent": 50}
    })  # fmt: skip
    assert installed.run("sync", "--apply").code == 0
    assert installed.run("forget", "emi", "--json").document["copies"] == [str(copy)]


def test_approving_before_there_is_a_state(installed: Installation) -> None:
    """`approve` makes no state; it says which command does."""
    assert_refused(installed.run("approve", "0123456789abcdef"), str(installed.state), "ldap2scim plan")
    assert installed.contents() == {}


@pytest.mark.parametrize("plan_id", ["0123456789abcdef", "0123", "", "%", "'; DROP TABLE plans; --", "g" * 300])
def test_approving_what_is_no_plan(installed: Installation, plan_id: str) -> None:
    """An id that no plan has is refused, and says where ids are found."""
    assert installed.run("plan").code == 2
    said = installed.run_as_written("approve", "--config", str(installed.file), plan_id)
    assert_refused(said, f"There is no plan {plan_id} with held operations", "report of the last run")
