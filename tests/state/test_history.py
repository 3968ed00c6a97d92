"""History: from the present back to every state that the snapshot ever had, and what happened on the way."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.errors import StateError
from ldap2scim.essence import fingerprint, to_essence
from ldap2scim.model import Attributes, Key, ResourceType
from ldap2scim.planning.accounts import Result
from ldap2scim.planning.operations import AttributeChange
from ldap2scim.planning.proof import Proof
from ldap2scim.state import remembered
from ldap2scim.state.access import StateReader
from ldap2scim.state.history import HistoryReader
from ldap2scim.state.history_entries import Kind
from ldap2scim.state.journal import Intent, Settlement, begin, settle
from ldap2scim.state.lease import Lease, acquire
from ldap2scim.state.schema import history, meta
from ldap2scim.state.snapshot import replaced_snapshot
from ldap2scim.state.snapshot_rows import Confirmed, Gone, MembersChanged, SnapshotChange, SnapshotRow, Status
from ldap2scim.state.store import Store, open_store
from tests.state.test_snapshot import GROUPS, PEOPLE, Model, changes
from tests.state.worlds import FakeClock, key, known

USER, GROUP = ResourceType.USER, ResourceType.GROUP
EVERYBODY = tuple(map(key, PEOPLE + GROUPS))
VALUES: st.SearchStrategy[Attributes] = st.sampled_from(
    [
        {"title": "engineer"},
        {"title": "manager", "name": {"family_name": "山田"}},
        {"name": {}, "emails": [{"value": "a@example.jp", "primary": True}]},
        {"extensions": {"urn:x:2.0": {"badge": 7}}, "active": False},
        {},
    ]
)


@st.composite
def confirmed(draw: st.DrawFn) -> SnapshotChange:
    """Draw any change, with contents of all kinds, some of them not canonical and with a fingerprint of its own."""
    change = draw(changes())
    if not isinstance(change, Confirmed):
        return change
    essence = to_essence(draw(VALUES))
    if draw(st.booleans()):
        essence = essence.replace(":", ": ")
    row = replace(change.row, essence=essence, fingerprint=draw(st.sampled_from([fingerprint(essence), "f" * 32])))
    return Confirmed(row, change.replaces, draw(st.sampled_from([None, to_essence({"title": "as found"})])))


STEPS = st.lists(
    st.one_of(st.lists(confirmed(), max_size=6), st.sampled_from(["rebuild", "link"]), st.just("fail")), max_size=7
)


@pytest.fixture(scope="module")
def used_again(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lease]:
    """A store that many examples share; each begins with an empty snapshot and no history."""
    with open_store(tmp_path_factory.mktemp("state") / "state.db", clock=FakeClock()) as store:
        yield acquire(store, "service", "test", ttl=timedelta(days=1000))


@given(STEPS, st.data())
def test_walking_back_gives_every_earlier_state(
    used_again: Lease, steps: list[list[SnapshotChange] | str], data: st.DataObject
) -> None:
    """Whatever operations, recoveries and adoptions did: essence, fingerprint, status and members as they were."""
    clock = used_again.store.clock
    assert isinstance(clock, FakeClock)
    with replaced_snapshot(used_again):
        pass
    with used_again.write() as connection:
        connection.execute(history.delete())
    moments = [(clock(), _now(used_again.store))]
    for step in steps:
        clock.advance(timedelta(minutes=1))
        _take(used_again, step, data)
        moments.append((clock(), _now(used_again.store)))
    reader = HistoryReader(used_again.store)

    for moment, (rows, members) in moments:
        past = reader.state_as_of(moment)
        now, present = _now(used_again.store)
        then = {name: row for name, row in {**now, **past.rows}.items() if row is not None}
        assert {name: _comparable(row) for name, row in then.items()} == rows
        assert {pair for pair in {*present, *past.pairs} if past.pairs.get(pair, pair in present)} == members


def _take(lease: Lease, step: list[SnapshotChange] | str, data: st.DataObject) -> None:
    """Carry out one step, as far as it is possible."""
    rows, members = _now(lease.store)
    if isinstance(step, list):
        model = Model()
        model.rows, model.members = dict(remembered.rows(lease.store, EVERYBODY)), set(members)
        possible = [one for one in step if model.take(one)]
        numbers = begin(lease, "run", "plan", [Intent(key("any"), "update", USER) for _ in possible])
        settle(lease, [Settlement(no, Result.APPLIED, (one,)) for no, one in zip(numbers, possible, strict=True)])
    elif step == "fail":
        [number] = begin(lease, "run", "plan", [Intent(key("a"), "update", USER)])
        settle(lease, [Settlement(number, Result.FAILED, error="RequestRejected 400")])
    elif step == "link":
        remembered.link_members(lease, data.draw(_pairs(rows)))
    else:
        seen = [replace(known(name), essence="{}", fingerprint=fingerprint("{}")) for name in PEOPLE]
        seen += [known(name, resource_type=GROUP) for name in GROUPS]
        kept = [row for row in seen if data.draw(st.booleans())]
        with replaced_snapshot(lease) as new:
            new.add(kept)
            new.add_memberships(data.draw(_pairs({row.key: row for row in kept})))


def _pairs(rows: dict[Key, SnapshotRow]) -> st.SearchStrategy[list[tuple[Key, Key]]]:
    everything = [(g, m) for g, m in product(map(key, GROUPS), map(key, PEOPLE)) if g in rows and m in rows]
    return st.lists(st.sampled_from(everything), unique=True) if everything else st.just([])


def _now(store: Store) -> tuple[dict[Key, SnapshotRow], set[tuple[Key, Key]]]:
    rows = {name: _comparable(row) for name, row in remembered.rows(store, EVERYBODY).items()}
    pairs = StateReader(store).snapshot.memberships().to_numpy().tolist()
    return rows, {(Key(group), Key(member)) for group, member in pairs}


def _comparable(row: SnapshotRow) -> SnapshotRow:
    return replace(row, version=None, managed_since=None)


def applied(lease: Lease, run_id: str, verb: str, *changes: SnapshotChange) -> int:
    """Carry out one operation of a run, a minute later than what was before."""
    clock = lease.store.clock
    assert isinstance(clock, FakeClock)
    clock.advance(timedelta(minutes=1))
    [number] = begin(lease, run_id, "plan", [Intent(key("a"), verb, USER)])
    settle(lease, [Settlement(number, Result.APPLIED, changes)])
    return number


def test_a_person_has_a_timeline(lease: Lease, store: Store) -> None:
    """Creation, change, the groups that were entered and left, a failure, and the end; each with run and values."""
    applied(lease, "one", "create", Confirmed(known("a")), Confirmed(known("g", resource_type=GROUP)))
    applied(lease, "one", "change members", MembersChanged(key("g"), added=(key("a"),)))
    applied(lease, "two", "update", Confirmed(known("a", "manager")))
    [failed] = begin(lease, "two", "plan", [Intent(key("a"), "update", USER)])
    settle(lease, [Settlement(failed, Result.FAILED, error="RequestRejected 400")])
    applied(lease, "three", "delete", Gone(key("a")))
    lines = HistoryReader(store).of(key("a"))

    assert [(line.run_id, line.verb, line.kind) for line in lines] == [
        ("one", "create", Kind.CREATED),
        ("one", "change members", Kind.MEMBERS),
        ("two", "update", Kind.CHANGED),
        ("two", "update", Kind.NOTHING),
        ("three", "delete", Kind.GONE),
    ]
    assert lines[1].key == key("g")
    assert lines[1].added == (key("a"),)
    assert lines[2].changes == (AttributeChange("title", "engineer", "manager"),)
    assert (lines[3].outcome, lines[3].error) == ("failed", "RequestRejected 400")
    assert [line.after and line.after.essence for line in lines[2:]] == [known("a", "manager").essence] * 2 + [None]
    assert lines[0].before is None
    assert lines[0].after is not None
    assert lines[0].after.essence == known("a").essence


def test_how_a_change_was_confirmed_is_told(lease: Lease, store: Store) -> None:
    """Beside the outcome; of what failed, the class of the error stands there and nothing is proven."""
    ends: list[dict[str, Any]] = [
        {"result": Result.APPLIED, "proof": Proof.READ},
        {"result": Result.APPLIED, "proof": Proof.ANSWER},
        {"result": Result.APPLIED},
        {"result": Result.FAILED, "error": "RequestRejected 400"},
    ]
    numbers = begin(lease, "r1", "p1", [Intent(key("aiko"), "update", USER)] * len(ends))
    settle(lease, [Settlement(number, **end) for number, end in zip(numbers, ends, strict=True)])
    assert [(line.proof, line.error) for line in HistoryReader(store).of(key("aiko"))] == [
        (Proof.READ, None),
        (Proof.ANSWER, None),
        (None, None),
        (None, "RequestRejected 400"),
    ]


def test_a_re_created_entry_has_the_history_of_its_resource(lease: Lease, store: Store) -> None:
    """What happened under the former key belongs to it; what happens to that key later does not change it."""
    applied(lease, "one", "create", Confirmed(known("old")), Confirmed(known("g", resource_type=GROUP)))
    applied(lease, "one", "change members", MembersChanged(key("g"), added=(key("old"),)))
    applied(lease, "two", "adopt", Confirmed(replace(known("new"), service_id="id-old"), replaces=key("old")))
    kinds = [line.kind for line in HistoryReader(store).of(key("new"))]

    assert kinds == [Kind.CREATED, Kind.MEMBERS, Kind.RENAMED, Kind.CHANGED]


def test_a_run_has_its_lines_with_the_rows_of_that_time(lease: Lease, store: Store) -> None:
    """Whatever later runs did to the same people."""
    applied(lease, "one", "create", Confirmed(known("a")))
    applied(lease, "two", "update", Confirmed(known("a", "manager")))
    applied(lease, "three", "update", Confirmed(known("a", "director")))
    applied(lease, "four", "adopt", Confirmed(replace(known("b"), service_id="id-a"), replaces=key("a")))
    [line] = HistoryReader(store).of_run("two")

    assert line.before is not None
    assert line.after is not None
    assert (line.before.essence, line.after.essence) == (known("a").essence, known("a", "manager").essence)
    assert HistoryReader(store).of_run("none") == ()


def test_an_adoption_remembers_what_was_found(lease: Lease, store: Store) -> None:
    """What the service held before us, as far as it was brought in step."""
    applied(lease, "one", "adopt", Confirmed(known("a"), found=to_essence({"user_name": "a", "title": "guest"})))
    [line] = HistoryReader(store).of(key("a"))

    assert line.found
    assert line.before is None
    assert line.changes == (AttributeChange("title", "guest", "engineer"),)


def test_before_its_beginning_the_history_says_so(lease: Lease, store: Store, clock: FakeClock) -> None:
    """A state of an earlier version has a snapshot without a history: nothing is made up."""
    with replaced_snapshot(lease) as new:
        new.add([known("a")])
    with lease.write() as connection:
        connection.execute(history.delete())
        connection.execute(meta.delete().where(meta.c.name == "history_since"))
    clock.advance(timedelta(hours=1))
    applied(lease, "one", "update", Confirmed(known("a", "manager")))
    reader = HistoryReader(store)

    assert reader.since() == clock()
    assert reader.state_as_of(clock()).rows == {}
    with pytest.raises(StateError, match="goes back to 2026-11-16 10:01"):
        reader.state_as_of(clock() - timedelta(minutes=1))


def test_who_left_and_came_back_is_known_at_each_time(lease: Lease, store: Store, clock: FakeClock) -> None:
    """Status is part of the state."""
    applied(lease, "one", "create", Confirmed(known("a")))
    applied(lease, "two", "deactivate", Confirmed(known("a", status=Status.LEFT)))
    gone = clock()
    applied(lease, "three", "restore", Confirmed(known("a")))
    row = HistoryReader(store).state_as_of(gone).rows[key("a")]

    assert row is not None
    assert row.status is Status.LEFT
    assert HistoryReader(store).state_as_of(clock()).rows == {}
