"""An entry that was a person and is a group now, or the other way round: one key, one row in the snapshot."""

import pytest

from ldap2scim.model import ResourceType
from ldap2scim.planning.operations import Create, Deactivate, Delete
from ldap2scim.planning.states import Leaving
from tests.planning.worlds import World, difference, group, plan_of, service_of, user

PERSON, GROUP = World({"ad:x": user("x")}), World(groups={"ad:x": group("x")})


@pytest.mark.parametrize(("before", "after"), [(PERSON, GROUP), (GROUP, PERSON)], ids=["to a group", "to a person"])
def test_the_new_one_waits_until_the_old_one_has_gone(before: World, after: World) -> None:
    """The first run removes, and says what the other waits for; the second creates."""
    service = service_of(before)
    found = difference(after, service)
    (removal,) = found.operations
    assert isinstance(removal, Delete)
    (waiting,) = found.blocked
    assert isinstance(waiting.operation, Create)
    assert waiting.operation.resource_type is not removal.resource_type
    assert f"still managed as a {removal.resource_type.value.lower()}" in waiting.reasons[0]

    service.apply(found.operations)
    service.apply(plan_of(difference(after, service)).operations)
    assert service.managed() == after


def test_whoever_is_only_deactivated_is_in_nobodys_way() -> None:
    """A person who has left stays at the service, disabled; the group of the same key is created all the same."""
    service = service_of(PERSON)
    found = difference(GROUP, service, leavers=Leaving.DEACTIVATE)
    (removal,) = found.operations
    assert isinstance(removal, Deactivate)
    service.apply([removal])
    (creation,) = difference(GROUP, service, leavers=Leaving.DEACTIVATE).operations
    assert isinstance(creation, Create)
    assert creation.resource_type is ResourceType.GROUP
