"""One run at a time, and no writing after the lease is lost."""

from datetime import timedelta

import pytest

from ldap2scim.errors import PlanError, RunRefused
from ldap2scim.model import ResourceType
from ldap2scim.planning.accounts import Result
from ldap2scim.state import journal
from ldap2scim.state.access import StateReader
from ldap2scim.state.image import image_writer
from ldap2scim.state.image_rows import Evidence, MappedRow, Standing
from ldap2scim.state.journal import Intent, Settlement
from ldap2scim.state.lease import TTL, Lease, acquire
from ldap2scim.state.mapped import store_mapped
from ldap2scim.state.snapshot import replaced_snapshot
from ldap2scim.state.snapshot_rows import Confirmed
from ldap2scim.state.store import Store
from tests.state.worlds import FakeClock, key, known, person, read


def test_a_second_run_is_told_who_holds_it(store: Store, lease: Lease) -> None:
    """The message names the holder, and since when."""
    with pytest.raises(RunRefused, match=r"host, process 1, run a, since 2026-11-16 09:00:00 UTC") as caught:
        acquire(store, "service", "b")

    assert "2026-11-16 09:02:00" in caught.value.remedy


def test_leases_of_other_names_do_not_meet(store: Store, lease: Lease) -> None:
    """Each service has its own."""
    assert acquire(store, "passwords", "b").token == 1


def test_a_released_lease_is_free_and_its_token_grows(store: Store, lease: Lease) -> None:
    """A token is never used twice."""
    lease.release()

    assert acquire(store, "service", "b").token == lease.token + 1


def test_a_lease_ends_by_itself(store: Store, lease: Lease, clock: FakeClock) -> None:
    """Whoever died holding it blocks nobody for long."""
    clock.advance(TTL + timedelta(seconds=1))

    assert acquire(store, "service", "b").holder == "b"


def test_a_sign_of_life_keeps_it(store: Store, lease: Lease, clock: FakeClock) -> None:
    """A heartbeat moves the end of the lease."""
    clock.advance(TTL * 0.9)
    lease.renew()
    clock.advance(TTL * 0.9)

    with pytest.raises(RunRefused):
        acquire(store, "service", "b")


def test_writing_is_a_sign_of_life(store: Store, lease: Lease, clock: FakeClock) -> None:
    """A read that takes longer than the lease ends with the lease renewed."""
    with image_writer(lease, "corp") as image:
        clock.advance(TTL * 3)
        lease.renew()  # the heartbeat finds the transaction open, and leaves it to that
        image.commit_full({}, Evidence("h:389"))

    with pytest.raises(RunRefused):
        acquire(store, "service", "b")


def test_one_who_slept_asks_whether_it_is_held_still(store: Store, lease: Lease, clock: FakeClock) -> None:
    """By the clock on the wall, in whichever direction it went; nobody else wanted it, so that it is."""
    assert not lease.may_be_lost()
    for step in (TTL * 0.6, -TTL * 0.6):
        clock.advance(step)
        assert lease.may_be_lost()
        lease.confirm()
        assert not lease.may_be_lost()


def test_one_whose_sign_of_life_was_refused_asks_again(store: Store, lease: Lease) -> None:
    """The heartbeat may be the first to find out, when hardly any time has passed."""
    acquire(store, "service", "b", abandoned=lambda _: True)
    assert not lease.may_be_lost()
    with pytest.raises(RunRefused):
        lease.renew()
    assert lease.may_be_lost()
    with pytest.raises(RunRefused):
        lease.confirm()


def test_a_holder_known_to_be_dead_is_not_waited_for(store: Store, lease: Lease) -> None:
    """The next run on the same host goes on at once after a kill."""
    assert acquire(store, "service", "b", abandoned=lambda holder: "process 1" in holder).token == 2


def test_one_who_lost_the_lease_writes_nothing(
    store: Store, lease: Lease, clock: FakeClock, reader: StateReader
) -> None:
    """Every writing function is fenced: a run that slept cannot write over the one after it."""
    numbers = journal.begin(lease, "a", "plan", [Intent(key("y"), "create", ResourceType.USER)])
    clock.advance(TTL * 2)
    acquire(store, "service", "b")

    for write in (
        lambda: read(lease, [person("x")]),
        lambda: store_mapped(lease, [_row()], "m"),
        lambda: journal.begin(lease, "a", "plan", [Intent(key("x"), "create", ResourceType.USER)]),
        lambda: journal.settle(lease, [Settlement(numbers[0], Result.APPLIED, (Confirmed(known("y")),))]),
        lambda: _replace(lease),
        lease.renew,
    ):
        with pytest.raises(RunRefused, match="b holds it now"):
            write()

    assert len(reader.journal.in_doubt()) == 1
    assert reader.snapshot.counts() == {}


def test_releasing_a_lost_lease_leaves_the_new_holder_alone(store: Store, lease: Lease, clock: FakeClock) -> None:
    """The old run's end does not free what another run holds."""
    clock.advance(TTL * 2)
    acquire(store, "service", "b")
    lease.release()

    with pytest.raises(RunRefused, match="b, since"):
        acquire(store, "service", "c")


def test_a_refusal_is_a_plan_error() -> None:
    """Callers that report refused work catch one family."""
    assert issubclass(RunRefused, PlanError)


def _row() -> MappedRow:
    return MappedRow(1, Standing.OUT_OF_SCOPE)


def _replace(lease: Lease) -> None:
    with replaced_snapshot(lease):
        pass
