"""What a plan that is carried out is held against: the members of its groups, as a survey saw them."""

from ldap2scim.planning.states import Edges
from ldap2scim.run.carry_out import members_among
from tests.state.worlds import key


def test_members_are_told_of_the_groups_that_were_asked_about() -> None:
    """Each with its own, whatever the order of the memberships; others and empty groups are left out."""
    pairs = [(key("g"), key("a")), (key("h"), key("a")), (key("other"), key("a")), (key("g"), key("b"))]
    found = members_among(Edges.of(pairs), [key("g"), key("h"), key("empty")])

    assert found == {key("g"): frozenset({key("a"), key("b")}), key("h"): frozenset({key("a")})}
    assert members_among(Edges.of([]), [key("g")]) == {}
