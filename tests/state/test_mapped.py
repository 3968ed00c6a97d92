"""What the mapping takes out of the image, puts back, and planning reads."""

from datetime import timedelta

import pytest

from ldap2scim.essence import fingerprint, to_essence
from ldap2scim.findings import Finding, Held, Severity
from ldap2scim.model import Key, ResourceType, make_key
from ldap2scim.planning.frames import ABSENT, DESIRED_COLUMNS, checked_desired
from ldap2scim.state import desired as state_desired
from ldap2scim.state.access import StateReader
from ldap2scim.state.encoding import unpack
from ldap2scim.state.image_rows import MappedRow, Standing
from ldap2scim.state.lease import Lease
from ldap2scim.state.mapped import pending, store_mapped
from ldap2scim.state.store import Store
from tests.state.worlds import CORP, MONDAY, FakeClock, desired, group, key, map_all, person, read

NOTE = Finding("odd", Severity.NOTE, "It is odd.", "Look.", ("uid=a",))
HOLD = Finding("no-login", Severity.HOLD, "It has no login.", "Give it one.", ("uid=b", "uid=c"))
HELD_ROW = MappedRow(0, Standing.HELD, (HOLD,))
OUT_ROW = MappedRow(0, Standing.OUT_OF_SCOPE)


def test_the_raw_entry_comes_back(lease: Lease, store: Store) -> None:
    """The mapping gets what the directory said, byte for byte."""
    read(lease, [person("a", title="課長")])
    [[row]] = pending(store, CORP, "m1", MONDAY)

    assert unpack(row.entry) == {"uid": (b"a",), "title": ("課長".encode(),)}
    assert (row.key, row.resource_type, row.dn) == (key("a"), ResourceType.USER, person("a").dn)


def test_another_mapping_maps_everybody_again(lease: Lease) -> None:
    """The digest of the mapping is part of what was done."""
    read(lease, [person("a"), person("b")])
    map_all(lease, mapped_with="m1")

    assert map_all(lease, mapped_with="m1") == []
    assert len(map_all(lease, mapped_with="m2")) == 2


def test_the_clock_alone_makes_a_row_pending(lease: Lease, store: Store) -> None:
    """An account that expires is mapped again from that moment on."""
    read(lease, [person("a"), person("b")])
    tuesday = MONDAY + timedelta(days=1)
    [rows] = pending(store, CORP, "m1", MONDAY)
    store_mapped(lease, [desired(rows[0], valid_until=tuesday), desired(rows[1])], "m1")

    assert list(pending(store, CORP, "m1", tuesday - timedelta(microseconds=1))) == []
    assert [[row.key for row in batch] for batch in pending(store, CORP, "m1", tuesday)] == [[key("a")]]


def test_pending_rows_come_in_batches(lease: Lease, store: Store) -> None:
    """Each once, whether or not the caller stored the ones before."""
    read(lease, [person(name) for name in "abcde"])
    batches = []
    for batch in pending(store, CORP, "m1", MONDAY, size=2):
        batches.append([row.key for row in batch])
        store_mapped(lease, [desired(row) for row in batch[:1]], "m1")

    assert batches == [[key("a"), key("b")], [key("c"), key("d")], [key("e")]]
    assert [row.key for row in map_all(lease)] == [key("b"), key("d")]


def test_frames_of_some_directories_leave_out_the_others(lease: Lease, reader: StateReader) -> None:
    """What was not read this time can be left out of the comparison."""
    read(lease, [person("a")], [group("g", ["a"])])
    map_all(lease)

    assert reader.image.desired_frame(ResourceType.USER, [CORP]).shape[0] == 1
    assert reader.image.desired_frame(ResourceType.USER, ["lab"]).empty
    assert reader.image.references(["lab"]).memberships.empty
    assert len(reader.image.references([CORP]).memberships) == 1


def test_other_directories_are_not_pending(lease: Lease, store: Store) -> None:
    """One directory's entries are mapped by one directory's mapping."""
    read(lease, [person("a")])

    assert list(pending(store, "lab", "m1", MONDAY)) == []


