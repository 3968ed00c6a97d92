"""Whole plans are kept by their id, and who released what of them, when and why."""

from datetime import timedelta

import pytest

from ldap2scim.errors import PlanError
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.approvals import Release, approvals_of
from ldap2scim.planning.operations import Create, Deactivate, Delete, HeldOperation, Inputs, Operation
from ldap2scim.planning.plan import Plan, make_plan, pieces
from ldap2scim.state.access import StateReader
from ldap2scim.state.approvals import GOOD_FOR, HeldPlan, approve, full_plan_id, record_held, use
from ldap2scim.state.decisions import decisions_of_run, decisions_on, in_words, record_rejection, rejections_on
from ldap2scim.state.lease import Lease
from ldap2scim.state.plans import KEPT, store_plan, stored_plan
from ldap2scim.state.runs import Ended, fail_run, finish_run, start_run
from ldap2scim.state.store import Store
from tests.state.worlds import MONDAY, FakeClock

USER, GROUP = ResourceType.USER, ResourceType.GROUP


def plan_of(*operations: Operation, held: tuple[Operation, ...] = ()) -> Plan:
    """Return a plan."""
    return make_plan(
        operations,
        [HeldOperation(one, ("too many",)) for one in held],
        evaluated_at=MONDAY,
        settings_digest="s",
        program="1",
        settings={"service.leavers": "0123"},
    )


def created(number: int) -> Create:
    """Return the creation of somebody."""
    return Create(Key(f"d:{number}"), USER, f"cn={number}", Inputs(f"{number}", None), "{}")


DELETE = Delete(Key("d:g"), GROUP, "staff", Inputs(None, "k"), "id-g", None)
DISABLE = Deactivate(Key("d:u"), USER, "alice", Inputs(None, "k"), "id-u", None)
HOLDING = plan_of(created(1), held=(DELETE, DISABLE))


def keep(lease: Lease, plan: Plan) -> None:
    """Keep a plan and what it holds."""
    store_plan(lease, plan)
    record_held(lease, HeldPlan(plan.plan_id, "r", MONDAY, {}, tuple(approvals_of(plan.held))))


def test_a_stored_plan_comes_back_as_it_was(store: Store, lease: Lease) -> None:
    """Operations, held ones with their reasons, time, settings, and its id."""
    store_plan(lease, HOLDING)
    assert stored_plan(store, HOLDING.plan_id) == HOLDING
    assert stored_plan(store, "0" * 64) is None
    assert full_plan_id(store, HOLDING.plan_id[:12]) == HOLDING.plan_id


def test_a_large_plan_is_stored_in_pieces(store: Store, lease: Lease) -> None:
    """Several thousand operations are several pieces, none of which is the whole."""
    plan = plan_of(*map(created, range(2500)))
    assert len(list(pieces(plan))) == 4
    store_plan(lease, plan)
    store_plan(lease, plan)
    assert stored_plan(store, plan.plan_id) == plan


def test_old_plans_go(store: Store, lease: Lease, clock: FakeClock) -> None:
    """A plan that was not met for a long time is forgotten; one that was met again is kept."""
    store_plan(lease, HOLDING)
    other = plan_of(created(7))
    store_plan(lease, other)
    clock.now += KEPT - timedelta(days=1)
    store_plan(lease, other)
    clock.now += timedelta(days=2)
    store_plan(lease, plan_of(created(8)))
    assert stored_plan(store, HOLDING.plan_id) is None
    assert stored_plan(store, other.plan_id) == other


def test_one_kind_is_released_alone(store: Store, lease: Lease, reader: StateReader) -> None:
    """The others of the plan stay held, and may follow later."""
    keep(lease, HOLDING)
    only = Release("Suzuki", "they have left", frozenset({"deactivate user"}))
    assert approve(store, HOLDING.plan_id, only) == 1
    assert [item.approval.verb for item in reader.approvals.approved()] == ["deactivate"]
    with pytest.raises(PlanError, match="approved before"):
        approve(store, HOLDING.plan_id, only)
    assert approve(store, HOLDING.plan_id, Release("Tanaka")) == 1


def test_a_kind_that_is_not_held_is_refused(store: Store, lease: Lease) -> None:
    """The message says which kinds there are."""
    keep(lease, HOLDING)
    with pytest.raises(PlanError) as refused:
        approve(store, HOLDING.plan_id, Release("Suzuki", kinds=frozenset({"update user"})))
    assert "deactivate user, delete group" in str(refused.value)


