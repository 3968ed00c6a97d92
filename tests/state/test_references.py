"""Members by identity, primary groups, and groups in groups."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas import DataFrame

from ldap2scim.model import Key, make_key
from ldap2scim.state.access import StateReader
from ldap2scim.state.image_rows import ImageRow, ReferenceKind, joined_uids
from ldap2scim.state.lease import Lease
from ldap2scim.state.listed import NestedGroups
from ldap2scim.state.references import Link
from tests.state.conftest import SQLITE
from tests.state.test_mapped import HELD_ROW, OUT_ROW
from tests.state.worlds import CORP, group, key, map_all, person, read

FLAT = NestedGroups(flattened=frozenset({CORP}))
KEPT = NestedGroups(kept=frozenset({CORP}))
DOMAIN = "S-1-5-21-1-2-3"


def pairs(frame: DataFrame) -> set[tuple[str, str]]:
    """Return memberships as (group, member) without the directory of `corp`."""
    found = [tuple(str(one).removeprefix(f"{CORP}:") for one in row) for row in frame.to_numpy().tolist()]
    assert len(found) == len(set(found)), "a pair came twice"
    return set(found)  # type: ignore[arg-type]


def reasons(frame: DataFrame) -> set[tuple[str, str, str]]:
    """Return (group, reference, reason) of what is no membership."""
    return set(frame[["group", "reference", "reason"]].itertuples(index=False, name=None))


def containing(outer: ImageRow, *inner: str) -> ImageRow:
    """Return a group that lists groups too."""
    return replace(outer, members=(*outer.members, *(group(name).dn for name in inner)))


def guid(number: int) -> str:
    """Return the server's own name of an entry."""
    return str(UUID(int=number))


def test_members_by_guid_keep_through_a_rename(lease: Lease, reader: StateReader) -> None:
    """The name that a group read for its member may be an old one: the identity leads to her."""
    aiko = replace(person("aiko", dn="uid=aiko,ou=moved,dc=example,dc=com"), uuid=guid(1))
    staff = replace(group("staff"), member_guids=((guid(1), "uid=aiko,ou=people,dc=example,dc=com"),))
    read(lease, [aiko], [staff])
    map_all(lease)
    assert pairs(reader.image.references().memberships) == {("staff", "aiko")}


def test_a_guid_that_no_entry_has_is_unknown(lease: Lease, reader: StateReader) -> None:
    """Somebody outside the filters, said by identity."""
    read(lease, [], [replace(group("staff"), member_guids=((guid(9), "cn=x"),))])
    map_all(lease)
    found = reader.image.references().unresolved
    assert reasons(found) == {(key("staff"), guid(9), "unknown")}
    assert list(found["kind"]) == [ReferenceKind.GUID]


def test_a_member_with_several_uids_is_listed_by_any(lease: Lease, reader: StateReader) -> None:
    """Values have no order: which one comes first says nothing. One that two people have is nobody's."""
    aiko, bunta = (
        replace(person(name), uid=joined_uids([name, f"former.{name}", "shared"])) for name in ("aiko", "bunta")
    )
    groups = [group("old", uids=["former.aiko"]), group("both", uids=["aiko", "former.aiko", "bunta"])]
    read(lease, [aiko, bunta], [*groups, group("unclear", uids=["shared"])])
    map_all(lease)
    references = reader.image.references()
    assert pairs(references.memberships) == {("old", "aiko"), ("both", "aiko"), ("both", "bunta")}
    assert reasons(references.unresolved) == {(key("unclear"), "shared", "ambiguous")}


def test_primary_group(lease: Lease, reader: StateReader) -> None:
    """Whoever has the group as the primary one is its member, and once, though she is listed as well."""
    people = [
        replace(person("aiko"), sid=f"{DOMAIN}-1101", primary_group=f"{DOMAIN}-513"),
        replace(person("bunta"), sid="S-1-5-21-9-9-9-1101", primary_group="S-1-5-21-9-9-9-513"),
        replace(person("chika"), primary_group=f"{DOMAIN}-1101"),
    ]
    groups = [replace(group("users", ["aiko"]), sid=f"{DOMAIN}-513")]
    read(lease, people, groups)
    map_all(lease)
    found = reader.image.references()
    assert pairs(found.memberships) == {("users", "aiko")}
    assert found.unresolved.empty


def test_primary_group_of_somebody_held(lease: Lease, reader: StateReader) -> None:
    """A held person of a primary group is told as one that is listed would be."""
    read(
        lease,
        [replace(person("aiko"), primary_group=f"{DOMAIN}-513"), replace(person("out"), primary_group=f"{DOMAIN}-513")],
        [replace(group("users"), sid=f"{DOMAIN}-513")],
    )
    map_all(lease, {person("aiko").dn: HELD_ROW, person("out").dn: OUT_ROW})
    found = reader.image.references()
    assert found.memberships.empty
    assert sorted(zip(found.unresolved["target"], found.unresolved["reason"], strict=True)) == [
        (key("aiko"), "held"),
        (key("out"), "out of scope"),
    ]


