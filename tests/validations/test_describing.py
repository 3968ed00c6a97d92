"""A description in a process of its own says the same, and costs the run nothing but its answer."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.validations.test_suites import GROUPS, MAILS, USERS
from tests.validations.worlds import frame
from validations.describing import Told, describe_apart


def test_the_pages_and_the_verdict_arrive(tmp_path: Path) -> None:
    """The pages are where they were asked for, and the verdict is that of the suites."""
    folder = tmp_path / "docs"
    assert describe_apart(frame(USERS, MAILS), frame(GROUPS), folder) == Told(str(folder / "index.html"), success=True)
    assert (folder / "index.html").is_file()
    twice = frame([*USERS, USERS[0]], MAILS)
    assert describe_apart(twice, frame(GROUPS), folder) == Told(str(folder / "index.html"), success=False)


def test_what_goes_wrong_is_named(tmp_path: Path) -> None:
    """A folder that is none is said by the class of the error alone."""
    (tmp_path / "docs").write_text("in the way")
    assert describe_apart(frame(USERS), frame(GROUPS), tmp_path / "docs") == Told(error="Ldap2ScimError")


def test_a_process_that_ends_before_its_time_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing depends on it: out of memory is an answer as well."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert describe_apart(frame(USERS), frame(GROUPS), tmp_path / "docs") == Told(error="CalledProcessError")


def test_the_run_imports_no_great_expectations(tmp_path: Path) -> None:
    """Its hundred megabytes stay out of the process that reads, decides and loads."""
    program = f"""
import sys
from pathlib import Path
import flows.recover, flows.sync
from tests.validations.worlds import frame
from validations.describing import describe_apart
people = frame([("ad:1", "yamada@corp.example", "e1")])
assert describe_apart(people, people, Path({str(tmp_path / "docs")!r})).index
assert "great_expectations" not in sys.modules
"""
    subprocess.run((sys.executable, "-c", program), check=True, cwd=Path(__file__).parents[2])
