"""What was proposed for one group, from several sides, is judged together."""

from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.member_parts import gather
from ldap2scim.planning.members import member_inputs
from ldap2scim.planning.operations import ChangeMembers, HeldOperation

GROUP = Key("ad:g")


def leaving(*members: str) -> HeldOperation:
    """Return a held loss of members."""
    keys = tuple(map(Key, members))
    change = ChangeMembers(GROUP, ResourceType.GROUP, "cn=g", member_inputs((), keys), "1", (), keys)
    return HeldOperation(change, (f"because of {members[0]}",))


def test_losses_held_for_several_reasons_add_up() -> None:
    """Nobody drops out of the report because the same group has another held change."""
    found = gather((), [leaving("ad:1", "ad:2"), leaving("ad:3")], [leaving("ad:4"), leaving("ad:5")])[GROUP]
    assert found.waiting == {"ad:1", "ad:2", "ad:3"}
    assert found.blocked == {"ad:4", "ad:5"}
    assert len(found.reasons) == 4
