"""Held operations are released by their plan's id, once, and nothing else is."""

from datetime import timedelta

import pytest

from ldap2scim.errors import PlanError
from ldap2scim.planning.approvals import Approval
from ldap2scim.planning.operations import Inputs
from ldap2scim.state.access import StateReader
from ldap2scim.state.approvals import GOOD_FOR, HeldPlan, approve, full_plan_id, give_back, record_held, use
from ldap2scim.state.lease import Lease
from ldap2scim.state.store import Store
from tests.state.worlds import MONDAY, FakeClock, key

DELETE = Approval(key("a"), "delete", Inputs(None, "k" * 32))
UPDATE = Approval(key("b"), "update", Inputs("d" * 32, "k" * 32))
PLAN = HeldPlan("p1", "r1", MONDAY, {"held": 2}, (UPDATE, DELETE))


def test_a_held_plan_is_remembered(lease: Lease, reader: StateReader) -> None:
    """With what approving it covers, in its order."""
    record_held(lease, PLAN)

    assert reader.approvals.held_plan("p1") == PLAN
    assert reader.approvals.held_plan("p2") is None
    assert reader.approvals.approved() == ()


def test_approving_covers_the_held_operations_of_that_plan(store: Store, lease: Lease, reader: StateReader) -> None:
    """Inputs included, so that what moved since can be refused."""
    record_held(lease, PLAN)
    record_held(lease, HeldPlan("p2", "r2", MONDAY, {}, (DELETE,)))

    assert approve(store, "p1") == 2
    assert [item.approval for item in reader.approvals.approved()] == [UPDATE, DELETE]
    assert {(item.plan_id, item.approved_at) for item in reader.approvals.approved()} == {("p1", MONDAY)}


def test_an_approval_is_used_once(store: Store, lease: Lease, reader: StateReader) -> None:
    """The second use is refused, and marks nothing."""
    record_held(lease, PLAN)
    approve(store, "p1")
    first, second = reader.approvals.approved()
    use(lease, [first])

    assert reader.approvals.approved() == (second,)
    with pytest.raises(PlanError, match="used before"):
        use(lease, [second, first])
    assert reader.approvals.approved() == (second,)


def test_an_unknown_plan_cannot_be_approved(store: Store) -> None:
    """The message says where to find the id."""
    with pytest.raises(PlanError, match="no plan p9"):
        approve(store, "p9")


def test_a_plan_is_approved_once(store: Store, lease: Lease) -> None:
    """Approving again does not bring used approvals back."""
    record_held(lease, PLAN)
    approve(store, "p1")
    with pytest.raises(PlanError, match="approved before"):
        approve(store, "p1")


def test_a_plan_that_holds_nothing_needs_no_approval(store: Store, lease: Lease) -> None:
    """It is said, rather than shown as done."""
    record_held(lease, HeldPlan("p1", "r1", MONDAY, {}, ()))
    with pytest.raises(PlanError, match="holds nothing"):
        approve(store, "p1")


def test_the_same_plan_again_keeps_its_approval(store: Store, lease: Lease, reader: StateReader) -> None:
    """A run that finds the same plan holds the same operations; a person has answered for them already."""
    record_held(lease, PLAN)
    approve(store, "p1")
    record_held(lease, PLAN)

    assert len(reader.approvals.approved()) == 2


def test_what_is_held_again_after_its_approval_was_used_may_be_approved_again(
    store: Store, lease: Lease, reader: StateReader
) -> None:
    """It was tried and failed: the same plan comes again, and a person answers again."""
    record_held(lease, PLAN)
    approve(store, "p1")
    use(lease, reader.approvals.approved()[:1])
    record_held(lease, PLAN)

    assert [item.approval for item in reader.approvals.approved()] == [DELETE]


def test_the_start_of_an_id_names_its_plan(store: Store, lease: Lease) -> None:
    """As long as it has eight digits and names one plan alone."""
    for plan_id in ("abcdef0123", "abcdef0199", "9876543210"):
        record_held(lease, HeldPlan(plan_id, "r1", MONDAY, {}, (DELETE,)))

    assert full_plan_id(store, "98765432") == "9876543210"
    assert full_plan_id(store, "abcdef0123") == "abcdef0123"
    for start, words in (
        ("abcdef01", "Several"),
        ("9876543", "no plan"),
        ("987654%%", "no plan"),
        ("ffffffff", "no plan"),
    ):
        with pytest.raises(PlanError, match=words):
            full_plan_id(store, start)


def test_an_approval_that_no_run_used_expires(
    store: Store, lease: Lease, reader: StateReader, clock: FakeClock
) -> None:
    """After some days it releases nothing, and a person may approve anew."""
    record_held(lease, PLAN)
    approve(store, "p1")
    clock.advance(GOOD_FOR - timedelta(seconds=1))
    assert len(reader.approvals.approved()) == 2
    clock.advance(timedelta(seconds=1))
    assert reader.approvals.approved() == ()
    assert approve(store, "p1") == 2
    assert len(reader.approvals.approved()) == 2


def test_what_was_not_tried_stays_approved(store: Store, lease: Lease, reader: StateReader) -> None:
    """Given back by the run that used it, it is there for the next; what was tried is not."""
    record_held(lease, PLAN)
    approve(store, "p1")
    first, second = reader.approvals.approved()
    use(lease, [first, second], "run-1")
    give_back(lease, [second], "another")
    assert reader.approvals.approved() == ()
    give_back(lease, [second], "run-1")
    assert reader.approvals.approved() == (second,)


def test_an_approval_that_expired_is_remembered_until_it_is_given_anew(
    store: Store, lease: Lease, reader: StateReader, clock: FakeClock
) -> None:
    """One that was used never expires, and one that was given again counts as new."""
    record_held(lease, PLAN)
    approve(store, "p1")
    assert reader.approvals.expired() == ()
    use(lease, reader.approvals.approved()[:1])
    clock.advance(GOOD_FOR)
    assert [(one.approval, one.approved_at) for one in reader.approvals.expired()] == [(DELETE, MONDAY)]
    approve(store, "p1")
    assert reader.approvals.expired() == ()