def test_the_desired_frame_is_what_planning_takes(lease: Lease, reader: StateReader) -> None:
    """Its columns, types and absent values are those of `planning.frames`."""
    read(lease, [person("a")], [group("g")])
    map_all(lease)
    frame = reader.image.desired_frame(ResourceType.USER)

    checked_desired(frame[list(DESIRED_COLUMNS)])
    assert frame.to_dict("records") == [
        {
            "key": key("a"),
            "fingerprint": fingerprint(f'{{"user_name":"{person("a").dn}"}}'),
            "external_id": "x-a",
            "login": "a",
            "dn": person("a").dn,
            "email": ABSENT,
            "active": True,
        }
    ]
    assert reader.image.desired_frame(ResourceType.GROUP)["active"].isna().all()


def test_an_empty_image_gives_frames_of_the_same_shape(reader: StateReader) -> None:
    """The first run meets no special case."""
    frame = reader.image.desired_frame(ResourceType.USER)

    checked_desired(frame[list(DESIRED_COLUMNS)])
    assert frame["active"].dtype == "boolean"
    assert list(reader.image.desired_memberships().columns) == ["group", "member"]
    unresolved = reader.image.unresolved_references()
    assert list(unresolved.columns) == ["group", "reference", "kind", "target", "reason", "listed_by"]


def test_held_and_out_of_scope_are_not_desired(lease: Lease, reader: StateReader) -> None:
    """Each entry is counted once, as what it is."""
    read(lease, [person("a"), person("b"), person("c")])
    map_all(lease, {person("b").dn: HELD_ROW, person("c").dn: OUT_ROW})

    assert list(reader.image.desired_frame(ResourceType.USER)["key"]) == [key("a")]
    assert list(reader.image.held()) == [Held(key("b"), CORP, ResourceType.USER, person("b").dn, (HOLD,))]
    assert reader.image.counts() == {(CORP, ResourceType.USER, standing): 1 for standing in Standing}
    assert set(reader.image.essences([key("a"), key("b"), key("c"), Key("none")])) == {key("a")}


@pytest.mark.parametrize("many", [1, 10_000], ids=["in one pass", "looked for"])
@pytest.mark.parametrize("asked", ["ab", "abc", "a"])
def test_essences_are_those_that_were_asked_for(
    lease: Lease, reader: StateReader, monkeypatch: pytest.MonkeyPatch, many: int, asked: str
) -> None:
    """Whether most of them are asked for, which one pass through the table answers, or a few."""
    monkeypatch.setattr(state_desired, "_MANY", many)
    read(lease, [person("a"), person("b"), person("c")])
    map_all(lease, {person("b").dn: HELD_ROW})

    found = reader.image.essences([key(one) for one in asked] + [Key("none")])

    assert found == {key(one): to_essence({"user_name": person(one).dn}) for one in asked if one != "b"}


def test_one_who_becomes_held_is_no_longer_desired(lease: Lease, reader: StateReader) -> None:
    """The result of the last mapping alone counts, in both directions."""
    read(lease, [person("a")])
    map_all(lease)
    map_all(lease, {person("a").dn: HELD_ROW}, mapped_with="m2")

    assert reader.image.desired_frame(ResourceType.USER).empty
    assert reader.image.essences([key("a")]) == {}

    map_all(lease, mapped_with="m3")

    assert list(reader.image.held()) == []
    assert len(reader.image.essences([key("a")])) == 1


def test_one_who_changed_stays_desired_until_mapped(lease: Lease, reader: StateReader) -> None:
    """Between the read and the mapping nobody looks absent."""
    read(lease, [person("a")])
    map_all(lease)
    read(lease, [person("a", title="manager")])

    assert list(reader.image.desired_frame(ResourceType.USER)["key"]) == [key("a")]


def test_notes_of_entries_in_scope_are_kept(lease: Lease, reader: StateReader) -> None:
    """A run that maps nothing anew still reports what was noticed; held entries are reported apart."""
    read(lease, [person("a"), person("b")])
    map_all(lease, {person("a").dn: MappedRow(0, Standing.OUT_OF_SCOPE, (NOTE,)), person("b").dn: HELD_ROW})

    assert list(reader.image.notes()) == [NOTE]


