"""What failed lately, as a load wants to know it."""

from datetime import timedelta

from ldap2scim.model import ResourceType
from ldap2scim.planning.accounts import Result
from ldap2scim.state import journal
from ldap2scim.state.failed_before import LATELY, failed_before
from ldap2scim.state.journal import Intent, Settlement
from ldap2scim.state.lease import Lease
from tests.state.worlds import FakeClock, key


def sent(lease: Lease, run_id: str, name: str, result: Result) -> None:
    """Record an operation and how it ended."""
    (number,) = journal.begin(lease, run_id, "p", [Intent(key(name), "create", ResourceType.USER)])
    journal.settle(lease, [Settlement(number, result)])


def test_failures_of_earlier_runs_are_known_for_a_week(lease: Lease, clock: FakeClock) -> None:
    """What this run sent, what succeeded, what was not sent, and what is long ago does not count."""
    sent(lease, "long ago", "dai", Result.FAILED)
    clock.advance(LATELY + timedelta(seconds=1))
    sent(lease, "before", "aiko", Result.FAILED)
    sent(lease, "before", "bunta", Result.APPLIED)
    sent(lease, "before", "chie", Result.HELD_BACK)
    sent(lease, "now", "eri", Result.FAILED)
    assert failed_before(lease.store, "now") == {(key("aiko"), "create")}
