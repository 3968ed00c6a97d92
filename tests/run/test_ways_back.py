"""`undo` and `restore`: what is refused, how a dry one is remembered, and what is said where nothing is left to do."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ldap2scim.errors import PlanRefused, StateError
from ldap2scim.model import ResourceType
from ldap2scim.planning.accounts import Result
from ldap2scim.planning.render_operations import moved_members
from ldap2scim.run.context import Mode, open_run
from ldap2scim.run.documents import document_of
from ldap2scim.run.past_diff import difference
from ldap2scim.run.past_lines import latest_runs
from ldap2scim.run.restore import restore
from ldap2scim.run.undo import undo
from ldap2scim.settings import Settings, load
from ldap2scim.state.journal import Intent, Settlement, begin, settle
from ldap2scim.state.runs import Ended, finish_run
from ldap2scim.state.snapshot_rows import Confirmed
from ldap2scim.state.store import open_store
from tests.run.conftest import SETTINGS
from tests.state.worlds import key, known


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a state of their own."""
    (tmp_path / "ldap2scim.yml").write_text(SETTINGS, encoding="utf-8")
    return load(tmp_path / "ldap2scim.yml", os.environ)


def created(settings: Settings) -> str:
    """Return the id of a run that created somebody."""
    with open_run(settings, Mode.APPLY) as run:
        [number] = begin(run.lease, run.run_id, "plan", [Intent(key("a"), "create", ResourceType.USER)])
        settle(run.lease, [Settlement(number, Result.APPLIED, (Confirmed(known("a")),))])
        finish_run(run.lease, run.run_id, Ended("0", {}))
        return run.run_id


def newest(settings: Settings) -> dict[str, object]:
    """Return how the last run is remembered."""
    with open_store(settings.state, create=False) as store:
        return latest_runs(store, 1)[0]


@pytest.mark.parametrize("mode", Mode)
def test_a_run_that_was_refused_is_not_undone(settings: Settings, mode: Mode) -> None:
    """It changed nothing, and that is said as of a dry run."""
    with pytest.raises(PlanRefused), open_run(settings, Mode.APPLY) as run:
        raise PlanRefused("used before", "look")
    with pytest.raises(StateError, match=f"Run {run.run_id} changed nothing"):
        undo(settings, run.run_id, mode)


def test_a_moment_that_has_not_come_is_refused(settings: Settings) -> None:
    """Nobody knows how the service will be."""
    created(settings)
    with pytest.raises(StateError, match="is in the future"):
        restore(settings, datetime.now(UTC) + timedelta(minutes=5), Mode.PLAN)


def test_a_dry_way_back_is_remembered_as_that(settings: Settings) -> None:
    """Not as a plan like any other."""
    run_id = created(settings)
    undo(settings, run_id, Mode.PLAN)
    assert (newest(settings)["would_undo"], newest(settings)["undid"]) == (run_id, None)
    now = datetime.now(UTC)
    restore(settings, now, Mode.PLAN)
    assert newest(settings)["would_go_back_to"] == now.isoformat()


def test_the_service_as_it_was_is_not_called_in_step(settings: Settings) -> None:
    """No directory was read: what is summed up is what shall be managed."""
    created(settings)
    said = document_of(
        restore(settings, datetime(2100, 1, 1, tzinfo=UTC), Mode.PLAN, now=datetime(2100, 1, 2, tzinfo=UTC))
    )
    assert "Nothing to do: the service is as it was at 2100-01-01 00:00:00 UTC." in said.lines
    assert "Resources that shall be managed: 1 = 1 unchanged." in said.lines
    assert not [line for line in said.lines if "in step" in line or "Directory" in line]


def test_differences_are_sorted(settings: Settings) -> None:
    """By how they differ, people before groups, then by name, whatever their keys are."""
    first = created(settings)
    people = (replace(known("c"), login="Zoe"), replace(known("d"), login="amy"))
    rows = [known("b", resource_type=ResourceType.GROUP), *people]
    with open_run(settings, Mode.APPLY) as run:
        [number] = begin(run.lease, run.run_id, "plan", [Intent(key("c"), "create", ResourceType.USER)])
        settle(run.lease, [Settlement(number, Result.APPLIED, tuple(map(Confirmed, rows)))])
        finish_run(run.lease, run.run_id, Ended("0", {}))
    with open_store(settings.state, create=False) as store:
        assert [one.key for one in difference(store, first, run.run_id)] == [key("d"), key("c"), key("b")]


def test_one_member_is_one() -> None:
    """And nobody who enters or leaves is not counted."""
    assert [moved_members(1, 0), moved_members(0, 1), moved_members(1, 1)] == [
        "+1 member",
        "−1 member",
        "+1 −1 members",
    ]
