"""The list of the last runs: how each ended, and what it was."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ldap2scim.errors import AccessRefused, Ldap2ScimError, PlanRefused, StateError
from ldap2scim.planning.render_text import to_text
from ldap2scim.run.context import Mode, Run, open_run
from ldap2scim.run.past_lines import latest_runs, runs_document
from ldap2scim.settings import Settings, load
from ldap2scim.state import mended
from ldap2scim.state.runs import Ended, finish_run
from ldap2scim.state.store import open_store
from tests.run.conftest import SETTINGS


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a state of their own."""
    (tmp_path / "ldap2scim.yml").write_text(SETTINGS, encoding="utf-8")
    return load(tmp_path / "ldap2scim.yml", os.environ)


def listed(settings: Settings) -> tuple[list[dict[str, object]], str]:
    """Return the last runs, for machines and for people."""
    with open_store(settings.state, create=False) as store:
        runs = latest_runs(store, 10)
    return runs, " ".join(to_text(runs_document(runs)).split())


def ran(run: Run, code: str = "0") -> None:
    """Close a run as its report does."""
    finish_run(run.lease, run.run_id, Ended(code, {}))


@pytest.mark.parametrize(
    ("error", "code", "name"),
    [
        (PlanRefused("used before", "look"), 3, "PlanRefused"),
        (StateError("of h.ikeda", "look"), 1, "StateError"),
        (AccessRefused("no", "look", 401), 1, "AccessRefused 401"),
    ],
)
def test_a_run_that_an_error_ends_is_closed(settings: Settings, error: Ldap2ScimError, code: int, name: str) -> None:
    """With the exit code of the command and the class of the error; the words may name somebody and are not kept."""
    with pytest.raises(type(error)), open_run(settings, Mode.APPLY):
        raise error
    [run], said = listed(settings)
    assert run["finished_at"] is not None
    assert (run["exit_code"], run["ended_by"]) == (code, name)
    assert f"apply exit {code} ({name}) none" in said


def test_an_error_after_the_report_leaves_the_record(settings: Settings) -> None:
    """What the run came to is worth more than that tidying up failed."""
    with pytest.raises(StateError):  # noqa: PT012, SIM117 (what a run does before its error matters)
        with open_run(settings, Mode.APPLY) as run:
            ran(run)
            raise StateError("full", "make room")
    [one], _ = listed(settings)
    assert (one["exit_code"], one["ended_by"]) == (0, None)


def test_a_run_that_was_killed_did_not_end(settings: Settings) -> None:
    """It stays open; one that is the newest may be under way."""
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt), open_run(settings, Mode.APPLY):
            raise KeyboardInterrupt
    runs, said = listed(settings)
    assert [run["finished_at"] for run in runs] == [None, None]
    assert said.count("did not end") == 2
    assert said.count("under way, or did not end") == 1


def test_a_dry_undo_is_told_from_a_plan(settings: Settings) -> None:
    """It took nothing back, and so it is not said."""
    moment = datetime(2026, 11, 20, 12, tzinfo=UTC)
    for mode in Mode:
        with open_run(settings, mode) as run:
            mended.record(run.lease, run.run_id, of_run="0123456789abcdef")
            ran(run)
    with open_run(settings, Mode.PLAN) as run:
        mended.record(run.lease, run.run_id, as_of=moment)
        ran(run, "2")
    (restored, undone, dry), said = listed(settings)
    assert (dry["undid"], dry["would_undo"]) == (None, "0123456789abcdef")
    assert (undone["undid"], undone["would_undo"]) == ("0123456789abcdef", None)
    assert (restored["went_back_to"], restored["would_go_back_to"]) == (None, moment.isoformat())
    assert "undo of 01234567, dry exit 0" in said
    assert "undo of 01234567 exit 0" in said
    assert "restore as of 2026-11-20T12:00:00, dry exit 2" in said
