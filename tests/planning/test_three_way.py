"""Which side moved, attribute by attribute and membership by membership."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.essence import from_essence, to_essence
from ldap2scim.model import ResourceType
from ldap2scim.planning.drift_policy import DriftPolicy, Repair, as_if_repaired
from ldap2scim.planning.three_way import Moved, moves, pair_moves, same_but_for_writing

VALUES = st.one_of(st.none(), st.sampled_from(["a", "A", "b", True, False]), st.just({"family_name": "x"}))
RESOURCES = st.dictionaries(
    st.sampled_from(["title", "external_id", "nick_name"]), VALUES.filter(lambda v: v is not None)
)


def classes(confirmed: Any, wanted: Any, held: Any, path: str = "title") -> dict[str, Moved]:
    """Classify one attribute with these three values; None: it has none."""
    three = ({path: value} if value is not None else {} for value in (confirmed, wanted, held))
    return {one.path: one.moved for one in moves(*three)}


@pytest.mark.parametrize(
    ("confirmed", "wanted", "held", "moved"),
    [
        ("clerk", "clerk", "boss", Moved.SERVICE),
        ("clerk", "clerk", None, Moved.SERVICE),
        (None, None, "boss", Moved.SERVICE),
        ("clerk", "chief", "clerk", Moved.DIRECTORY),
        ("clerk", None, "clerk", Moved.DIRECTORY),
        (None, "chief", None, Moved.DIRECTORY),
        ("clerk", "chief", "boss", Moved.BOTH),
        ("clerk", None, "boss", Moved.BOTH),
        ("clerk", "chief", None, Moved.BOTH),
        ("Clerk", "Clerk", "clerk", Moved.NORMALISED),
        ("Clerk", "chief", "clerk", Moved.DIRECTORY),
        ("clerk", "Chief", "chief", Moved.NORMALISED),
        (True, True, False, Moved.SERVICE),
        (True, False, True, Moved.DIRECTORY),
    ],
)
def test_who_moved(confirmed: Any, wanted: Any, held: Any, moved: Moved) -> None:
    """The side that has another value than was confirmed has moved."""
    assert classes(confirmed, wanted, held) == {"title": moved}


@pytest.mark.parametrize("confirmed", [None, "x", "y"])
def test_in_step(confirmed: Any) -> None:
    """Where the service has what the directory wants there is no difference, whatever was confirmed."""
    assert classes(confirmed, "x", "x") == {}


def test_nothing_confirmed() -> None:
    """Without a snapshot nobody can say which side moved, and nothing is called normalised."""
    assert [one.moved for one in moves(None, {"title": "Boss"}, {"title": "boss"})] == [Moved.UNKNOWN]


def test_an_external_id_is_compared_exactly() -> None:
    """Every character of an externalId counts (RFC 7643 §3.1)."""
    assert classes("a-B", "a-B", "a-b", "external_id") == {"external_id": Moved.SERVICE}


def test_parts_of_a_complex_attribute_are_told_apart() -> None:
    """One part may be edited at the service while another is pending in the directory."""
    was = {"name": {"family_name": "Sato", "given_name": "Aiko"}}
    wanted = {"name": {"family_name": "Suzuki", "given_name": "Aiko"}}
    held = {"name": {"family_name": "Sato", "given_name": "Eiko"}}
    found = {one.path: one.moved for one in moves(was, wanted, held)}
    assert found == {"name.family_name": Moved.DIRECTORY, "name.given_name": Moved.SERVICE}


@pytest.mark.parametrize(
    ("path", "one", "other"),
    [
        ("user_name", "Aiko.Sato", "aiko.sato"),
        ("display_name", "ＡＢＣ　株式会社", "ABC 株式会社"),
        ("title", " a  b ", "a b"),
        ("emails", ({"value": "A@x"}, {"value": "b@x"}), ({"value": "b@x"}, {"value": "a@x", "primary": False})),
        ("phone_numbers", ({"value": "03-1234-5678"},), ({"value": "tel:0312345678"},)),
    ],
)
def test_the_same_but_for_writing(path: str, one: Any, other: Any) -> None:
    """Case, width, blanks, order, and what stands between the digits of a telephone number."""
    assert same_but_for_writing(path, one, other)


def test_digits_and_values_count() -> None:
    """Another number or another value is no way of writing."""
    assert not same_but_for_writing("phone_numbers", ({"value": "03-1234"},), ({"value": "03-1235"},))
    assert not same_but_for_writing("emails", ({"value": "a@x"},), ({"value": "a@x"}, {"value": "b@x"}))
    assert not same_but_for_writing("active", True, False)


@given(RESOURCES, RESOURCES, RESOURCES)
def test_every_difference_is_told_once(was: Any, wanted: Any, held: Any) -> None:
    """Moves are exactly the differences of service and directory, and a side that did not move is never blamed."""
    found = moves(was, wanted, held)
    assert {one.path for one in found} == {one.path for one in moves(None, wanted, held)}
    for one in found:
        if one.confirmed == one.held and type(one.confirmed) is type(one.held):
            assert one.moved is Moved.DIRECTORY
        if one.moved is Moved.SERVICE:
            assert one.confirmed == one.wanted


@given(RESOURCES, RESOURCES)
def test_what_is_left_alone_is_as_if_repaired(wanted: Any, held: Any) -> None:
    """An essence in which every difference is left alone is the one that is wanted."""
    assert from_essence(as_if_repaired(to_essence(held), moves(None, wanted, held))) == wanted


NUMBERS = st.frozensets(st.integers(0, 5))


@given(NUMBERS, NUMBERS, NUMBERS)
def test_memberships(was: frozenset[int], wanted: frozenset[int], held: frozenset[int]) -> None:
    """Every membership that differs is moved by exactly one side, and repairing all of them gives what is wanted."""
    found = pair_moves(was, wanted, held)
    parts = (found.added, found.removed, found.entering, found.leaving)
    assert sum(map(len, parts)) == len(held ^ wanted)
    assert (held - found.added - found.leaving) | found.removed | found.entering == wanted
    assert not (found.added | found.entering) & was
    assert found.removed | found.leaving <= was


def test_policies() -> None:
    """`keep` is no difference, `report` is one that nobody repairs, and what is pending is written whatever is said."""
    policy = DriftPolicy(
        Repair.OVERWRITE, {ResourceType.USER: {"title": Repair.KEEP, "name.family_name": Repair.REPORT}}
    )
    edited = moves({}, {}, {"title": "x", "nick_name": "x", "name": {"family_name": "x"}})
    said = {
        one.path: (policy.repairs(ResourceType.USER, one), policy.differs(ResourceType.USER, one)) for one in edited
    }
    assert said == {"title": (False, False), "nick_name": (True, True), "name.family_name": (False, True)}
    (pending,) = moves({}, {"title": "x"}, {})
    assert policy.repairs(ResourceType.USER, pending)
    (written,) = moves({"nick_name": "X"}, {"nick_name": "X"}, {"nick_name": "x"})
    assert not policy.repairs(ResourceType.USER, written)
    assert not policy.differs(ResourceType.USER, written)
