"""Files that commands are asked to write: nothing is overwritten, and what cannot be written is said at once."""

import pytest

from tests.cli.installation import Installation, Said
from tests.cli.users import as_an_ordinary_user

ASKING = (("plan", "--out"), ("plan", "--render"), ("bundle", "--out"), ("probe", "--out"))


def assert_begun_nothing(installed: Installation, said: Said, words: str) -> None:
    """One message, and neither a state nor a request."""
    assert (said.code, said.out) == (1, "")
    assert words in said.err
    assert "Traceback" not in said.err
    assert not installed.state.exists()
    assert installed.service.requests == ()


@pytest.mark.parametrize("command", ASKING)
def test_no_file_is_overwritten(installed: Installation, command: tuple[str, str]) -> None:
    """A file that exists stays as it is, whatever it is: the settings, a plan, a page."""
    file = installed.folder / "mine.md"
    file.write_text("kept", encoding="utf-8")
    assert_begun_nothing(installed, installed.run(*command, str(file)), f"{file} exists already")
    assert file.read_text(encoding="utf-8") == "kept"


@pytest.mark.parametrize("command", ASKING)
def test_a_missing_folder_is_said_before_the_run(installed: Installation, command: tuple[str, str]) -> None:
    """Nobody waits for a run whose result has no place."""
    file = installed.folder / "nowhere" / "a.md"
    assert_begun_nothing(installed, installed.run(*command, str(file)), f"there is no folder {file.parent}")


def test_a_folder_of_somebody_else_is_said_before_the_run(installed: Installation) -> None:
    """Every file that cannot be written is named, each with its folder."""
    for folder in (*installed.folder.parents[:2], installed.folder):
        folder.chmod(0o755)
    installed.file.chmod(0o644)
    out, page = installed.folder / "a.json", installed.folder / "a.html"
    installed.run("plan", "--out", str(installed.folder / "no" / "a.json"))  # what it imports, only root may read
    with as_an_ordinary_user():
        said = installed.run("plan", "--out", str(out), "--render", str(page))
    for file in (out, page):
        assert_begun_nothing(
            installed, said, f"{file} cannot be written into the folder {file.parent}: Permission denied"
        )


def test_a_file_that_is_named_twice(installed: Installation) -> None:
    """The page would take the place of the plan."""
    file = str(installed.folder / "a.md")
    assert_begun_nothing(installed, installed.run("plan", "--out", file, "--render", file), "is named twice")


def test_settings_of_what_if_that_do_not_exist(installed: Installation) -> None:
    """The option that names them is said, and not another one."""
    said = installed.run("plan", "--what-if", str(installed.folder / "no.yml"))
    assert_begun_nothing(installed, said, "no.yml: there is no such file.")
    assert "--what-if" in said.err
    assert "--config" not in said.err
