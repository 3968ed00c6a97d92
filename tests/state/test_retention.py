"""Retention: what is old is forgotten, piece by piece, and nothing that is still needed."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from ldap2scim.errors import StateError
from ldap2scim.findings import Finding, Severity
from ldap2scim.model import ResourceType
from ldap2scim.planning.accounts import Result
from ldap2scim.planning.approvals import Approval
from ldap2scim.planning.operations import Inputs
from ldap2scim.settings.common import SHORTEST_HISTORY
from ldap2scim.state import newcomers, runs
from ldap2scim.state.access import StateReader
from ldap2scim.state.approvals import GOOD_FOR, HeldPlan, approve, record_held
from ldap2scim.state.decisions import decisions_on
from ldap2scim.state.history import HistoryReader
from ldap2scim.state.journal import Intent, Settlement, begin, settle
from ldap2scim.state.lease import Lease
from ldap2scim.state.retention import prune
from ldap2scim.state.runs import Ended, finish_run, record_findings, start_run
from ldap2scim.state.schema import findings, history, journal, reads
from ldap2scim.state.snapshot_rows import Confirmed
from ldap2scim.state.store import Store
from tests.state.worlds import FakeClock, key, known, person, read

USER = ResourceType.USER
A_YEAR = timedelta(days=365)


def a_run(lease: Lease, clock: FakeClock, name: str, title: str) -> None:
    """Carry out a run on a day of its own, which notices something and gives one person a title."""
    clock.advance(timedelta(days=1))
    start_run(lease, name, "apply", "digest")
    [number] = begin(lease, name, "plan", [Intent(key("a"), "update", USER)])
    settle(lease, [Settlement(number, Result.APPLIED, (Confirmed(known("a", title)),))])
    record_findings(lease, name, [Finding("rule", Severity.NOTE, "message", "remedy")])
    newcomers.conclude(lease, [])
    finish_run(lease, name, Ended("0", {}))


def count(store: Store, table: str) -> int:
    """Count the rows of a table."""
    tables = {"history": history, "journal": journal, "findings": findings, "reads": reads}
    with store.read() as connection:
        return connection.scalar(select(func.count()).select_from(tables[table])) or 0


def names(store: Store) -> set[str]:
    """Return the runs that are remembered."""
    return {one.run_id for one in StateReader(store).runs.latest_runs()}


def test_what_is_old_goes_together(lease: Lease, store: Store, clock: FakeClock) -> None:
    """Runs, findings, operations and history before a moment; what remains can be walked back as before."""
    for number, title in enumerate(("one", "two", "three", "four")):
        a_run(lease, clock, f"run{number}", title)
    now = clock()

    assert prune(lease, now - timedelta(days=1)) == 4
    assert names(store) == {"run2", "run3"}
    assert [count(store, table) for table in ("history", "journal", "findings")] == [2, 2, 2]
    reader = HistoryReader(store)
    assert reader.since() == now - timedelta(days=2)
    row = reader.state_as_of(now - timedelta(days=2)).rows[key("a")]
    assert row is not None
    assert row.essence == known("a", "two").essence
    with pytest.raises(StateError, match="The history goes back to"):
        reader.state_as_of(now - timedelta(days=3))
    assert prune(lease, now - timedelta(days=1)) == 0


def test_one_run_forgets_a_bounded_piece(lease: Lease, store: Store, clock: FakeClock) -> None:
    """The rest is left to the next; a run goes when its operations have gone."""
    for number in range(5):
        a_run(lease, clock, f"run{number}", f"title {number}")
    clock.advance(A_YEAR)

    prune(lease, clock() - timedelta(days=100), most=2)
    assert [count(store, table) for table in ("history", "journal")] == [3, 3]
    assert names(store) == {"run2", "run3", "run4"}
    for _ in range(3):
        prune(lease, clock() - timedelta(days=100), most=2)
    assert [count(store, table) for table in ("history", "journal")] == [0, 0]
    assert names(store) == {"run4"}  # the last is the measure for the next


def test_what_is_needed_stays(lease: Lease, store: Store, clock: FakeClock) -> None:
    """Operations in doubt, people of whom no report has told, approvals that are still good, and the last reads."""
    a_run(lease, clock, "old", "one")
    start_run(lease, "doubtful", "apply", "digest")
    begin(lease, "doubtful", "plan", [Intent(key("b"), "update", USER)])
    [created] = begin(lease, "doubtful", "plan", [Intent(key("c"), "create", USER)])
    settle(lease, [Settlement(created, Result.APPLIED, (Confirmed(known("c")),))])
    start_run(lease, "held", "apply", "digest")
    approval = Approval(key("d"), "delete", Inputs(None, "f"))
    record_held(lease, HeldPlan("p" * 64, "held", clock(), {}, (approval,)))
    read(lease, [person("a")])
    read(lease, [person("a")])
    runs.believe_reads(lease, [1])
    clock.advance(A_YEAR)
    approve(store, "p" * 64)
    clock.advance(GOOD_FOR - timedelta(hours=1))
    start_run(lease, "new", "apply", "digest")

    prune(lease, clock() - SHORTEST_HISTORY)
    state = StateReader(store)
    assert [one.intent.key for one in state.journal.in_doubt()] == [key("b")]
    assert [one.key for batch in newcomers.waiting(store) for one in batch] == [key("c")]
    assert [one.approval for one in state.approvals.approved()] == [approval]
    assert names(store) == {"doubtful", "held", "new"}
    assert count(store, "reads") == 4
    assert state.runs.last_believed_reads()["corp", USER].read_no == 1


def test_a_plan_whose_approval_has_expired_goes_with_the_decision(lease: Lease, store: Store, clock: FakeClock) -> None:
    """Nothing can rest on it any more."""
    start_run(lease, "held", "apply", "digest")
    record_held(lease, HeldPlan("p" * 64, "held", clock(), {}, (Approval(key("d"), "delete", Inputs(None, "f")),)))
    approve(store, "p" * 64)
    assert len(decisions_on(store, "p" * 64)) == 1
    clock.advance(SHORTEST_HISTORY + timedelta(hours=1))
    start_run(lease, "new", "apply", "digest")

    prune(lease, clock() - SHORTEST_HISTORY)

    assert decisions_on(store, "p" * 64) == ()
    assert names(store) == {"new"}
