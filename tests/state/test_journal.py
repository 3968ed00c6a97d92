"""Journal first: what was begun is known, what was confirmed is in the snapshot, and nothing lies between."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest

from ldap2scim.errors import StateError
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.accounts import Result
from ldap2scim.planning.orphans import orphan_key
from ldap2scim.state import remembered
from ldap2scim.state.access import StateReader
from ldap2scim.state.journal import Intent, Settlement, begin, settle
from ldap2scim.state.lease import Lease
from ldap2scim.state.snapshot_rows import Confirmed, Gone, MembersChanged, SnapshotChange, Status
from ldap2scim.state.store import Store, open_store
from tests.state.worlds import MONDAY, FakeClock, key, known

USER, GROUP = ResourceType.USER, ResourceType.GROUP


def intent(name: str, verb: str = "create", *, removal: bool = False, resource_type: ResourceType = USER) -> Intent:
    """Return an operation about to be carried out."""
    return Intent(key(name), verb, resource_type, removal)


def applied(lease: Lease, *changes: SnapshotChange) -> None:
    """Carry out one operation that makes these changes."""
    [number] = begin(lease, "run", "plan", [intent("any")])
    settle(lease, [Settlement(number, Result.APPLIED, changes)])


def test_what_was_begun_is_in_doubt_until_settled(lease: Lease, reader: StateReader) -> None:
    """With everything that is needed to ask the service about it."""
    whole = Intent(key("a"), "adopt", USER, False, "id-1", "x-1", "a", "f" * 32, key("old"))
    numbers = begin(lease, "run", "plan", [intent("b"), whole])
    settle(lease, [Settlement(numbers[0], Result.APPLIED)])
    [doubt] = reader.journal.in_doubt()

    assert (doubt.op_no, doubt.run_id, doubt.plan_id, doubt.started_at) == (numbers[1], "run", "plan", MONDAY)
    assert doubt.intent == whole


def test_an_outcome_in_doubt_stays_in_doubt(lease: Lease, reader: StateReader) -> None:
    """No answer came: it is asked again, until an answer settles it."""
    [number] = begin(lease, "run", "plan", [intent("a")])
    settle(lease, [Settlement(number, Result.IN_DOUBT, error="OutcomeUnknown")])

    assert [doubt.op_no for doubt in reader.journal.in_doubt()] == [number]

    settle(lease, [Settlement(number, Result.FAILED, error="404")])

    assert reader.journal.in_doubt() == ()


def test_numbers_follow_one_another(lease: Lease) -> None:
    """Every operation has a number of its own, in the order in which they were begun."""
    assert list(begin(lease, "run", "plan", [intent("a"), intent("b")])) == [1, 2]
    assert list(begin(lease, "run", "plan", [])) == []
    assert list(begin(lease, "later", "plan", [intent("c")])) == [3]


def test_a_killed_process_leaves_what_it_began(place: str) -> None:
    """What `begin` returned for is on the disk, whatever happens to the process, and half a settlement is none."""
    program = f"""
import os, signal
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.accounts import Result
from ldap2scim.state import journal, snapshot_rows, snapshot_writer
from ldap2scim.state.lease import acquire
from ldap2scim.state.store import open_store
from tests.state.worlds import known
lease = acquire(open_store({place!r}), "service", "victim")
intents = [journal.Intent(Key("corp:" + name), "create", ResourceType.USER) for name in "ab"]
first, second = journal.begin(lease, "run", "plan", intents)
confirmed = lambda name: (snapshot_rows.Confirmed(known(name)),)
journal.settle(lease, [journal.Settlement(first, Result.APPLIED, confirmed("a"))])
real = journal.apply_changes
def die(connection, changes, now, entries):
    real(connection, changes, now, entries)
    os.kill(os.getpid(), signal.SIGKILL)
