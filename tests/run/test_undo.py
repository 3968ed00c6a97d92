"""The inverse of a run: what still stands goes back, and what does not is named with its reason."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ldap2scim.essence import fingerprint, from_essence, to_essence
from ldap2scim.model import AttributeValue, ResourceType
from ldap2scim.planning.accounts import Result
from ldap2scim.run import undo
from ldap2scim.run.undo import Inverse, inverse_of
from ldap2scim.state.history import HistoryReader
from ldap2scim.state.journal import Intent, Settlement, begin, settle
from ldap2scim.state.lease import Lease, acquire
from ldap2scim.state.snapshot_rows import Confirmed, Gone, MembersChanged, SnapshotChange, SnapshotRow, Status
from ldap2scim.state.store import open_store
from tests.state.worlds import FakeClock, key, known

USER, GROUP = ResourceType.USER, ResourceType.GROUP


@pytest.fixture
def lease(tmp_path: Path) -> Iterator[Lease]:
    """The lease of a new state."""
    with open_store(tmp_path / "state.db", clock=FakeClock()) as store:
        yield acquire(store, "service", "test", ttl=timedelta(days=1000))


def did(lease: Lease, run_id: str, *changes: SnapshotChange, result: Result = Result.APPLIED) -> None:
    """Carry out one operation of a run."""
    [number] = begin(lease, run_id, "plan", [Intent(key("a"), "update", USER)])
    settle(lease, [Settlement(number, result, changes)])


def user(name: str = "a", status: Status = Status.MANAGED, **attributes: AttributeValue) -> SnapshotRow:
    """Return a user with these attributes."""
    essence = to_essence({"user_name": name, **attributes})
    return replace(known(name, status=status), essence=essence, fingerprint=fingerprint(essence))


def taken_back(lease: Lease) -> Inverse:
    """Return the inverse of the run `run`."""
    return inverse_of(lease.store, HistoryReader(lease.store).of_run("run"))


def wanted(found: Inverse, name: str = "a") -> dict[str, object]:
    """Return the attributes that somebody shall have again."""
    row = found.rows[key(name)]
    assert row is not None
    assert row.fingerprint == fingerprint(row.essence)
    return dict(from_essence(row.essence))


def test_attributes_that_nobody_changed_since_go_back(lease: Lease) -> None:
    """One that has a third value by now is left alone; one that was changed back already is nothing to tell of."""
    did(lease, "before", Confirmed(user(title="1", locale="1", nick_name="1", timezone="1")))
    did(lease, "run", Confirmed(user(title="2", locale="2", nick_name="2", timezone="1")))
    did(lease, "after", Confirmed(user(title="2", locale="3", nick_name="2", timezone="4")))
    found = taken_back(lease)

    assert wanted(found) == {"user_name": "a", "title": "1", "locale": "3", "nick_name": "1", "timezone": "4"}
    assert found.left_alone == {undo.CHANGED_SINCE: ["a"]}
    did(lease, "mended", Confirmed(user(title="1", locale="1", nick_name="1", timezone="4")))
    assert (taken_back(lease).rows, taken_back(lease).left_alone) == ({}, {})


def test_a_rename_goes_back_with_the_login(lease: Lease) -> None:
    """The row that is wanted has the login and external ID of its attributes."""
    did(lease, "before", Confirmed(user(external_id="x1")))
    renamed = replace(user(external_id="x2"), essence=to_essence({"user_name": "b", "external_id": "x2"}), login="b")
    did(lease, "run", Confirmed(renamed))
    row = taken_back(lease).rows[key("a")]

    assert row is not None
    assert (row.login, row.external_id) == ("a", "x1")


def test_who_was_created_leaves_again(lease: Lease) -> None:
    """Whatever changed since; who is gone or has left already is nothing to do."""
    did(lease, "run", Confirmed(user()), Confirmed(user("b")), Confirmed(user("c")))
    did(lease, "after", Confirmed(user(title="new")), Gone(key("b")), Confirmed(user("c", Status.LEFT)))

    assert taken_back(lease).rows == {key("a"): None}


def test_who_was_adopted_stays_with_the_attributes_of_before(lease: Lease) -> None:
    """The account was there before us, and is not removed."""
    found_there = to_essence({"user_name": "a", "title": "theirs"})
    did(lease, "run", Confirmed(user(title="ours"), found=found_there))
    found = taken_back(lease)

    assert wanted(found) == {"user_name": "a", "title": "theirs"}
    assert found.left_alone == {undo.STAYS_MANAGED: ["a"]}


def test_who_was_removed_comes_back(lease: Lease) -> None:
    """With all that stood before; who came back since is left alone."""
    did(lease, "before", Confirmed(user(title="1")), Confirmed(user("b")), Confirmed(user("c", title="1")))
    did(lease, "run", Confirmed(user(status=Status.LEFT, title="1")), Gone(key("b")), Gone(key("c")))
    did(lease, "after", Confirmed(user("b", title="again")))
    found = taken_back(lease)

    assert wanted(found) == {"user_name": "a", "title": "1"}
    assert wanted(found, "c") == {"user_name": "c", "title": "1"}
    assert {row.status for row in found.rows.values() if row is not None} == {Status.MANAGED}
    assert found.left_alone == {undo.BACK_SINCE: ["b"]}


def test_who_was_restored_leaves_again(lease: Lease) -> None:
    """Who had left before and is gone altogether stays gone."""
    did(lease, "before", Confirmed(user(status=Status.LEFT)), Confirmed(user("b", Status.LEFT)))
    did(lease, "run", Confirmed(user()), Gone(key("b")))
    found = taken_back(lease)

    assert found.rows == {key("a"): None}
    assert found.left_alone == {undo.WAS_LEFT: ["b"]}


def test_what_a_failed_operation_found_gone_is_not_made_again(lease: Lease) -> None:
    """Somebody else had removed it, and not that run."""
    did(lease, "before", Confirmed(user()))
    did(lease, "run", Gone(key("a")), result=Result.FAILED)

    assert taken_back(lease).rows == {}


def test_a_re_created_entry_keeps_its_resource(lease: Lease) -> None:
    """Attributes go back; the entry that the resource belongs to does not."""
    did(lease, "before", Confirmed(user("old", title="1")))
    taken = replace(user("new", title="2"), service_id="id-old")
    did(lease, "run", Confirmed(taken, replaces=key("old")))
    found = taken_back(lease)

    assert wanted(found, "new") == {"user_name": "old", "title": "1"}
    assert found.left_alone == {undo.RE_CREATED: ["new"]}


def test_members_move_back_who_were_not_moved_again(lease: Lease) -> None:
    """Who entered leaves, who left enters, also by leaving the service; others stay where they are."""
    everybody = [Confirmed(user(name)) for name in "abcd"]
    did(lease, "before", *everybody, Confirmed(known("g", resource_type=GROUP)))
    did(lease, "before", MembersChanged(key("g"), added=(key("a"), key("d"))))
    did(lease, "run", MembersChanged(key("g"), added=(key("b"), key("c")), removed=(key("a"),)), Gone(key("d")))
    did(lease, "after", MembersChanged(key("g"), removed=(key("c"),)))
    found = taken_back(lease)

    assert found.pairs == {
        (key("g"), key("a")): True,
        (key("g"), key("b")): False,
        (key("g"), key("d")): True,
    }
    assert list(found.left_alone.values()) == [["g"]]
