"""Who was created and has not been told of; a message is never sent twice."""

from itertools import chain

import pytest

from ldap2scim.errors import StateError
from ldap2scim.model import ResourceType
from ldap2scim.planning.accounts import Result
from ldap2scim.state.journal import Intent, Settlement, begin, settle
from ldap2scim.state.lease import Lease
from ldap2scim.state.marks import remember
from ldap2scim.state.newcomers import Created, Mailed, begin_mail, conclude, end_mail, waiting
from ldap2scim.state.store import Store
from tests.state.worlds import key


def create(lease: Lease, name: str, result: Result | None = Result.APPLIED, **changes: str) -> int:
    """Journal a creation that came to a result; None: it was killed before."""
    kind = ResourceType(changes.get("kind", "User"))
    [number] = begin(lease, "run", "plan", [Intent(key(name), changes.get("verb", "create"), kind, False)])
    if result is not None:
        settle(lease, [Settlement(number, result)])
    return number


def all_waiting(store: Store) -> tuple[Created, ...]:
    """Return who waits, whatever the batches."""
    return tuple(chain.from_iterable(waiting(store)))


def names(store: Store) -> list[str]:
    """Return who waits to be told of."""
    return [one.key.rpartition(":")[2] for one in all_waiting(store)]


def test_only_confirmed_creations_of_people_wait(lease: Lease, store: Store) -> None:
    """What failed, is in doubt, is a group, or was not a creation, is nobody's first day."""
    create(lease, "a")
    create(lease, "failed", Result.FAILED)
    create(lease, "doubt", None)
    create(lease, "group", kind="Group")
    create(lease, "adopted", verb="adopt")
    assert names(store) == ["a"]


def test_a_report_tells_of_each_once(lease: Lease, store: Store) -> None:
    """A report that was not finished leaves its newcomers to the next; a finished one does not."""
    first = create(lease, "a")
    assert names(store) == names(store) == ["a"]
    conclude(lease, [first])
    create(lease, "b")
    assert names(store) == ["b"]


def test_a_doubt_that_is_settled_later_is_told_of_then(lease: Lease, store: Store) -> None:
    """Operations after it, which were told of, are not told of again."""
    doubtful = create(lease, "doubt", None)
    later = create(lease, "later")
    conclude(lease, [later])
    assert names(store) == []
    settle(lease, [Settlement(doubtful, Result.APPLIED)])
    assert names(store) == ["doubt"]
    conclude(lease, [doubtful])
    create(lease, "c")
    assert names(store) == ["c"]


def test_who_is_left_waits_for_the_next_report(lease: Lease, store: Store) -> None:
    """The others are not told of again, whatever their order."""
    left, told = create(lease, "left"), create(lease, "told")
    conclude(lease, [told], [left])
    assert names(store) == ["left"]
    conclude(lease, [left])
    assert names(store) == []


def test_a_message_is_recorded_before_it_is_sent(lease: Lease, store: Store) -> None:
    """Between record and answer nobody knows; a second beginning is refused."""
    number = create(lease, "a")
    begin_mail(lease, number)
    assert all_waiting(store) == (Created(number, key("a"), Mailed.BEGUN),)
    with pytest.raises(StateError):
        begin_mail(lease, number)
    end_mail(lease, number, Mailed.SENT)
    assert all_waiting(store) == (Created(number, key("a"), Mailed.SENT),)


def test_a_mark_is_new_once(lease: Lease) -> None:
    """The same text again is no news; another one is."""
    assert [remember(lease, "token", value) for value in ("a", "a", "b", "a")] == [True, False, True, True]


def test_many_come_in_batches(lease: Lease, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each once, in the order of the journal, whatever fits into a statement."""
    monkeypatch.setattr("ldap2scim.state.newcomers.STATEMENT_ROWS", 2)
    numbers = [create(lease, name) for name in "abcde"]

    assert [[one.op_no for one in batch] for batch in waiting(store)] == [numbers[:2], numbers[2:4], numbers[4:]]