def test_a_block_without_key_remembers_since_when(lease: Lease, reader: StateReader, clock: FakeClock) -> None:
    """Mapping it again does not make it young; the moment it is repaired it is gone."""
    ghost = person("ghost", anchored=False)
    read(lease, [ghost, person("b")])
    map_all(lease, {ghost.dn: HELD_ROW, person("b").dn: HELD_ROW})
    clock.advance(timedelta(days=2))
    read(lease, [ghost, person("b")])
    map_all(lease, {ghost.dn: HELD_ROW, person("b").dn: HELD_ROW}, mapped_with="m2")

    assert reader.image.keyless_since() == {(CORP, ResourceType.USER): MONDAY}
    assert [held.key for held in reader.image.held()] == [None, key("b")]

    read(lease, [person("b")])

    assert reader.image.keyless_since() == {}


def test_a_desired_row_needs_its_essence(lease: Lease) -> None:
    """What cannot be is refused before anything is written."""
    for row in (MappedRow(1, Standing.DESIRED), MappedRow(1, Standing.HELD, essence="{}", fingerprint="f")):
        with pytest.raises(ValueError, match="if, and only if"):
            store_mapped(lease, [row], "m1")


def test_references_lead_to_people_in_scope(lease: Lease, reader: StateReader) -> None:
    """By DN and by uid; somebody listed both ways is one member."""
    read(lease, [person("a"), person("b")], [group("g", ["a", "b"], uids=["a"]), group("h", uids=["b"])])
    map_all(lease)
    found = reader.image.references()

    assert sorted(map(tuple, found.memberships.to_numpy().tolist())) == [
        (key("g"), key("a")),
        (key("g"), key("b")),
        (key("h"), key("b")),
    ]
    assert found.unresolved.empty


def test_what_leads_to_nobody_in_scope_is_told_apart(lease: Lease, reader: StateReader) -> None:
    """Unknown, held, out of scope, a nested group, or one of several: each has its own consequence."""
    members = ["held", "out", "nobody"]
    nested = group("nested")
    outer = group("g", members, uids=["twin", "nobody"])
    outer = type(outer)(
        outer.key, outer.dn, outer.dn_normalised, outer.entry, None, (*outer.members, nested.dn), outer.member_uids
    )
    twins = [person("t1"), person("t2")]
    twins = [type(one)(one.key, one.dn, one.dn_normalised, one.entry, "twin") for one in twins]
    read(lease, [person("held"), person("out"), *twins], [outer, nested])
    map_all(lease, {person("held").dn: HELD_ROW, person("out").dn: OUT_ROW})
    found = reader.image.references()

    assert found.memberships.empty
    unresolved = found.unresolved.astype(object).where(found.unresolved.notna(), None)
    assert sorted(map(tuple, unresolved[["reference", "target", "reason"]].to_numpy().tolist()), key=str) == sorted(
        [
            (person("held").dn_normalised, key("held"), "held"),
            (person("out").dn_normalised, key("out"), "out of scope"),
            (person("nobody").dn_normalised, None, "unknown"),
            (nested.dn, key("nested"), "group"),
            ("nobody", None, "unknown"),
            ("twin", None, "ambiguous"),
        ],
        key=str,
    )


def test_a_login_that_looks_like_a_dn_is_no_dn(lease: Lease, reader: StateReader) -> None:
    """Nobody enters a group by taking another's DN as a login."""
    victim = person("a")
    thief = person("b")
    thief = type(thief)(thief.key, thief.dn, thief.dn_normalised, thief.entry, victim.dn_normalised)
    read(lease, [victim, thief], [group("g", ["a"])])
    map_all(lease)

    assert list(reader.image.desired_memberships()["member"]) == [key("a")]


def test_references_stay_within_their_directory(lease: Lease, reader: StateReader) -> None:
    """The same DN in two directories names two people."""
    read(lease, [person("a")], [group("g", ["a"])])
    other = person("a")
    other = type(other)(make_key("lab", "a"), other.dn, other.dn_normalised, other.entry, other.uid)
    read(lease, [other], directory="lab")
    map_all(lease)
    map_all(lease, directory="lab")

    assert list(reader.image.desired_memberships()["member"]) == [key("a")]


def test_groups_out_of_scope_have_no_memberships(lease: Lease, reader: StateReader) -> None:
    """Neither resolved nor reported: nothing is said of groups that are not synchronised."""
    read(lease, [person("a")], [group("g", ["a", "nobody"])])
    map_all(lease, {group("g").dn: OUT_ROW})
    found = reader.image.references()

    assert found.memberships.empty
    assert found.unresolved.empty
