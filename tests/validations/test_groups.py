"""Empty groups, groups that are too large, and groups in a circle."""

from collections.abc import Iterable, Sequence

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.model import Key
from ldap2scim.planning.frames import text_array
from tests.validations.worlds import dn_of, frame, rules
from validations.groups import GroupFacts, GroupVerdict, check_groups, circles


def look(
    groups: Sequence[str],
    members: Iterable[tuple[str, str]] = (),
    nesting: Iterable[tuple[str, str]] = (),
    most: int | None = None,
) -> GroupVerdict:
    """Check groups of the directory `ad`, by name."""
    pairs = [(f"ad:{group}", f"ad:{member}") for group, member in members]
    edges = pd.DataFrame({"group": text_array(a for a, _ in pairs), "member": text_array(b for _, b in pairs)})
    inside = [(f"ad:{outer}", f"ad:{inner}") for outer, inner in nesting]
    return check_groups(GroupFacts(frame([(f"ad:{name}", name, name) for name in groups]), edges, inside, most))


def test_groups_without_members_are_noted_together() -> None:
    """One note names them all."""
    found = look(["full", "none", "void"], [("full", "a")])

    assert rules(found.findings) == [("empty-group", "note")]
    assert found.findings[0].subjects == (dn_of("ad:none"), dn_of("ad:void"))


def test_a_group_with_more_members_than_the_service_takes_is_held() -> None:
    """At the limit it is not; where no limit is known nothing is."""
    members = [("big", "a"), ("big", "b"), ("big", "c"), ("small", "a"), ("small", "b")]
    found = look(["big", "small"], members, most=2)

    assert rules(found.findings) == [("group-too-large", "hold")]
    assert found.findings[0].subjects == (dn_of("ad:big"),)
    assert "3 members" in found.findings[0].message
    assert found.holds == {Key("ad:big")}
    assert look(["big", "small"], members).findings == ()


def test_groups_in_a_circle_are_noted() -> None:
    """A circle of two, and a group that lists itself; a chain is none."""
    members = [(name, "a") for name in "abcdef"]
    found = look(list("abcdef"), members, [("a", "b"), ("b", "a"), ("b", "c"), ("c", "d"), ("e", "e")])

    assert rules(found.findings) == [("nesting-cycle", "note")] * 2
    assert {one.subjects for one in found.findings} == {(dn_of("ad:a"), dn_of("ad:b")), (dn_of("ad:e"),)}


def test_a_chain_of_groups_may_be_as_long_as_somebody_likes() -> None:
    """No recursion: a hundred thousand groups one in another are no circle, and one edge more makes them one."""
    chain = [(str(number), str(number + 1)) for number in range(100_000)]

    assert circles(chain) == ()
    assert [len(circle) for circle in circles([*chain, ("100000", "0")])] == [100_001]


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")), max_size=15))
def test_a_circle_is_who_reaches_each_other(edges: list[tuple[str, str]]) -> None:
    """The circles are the classes of mutual reachability, by the closure of the edges."""
    reach = {(a, b) for a, b in edges}
    for middle in "abcdef":
        reach |= {(a, d) for a, b in reach if b == middle for c, d in reach if c == middle}
    expected = {tuple(sorted(b for b in "abcdef" if (a, b) in reach and (b, a) in reach)) for a in "abcdef"} - {()}

    assert set(circles(edges)) == expected