def test_a_decision_is_kept_with_the_run_that_rests_on_it(store: Store, lease: Lease, reader: StateReader) -> None:
    """By whom, why, when and which kinds; and the run, as soon as there is one."""
    keep(lease, HOLDING)
    release = Release("Suzuki", "they have left", frozenset({"deactivate user"}))
    approve(store, HOLDING.plan_id, release)
    (decided,) = decisions_on(store, HOLDING.plan_id)
    assert (decided.release, decided.decided_at, decided.operations, decided.used_in) == (release, MONDAY, 1, None)
    use(lease, reader.approvals.approved(), "run-7")
    (decided,) = decisions_of_run(store, "run-7")
    assert decided.release == release


def test_a_rejection_is_kept_and_releases_nothing(store: Store, lease: Lease, reader: StateReader) -> None:
    """By whom, when, why, and the run that ended by it; whoever has another mind approves the same plan afterwards."""
    keep(lease, HOLDING)
    record_rejection(lease, HOLDING.plan_id, Release("Sato", "a wrong filter"), "run-6")
    (rejected,) = rejections_on(store, HOLDING.plan_id)
    assert (rejected.rejected, rejected.used_in, rejected.decided_at) == (True, "run-6", MONDAY)
    assert in_words(rejected) == (
        f"Plan {HOLDING.plan_id[:12]} was rejected on 2026-11-16 09:00 UTC by Sato: a wrong filter."
    )
    assert reader.approvals.approved() == ()
    assert approve(store, HOLDING.plan_id, Release("Suzuki")) == 2
    use(lease, reader.approvals.approved(), "run-7")
    assert [one.used_in for one in decisions_on(store, HOLDING.plan_id)] == ["run-6", "run-7"]
    assert rejections_on(store, HOLDING.plan_id) == (rejected,)


def released(lease: Lease, reader: StateReader, run_id: str, *kinds: str) -> int:
    """Begin a run that rests on a decision made for it alone; return how many operations that released."""
    start_run(lease, run_id, "apply", "s")
    given = reader.approvals.given(HOLDING.plan_id, Release(run_id, kinds=frozenset(kinds) or None))
    use(lease, given.fresh, run_id, given)
    return len(given.fresh)


def test_what_a_dead_run_used_is_released_once_more_and_not_again(
    store: Store, lease: Lease, reader: StateReader
) -> None:
    """Died, finished, refused: the third finds nothing to release, and what finished runs used stays used."""
    keep(lease, HOLDING)
    assert released(lease, reader, "finished", "delete group") == 1
    finish_run(lease, "finished", Ended("0", {}))
    assert released(lease, reader, "died") == 1
    assert released(lease, reader, "failed") == 1
    fail_run(lease, "failed", 1, "StateError")
    assert released(lease, reader, "repeated") == 1
    finish_run(lease, "repeated", Ended("0", {}))
    assert released(lease, reader, "third") == 0
    assert len(reader.approvals.used(HOLDING.plan_id)) == 2
    assert [(one.release.by, one.used_in) for one in decisions_on(store, HOLDING.plan_id)] == [
        (name, name) for name in ("finished", "died", "failed", "repeated")
    ]
    with pytest.raises(PlanError, match="approved before"):
        approve(store, HOLDING.plan_id)


def test_a_decision_for_one_run_is_written_as_the_run_uses_it(store: Store, lease: Lease, reader: StateReader) -> None:
    """Nothing is released by asking what it would release, so a run that goes no further leaves nothing behind."""
    keep(lease, HOLDING)
    assert len(reader.approvals.given(HOLDING.plan_id, Release("Suzuki")).fresh) == 2
    assert reader.approvals.approved() == ()
    assert decisions_on(store, HOLDING.plan_id) == ()
    with pytest.raises(PlanError, match="nothing of the kind"):
        reader.approvals.given(HOLDING.plan_id, Release("Suzuki", kinds=frozenset({"update user"})))


def test_a_decision_that_expired_is_not_counted_as_used(
    store: Store, lease: Lease, reader: StateReader, clock: FakeClock
) -> None:
    """The run rests on the new decision alone, and the record says so."""
    keep(lease, HOLDING)
    approve(store, HOLDING.plan_id, Release("Sato"))
    clock.advance(GOOD_FOR)
    approve(store, HOLDING.plan_id, Release("Suzuki"))
    use(lease, reader.approvals.approved(), "run-7")
    assert [one.release.by for one in decisions_of_run(store, "run-7")] == ["Suzuki"]