def in_lab(row: ImageRow) -> ImageRow:
    """Return an entry of another directory."""
    name = str(row.key).partition(":")[2]
    return replace(row, key=make_key("lab", name), dn=f"{row.dn},o=lab", dn_normalised=f"{row.dn_normalised},o=lab")


def test_foreign_principal_of_another_directory(lease: Lease, reader: StateReader) -> None:
    """A SID leads to the directory that has it; one that nobody has is said."""
    staff = replace(group("staff"), member_sids=(f"{DOMAIN}-1101", "S-1-5-11"))
    read(lease, [person("aiko")], [staff])
    read(lease, [in_lab(replace(person("zoe"), sid=f"{DOMAIN}-1101"))], directory="lab")
    map_all(lease)
    map_all(lease, directory="lab")
    found = reader.image.references()
    assert pairs(found.memberships) == {("staff", "lab:zoe")}
    assert reasons(found.unresolved) == {(key("staff"), "S-1-5-11", "unknown")}
    # A directory that was not read in this run tells nothing about who has the SID.
    alone = reader.image.references([CORP])
    assert alone.memberships.empty
    assert (key("staff"), f"{DOMAIN}-1101", "unknown") in reasons(alone.unresolved)


def test_own_directory_comes_first(lease: Lease, reader: StateReader) -> None:
    """Where two directories read one domain, a member is the entry of the group's own."""
    aiko = replace(person("aiko"), sid=f"{DOMAIN}-1101", uuid=guid(1))
    staff = replace(group("staff"), member_guids=((guid(1), "x"),), member_sids=(f"{DOMAIN}-1101",))
    read(lease, [aiko], [staff])
    read(lease, [in_lab(aiko)], directory="lab")
    map_all(lease)
    map_all(lease, directory="lab")
    assert pairs(reader.image.references().memberships) == {("staff", "aiko")}


def test_identity_that_two_other_directories_have_is_ambiguous(lease: Lease, reader: StateReader) -> None:
    """Neither is chosen."""
    read(lease, [], [replace(group("staff"), member_sids=(f"{DOMAIN}-1101",))])
    zoe = replace(person("zoe"), sid=f"{DOMAIN}-1101")
    read(lease, [in_lab(zoe)], directory="lab")
    other = replace(in_lab(zoe), key=make_key("third", "zoe"))
    read(lease, [other], directory="third")
    for directory in (CORP, "lab", "third"):
        map_all(lease, directory=directory)
    assert reasons(reader.image.references().unresolved) == {(key("staff"), f"{DOMAIN}-1101", "ambiguous")}


def nested_world(lease: Lease) -> None:
    """Read: all ∋ a, mid; mid (out of scope) ∋ b, low; low ∋ c, nobody, all."""
    groups = [
        containing(group("all", ["a"]), "mid"),
        containing(group("mid", ["b"]), "low"),
        containing(group("low", ["c", "nobody"]), "all"),
    ]
    read(lease, [person(name) for name in "abc"], groups)
    map_all(lease, {group("mid").dn: OUT_ROW})


def test_groups_in_groups_are_ignored(lease: Lease, reader: StateReader) -> None:
    """Without a setting neither the inner group nor its members count, and it is said."""
    nested_world(lease)
    found = reader.image.references()
    assert pairs(found.memberships) == {("all", "a"), ("low", "c")}
    assert (key("all"), group("mid").dn, "group") in reasons(found.unresolved)


def test_groups_in_groups_are_flattened(lease: Lease, reader: StateReader) -> None:
    """Through cycles and through groups out of scope; what an inner group cannot resolve counts for the outer one."""
    nested_world(lease)
    found = reader.image.references(nested=FLAT)
    assert pairs(found.memberships) == {(outer, one) for outer in ("all", "low") for one in "abc"}
    assert reasons(found.unresolved) == {
        (key(outer), person("nobody").dn_normalised, "unknown") for outer in ("all", "low")
    }
    assert found.across == frozenset()


def test_groups_in_groups_are_kept(lease: Lease, reader: StateReader) -> None:
    """A group in scope is a member as it is; one out of scope is none, and cycles stay."""
    nested_world(lease)
    found = reader.image.references(nested=KEPT)
    assert pairs(found.memberships) == {("all", "a"), ("low", "c"), ("low", "all")}
    assert (key("all"), group("mid").dn, "out of scope") in reasons(found.unresolved)