journal.apply_changes = die
journal.settle(lease, [journal.Settlement(second, Result.APPLIED, confirmed("b"))])
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    killed = subprocess.run([sys.executable, "-c", program], env=environment, timeout=120, check=False)

    assert killed.returncode == -signal.SIGKILL
    with open_store(place) as store:
        reader = StateReader(store)
        assert [doubt.intent.key for doubt in reader.journal.in_doubt()] == [key("b")]
        assert set(remembered.rows(store, [key("a"), key("b")])) == {key("a")}


def test_an_outcome_and_its_change_are_one(lease: Lease, reader: StateReader) -> None:
    """Where the change cannot be written the outcome is not recorded either."""
    [number] = begin(lease, "run", "plan", [intent("g", "change members", resource_type=GROUP)])
    nobody = MembersChanged(key("g"), added=(key("nobody"),))
    with pytest.raises(StateError, match="corp:g, corp:nobody"):
        settle(lease, [Settlement(number, Result.APPLIED, (Confirmed(known("a")), nobody))])

    assert len(reader.journal.in_doubt()) == 1
    assert reader.snapshot.counts() == {}


def test_one_resource_belongs_to_one_key(lease: Lease, reader: StateReader) -> None:
    """Two keys that claim the same id of the service contradict each other; nothing of it is written."""
    applied(lease, Confirmed(known("a", service_id="id-1")))
    with pytest.raises(StateError, match="contradicts itself"):
        applied(lease, Confirmed(known("b", service_id="id-1")))

    assert set(reader.snapshot.service_ids([key("a"), key("b")])) == {key("a")}


def test_ids_of_people_and_groups_do_not_meet(lease: Lease, reader: StateReader) -> None:
    """A service may number each kind by itself."""
    applied(lease, Confirmed(known("a", service_id="1")), Confirmed(known("g", resource_type=GROUP, service_id="1")))

    assert sum(reader.snapshot.counts().values()) == 2


def test_an_update_keeps_since_when_a_resource_is_managed(store: Store, lease: Lease, clock: FakeClock) -> None:
    """And its memberships."""
    applied(
        lease,
        Confirmed(known("a")),
        Confirmed(known("g", resource_type=GROUP)),
        MembersChanged(key("g"), added=(key("a"),)),
    )
    clock.advance(timedelta(days=1))
    applied(lease, Confirmed(known("a", title="manager")))
    row = remembered.rows(store, [key("a")])[key("a")]

    assert row == replace(known("a", title="manager"), managed_since=MONDAY)
    assert remembered.members_of(store, key("g")) == [key("a")]


def test_a_re_created_entry_takes_over_row_and_memberships(store: Store, lease: Lease, reader: StateReader) -> None:
    """The service never noticed: it is the same account under another source anchor."""
    applied(
        lease,
        Confirmed(known("old", service_id="id-1")),
        Confirmed(known("g", resource_type=GROUP)),
        MembersChanged(key("g"), added=(key("old"),)),
    )
    applied(lease, Confirmed(known("new", service_id="id-1"), replaces=key("old")))

    assert reader.snapshot.service_ids([key("old"), key("new")]) == {key("new"): "id-1"}
    assert remembered.members_of(store, key("g")) == [key("new")]


def test_one_who_is_gone_is_in_no_group(store: Store, lease: Lease, reader: StateReader) -> None:
    """The service removes a deleted person from its groups, and so does the snapshot."""
    applied(
        lease,
        Confirmed(known("a")),
        Confirmed(known("g", resource_type=GROUP)),
        MembersChanged(key("g"), added=(key("a"),)),
        Gone(key("a")),
    )

    assert remembered.members_of(store, key("g")) == []
    assert reader.snapshot.essences([key("a")]) == {}


def test_an_id_may_be_given_to_another_after_its_owner_went(lease: Lease, reader: StateReader) -> None:
    """Changes of one settlement apply in their order."""
    applied(lease, Confirmed(known("a", service_id="id-1")))
    applied(lease, Gone(key("a")), Confirmed(known("b", service_id="id-1")))

    assert reader.snapshot.service_ids([key("a"), key("b")]) == {key("b"): "id-1"}


