"""The snapshot as planning reads it, as outcomes change it, and as recovery replaces it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.errors import StateError
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.accounts import Result
from ldap2scim.planning.frames import ABSENT, checked_known
from ldap2scim.state import remembered
from ldap2scim.state.access import StateReader
from ldap2scim.state.journal import Intent, Settlement, begin, settle
from ldap2scim.state.lease import Lease, acquire
from ldap2scim.state.snapshot import replaced_snapshot
from ldap2scim.state.snapshot_rows import Confirmed, Gone, MembersChanged, SnapshotChange, SnapshotRow, Status
from ldap2scim.state.store import Store, open_store
from tests.state.worlds import MONDAY, FakeClock, key, known

USER, GROUP = ResourceType.USER, ResourceType.GROUP
PEOPLE, GROUPS = ("a", "b", "c", "d"), ("g", "h")


class Model:
    """The snapshot as plain dictionaries: what the store must equal."""

    def __init__(self) -> None:
        self.rows: dict[Key, SnapshotRow] = {}
        self.members: set[tuple[Key, Key]] = set()

    def apply(self, change: SnapshotChange) -> None:
        """Make one change."""
        match change:
            case Confirmed(row, replaces):
                if replaces is not None and replaces != row.key and replaces in self.rows:
                    self._forget(row.key)
                    self.rows[row.key] = self.rows.pop(replaces)
                    self.members = {(self._moved(g, change), self._moved(m, change)) for g, m in self.members}
                self.rows[row.key] = replace(row, managed_since=MONDAY)
            case Gone(gone):
                self._forget(gone)
            case MembersChanged(group, added, removed, version):
                self.members -= {(group, member) for member in removed}
                self.members |= {(group, member) for member in added}
                if group in self.rows:
                    self.rows[group] = replace(self.rows[group], version=version)

    def take(self, change: SnapshotChange) -> bool:
        """Make a change if the service could confirm it, and say so."""
        if not self.allows(change):
            return False
        self.apply(change)
        return True

    def allows(self, change: SnapshotChange) -> bool:
        """Say whether the service could confirm this: ids are unique, and members exist."""
        match change:
            case Confirmed(row, replaces):
                owners = {
                    k
                    for k, r in self.rows.items()
                    if (r.resource_type, r.service_id) == (row.resource_type, row.service_id)
                }
                return owners <= {row.key, replaces}
            case MembersChanged(group, added, _, _):
                return not added or {group, *added} <= set(self.rows)
            case Gone():
                return True

    def _forget(self, gone: Key) -> None:
        self.rows.pop(gone, None)
        self.members = {pair for pair in self.members if gone not in pair}

    @staticmethod
    def _moved(found: Key, change: Confirmed) -> Key:
        return change.row.key if found == change.replaces else found


def _confirmed(draw: st.DrawFn, names: Sequence[str], resource_type: ResourceType) -> Confirmed:
    row = known(
        draw(st.sampled_from(names)),
        draw(st.sampled_from(["engineer", "manager"])),
        resource_type,
        draw(st.sampled_from([None, "id-1", "id-2"])),
        draw(st.sampled_from(Status)),
    )
    return Confirmed(row, draw(st.sampled_from([None, *map(key, names)])))


@st.composite
def changes(draw: st.DrawFn) -> SnapshotChange:
    """Draw any change, possible or not."""
    members = st.lists(st.sampled_from(PEOPLE).map(key), max_size=3, unique=True).map(tuple)
    match draw(st.sampled_from(["person", "group", "gone", "members"])):
        case "person":
            return _confirmed(draw, PEOPLE, USER)
        case "group":
            return _confirmed(draw, GROUPS, GROUP)
        case "gone":
            return Gone(key(draw(st.sampled_from(PEOPLE + GROUPS))))
        case _:
            version = draw(st.sampled_from([None, 'W/"1"']))
            return MembersChanged(key(draw(st.sampled_from(GROUPS))), draw(members), draw(members), version)


@pytest.fixture(scope="module")
def used_again(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lease]:
    """A store that many examples share; each begins with an empty snapshot."""
    with open_store(tmp_path_factory.mktemp("state") / "state.db", clock=FakeClock()) as store:
        yield acquire(store, "service", "test")


@given(st.lists(st.lists(st.lists(changes(), max_size=3), max_size=6), max_size=4))
def test_settling_equals_a_plain_dictionary(used_again: Lease, batches: list[list[list[SnapshotChange]]]) -> None:
    """However outcomes are cut into batches, the snapshot is what one change after the other makes of it."""
    with replaced_snapshot(used_again):
        pass
    model = Model()
    for batch in batches:
        numbers = begin(used_again, "run", "plan", [Intent(key("any"), "create", USER) for _ in batch])
        made = [tuple(change for change in proposed if model.take(change)) for proposed in batch]
        settle(used_again, [Settlement(*one) for one in zip(numbers, repeat(Result.APPLIED), made, strict=False)])
    reader = StateReader(used_again.store)

    assert remembered.rows(used_again.store, map(key, PEOPLE + GROUPS)) == model.rows
    assert {tuple(pair) for pair in reader.snapshot.memberships().to_numpy().tolist()} == model.members
    assert reader.journal.in_doubt() == ()


def test_the_known_frame_is_what_planning_takes(lease: Lease, reader: StateReader) -> None:
    """Its columns, types and absent values are those of `planning.frames`."""
    with replaced_snapshot(lease) as new:
        new.add([known("a"), known("g", resource_type=GROUP)])
    frame = checked_known(reader.snapshot.known_frame(USER))

    assert frame.to_dict("records") == [
        {
            "key": key("a"),
            "fingerprint": known("a").fingerprint,
            "external_id": ABSENT,
            "login": "a",
            "service_id": "id-a",
            "version": ABSENT,
            "status": "managed",
        }
    ]


def test_an_empty_snapshot_gives_frames_of_the_same_shape(reader: StateReader) -> None:
    """The first run meets no special case."""
    assert checked_known(reader.snapshot.known_frame(USER)).empty
    assert list(reader.snapshot.memberships().columns) == ["group", "member"]


def test_a_new_snapshot_replaces_the_old_one_whole(store: Store, lease: Lease, reader: StateReader) -> None:
    """Rows, essences and memberships of before are gone; until the end everybody else sees them."""
    with replaced_snapshot(lease) as new:
        new.add([known("old"), known("g", resource_type=GROUP)])
        new.add_members(key("g"), [key("old")])
    with replaced_snapshot(lease) as new:
        new.add([known("a"), known("b")])
        new.add([known("h", resource_type=GROUP)])
        new.add_members(key("h"), [key("a"), key("b"), key("a")])

        assert remembered.members_of(store, key("g")) == [key("old")]

    assert set(reader.snapshot.essences([key("old"), key("a"), key("b")])) == {key("a"), key("b")}
    assert reader.snapshot.memberships().to_numpy().tolist() == [[key("h"), key("a")], [key("h"), key("b")]]


def test_a_snapshot_that_is_not_finished_changes_nothing(lease: Lease, reader: StateReader) -> None:
    """A listing that breaks off leaves the old snapshot."""
    with replaced_snapshot(lease) as new:
        new.add([known("old")])

    def interrupted() -> None:
        with replaced_snapshot(lease) as unfinished:
            unfinished.add([known("a")])
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        interrupted()

    assert list(reader.snapshot.known_frame(USER)["key"]) == [key("old")]


def test_members_of_a_new_snapshot_must_be_in_it(lease: Lease) -> None:
    """A membership of nobody is an error that names the key."""

    def build() -> None:
        with replaced_snapshot(lease) as new:
            new.add([known("g", resource_type=GROUP)])
            new.add_members(key("g"), [key("nobody")])

    with pytest.raises(StateError, match="corp:nobody"):
        build()