def test_the_way_to_a_member(lease: Lease, reader: StateReader) -> None:
    """The groups from the outer one to the one that lists her; None where there is no way."""
    nested_world(lease)
    way = [Link(key(name), group(name).dn) for name in ("all", "mid", "low")]
    assert reader.image.chain(key("all"), key("c"), nested=FLAT) == tuple(way)
    assert reader.image.chain(key("all"), key("a"), nested=FLAT) == (way[0],)
    assert reader.image.chain(key("all"), key("c")) is None
    assert reader.image.chain(key("all"), key("nobody"), nested=FLAT) is None


def test_primary_group_inside_of_a_group(lease: Lease, reader: StateReader) -> None:
    """Domain Users in another group: its people are members of that, though no `member` names them."""
    users = replace(group("users"), sid=f"{DOMAIN}-513")
    read(lease, [replace(person("aiko"), primary_group=f"{DOMAIN}-513")], [containing(group("all"), "users"), users])
    map_all(lease)
    assert pairs(reader.image.references(nested=FLAT).memberships) == {("all", "aiko"), ("users", "aiko")}
    assert [link.dn for link in reader.image.chain(key("all"), key("aiko"), nested=FLAT) or ()] == [
        group("all").dn,
        users.dn,
    ]


def test_group_of_another_directory_inside(lease: Lease, reader: StateReader) -> None:
    """It is followed by its SID, and the outer groups are marked: every directory's read counts for them."""
    groups = [
        containing(group("all"), "mid"),
        replace(group("mid", ["a"]), member_sids=(f"{DOMAIN}-2000",)),
        group("apart", ["a"]),
    ]
    read(lease, [person("a")], groups)
    zoe = in_lab(person("zoe"))
    theirs = replace(in_lab(group("theirs")), members=(zoe.dn_normalised,), sid=f"{DOMAIN}-2000")
    read(lease, [zoe], [theirs], directory="lab")
    map_all(lease)
    map_all(lease, directory="lab")
    both = NestedGroups(flattened=frozenset({CORP, "lab"}))
    found = reader.image.references(nested=both)
    assert pairs(found.memberships) == {
        *((outer, one) for outer in ("all", "mid") for one in ("a", "lab:zoe")),
        ("apart", "a"),
        ("lab:theirs", "lab:zoe"),
    }
    assert found.across == {key("all"), key("mid")}
    assert reader.image.references([CORP], both).across == {key("all"), key("mid")}


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Mapping[int, frozenset[int]], Mapping[int, frozenset[int]]]:
    """Draw groups in groups and people in groups; cycles and loops are frequent."""
    size = draw(st.integers(1, 7))
    groups, people = st.integers(0, size - 1), st.integers(0, 4)
    inside = {number: draw(st.frozensets(groups, max_size=3)) for number in range(size)}
    return inside, {number: draw(st.frozensets(people, max_size=3)) for number in range(size)}


def closure(inside: Mapping[int, frozenset[int]], start: int) -> set[int]:
    """Return everything inside, the slow way."""
    found = {start}
    while True:
        more = found.union(*(inside[one] for one in found))
        if more == found:
            return found
        found = more


@pytest.mark.parametrize("place", [SQLITE], indirect=True)  # the questions are tried on both above
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graphs())
def test_flattening_is_the_closure(
    lease: Lease,
    reader: StateReader,
    graph: tuple[Mapping[int, frozenset[int]], Mapping[int, frozenset[int]]],
) -> None:
    """A group has exactly the people of all groups inside it, and the way to each is one that the directory has."""
    inside, listed = graph
    groups = [
        containing(group(f"g{number}", [f"p{one}" for one in sorted(listed[number])]), *(f"g{one}" for one in inner))
        for number, inner in inside.items()
    ]
    read(lease, [person(f"p{number}") for number in range(5)], groups)
    map_all(lease)
    wanted = {
        (f"g{number}", f"p{one}") for number in inside for inner in closure(inside, number) for one in listed[inner]
    }
    assert pairs(reader.image.references(nested=FLAT).memberships) == wanted
    for outer, member in sorted(wanted)[:3]:
        assert_is_a_way(reader.image.chain(key(outer), key(member), nested=FLAT), outer, member, graph)


def assert_is_a_way(
    way: tuple[Link, ...] | None,
    outer: str,
    member: str,
    graph: tuple[Mapping[int, frozenset[int]], Mapping[int, frozenset[int]]],
) -> None:
    """Each link is inside of the one before, and the last one lists the member."""
    assert way is not None
    inside, listed = graph
    numbers = [int(str(Key(link.key or "")).rpartition("g")[2]) for link in way]
    assert numbers[0] == int(outer[1:])
    assert all(after in inside[before] for before, after in pairwise(numbers))
    assert int(member[1:]) in listed[numbers[-1]]