def test_a_change_of_members_makes_the_old_version_worthless(store: Store, lease: Lease) -> None:
    """A group's ETag changes with its members; an answer without one leaves none to demand."""
    applied(lease, Confirmed(replace(known("g", resource_type=GROUP), version='W/"1"')))
    applied(lease, MembersChanged(key("g"), version='W/"2"'))

    assert remembered.rows(store, [key("g")])[key("g")].version == 'W/"2"'

    applied(lease, MembersChanged(key("g")))

    assert remembered.rows(store, [key("g")])[key("g")].version is None


def test_removals_of_a_day_count_also_when_in_doubt(lease: Lease, reader: StateReader, clock: FakeClock) -> None:
    """What may have happened counts; what failed, was no removal, or was of an orphan, who was nobody's, does not."""
    begin(lease, "run", "plan", [intent("long ago", "delete", removal=True)])
    clock.advance(timedelta(days=2))
    numbers = begin(
        lease,
        "run",
        "plan",
        [
            intent("done", "delete", removal=True),
            intent("unknown", "deactivate", removal=True),
            intent("begun", "update", removal=True),
            intent("refused", "delete", removal=True),
            intent("already", "delete", removal=True),
            intent("not one", "update"),
            intent("group", "delete", removal=True, resource_type=GROUP),
            replace(intent("orphan", "delete", removal=True), key=orphan_key(USER, "17")),
        ],
    )
    results = {
        0: Result.APPLIED,
        1: Result.IN_DOUBT,
        3: Result.FAILED,
        4: Result.UNCHANGED,
        5: Result.APPLIED,
        7: Result.APPLIED,
    }
    settle(lease, [Settlement(numbers[place], result) for place, result in results.items()])

    assert reader.journal.recent_removals(clock.now - timedelta(hours=24)) == {USER: 3, GROUP: 1}


def test_results_of_a_run_are_counted(lease: Lease, reader: StateReader) -> None:
    """One without an outcome counts as in doubt."""
    numbers = begin(lease, "run", "plan", [intent("a"), intent("b"), intent("c")])
    begin(lease, "other", "plan", [intent("d")])
    settle(lease, [Settlement(number, Result.APPLIED) for number in numbers[:2]])

    assert reader.journal.results("run") == {(USER, "create", Result.APPLIED): 2, (USER, "create", Result.IN_DOUBT): 1}


def test_questions_of_the_journal_do_not_read_it_whole(store: Store) -> None:
    """Whatever its length: what is unsettled, and the removals of a day, have an index of their own."""
    with store.read() as connection:
        explain = "EXPLAIN QUERY PLAN"
        if connection.dialect.name == "postgresql":
            explain = "EXPLAIN"
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # so few rows it reads whole
        plans = [
            connection.exec_driver_sql(f"{explain} SELECT * FROM journal WHERE {condition}").all()  # noqa: S608 (ours)
            for condition in ("(outcome IS NULL OR outcome = 'in doubt')", "removal AND started_at >= 5")
        ]

    assert "journal_unsettled" in str(plans[0])
    assert "journal_removals" in str(plans[1])


def test_a_leaver_is_kept_as_left(lease: Lease, reader: StateReader) -> None:
    """So that it can be restored."""
    applied(lease, Confirmed(known("a")))
    applied(lease, Confirmed(replace(known("a"), status=Status.LEFT)))

    assert reader.snapshot.counts() == {(USER, Status.LEFT): 1}


def test_keys_that_nobody_knows_are_no_error(store: Store) -> None:
    """A look-up answers for those that are known."""
    assert remembered.rows(store, [Key("corp:none")]) == {}
    assert remembered.members_of(store, Key("corp:none")) == []
