"""Single rows of the snapshot, and ids that the service is known to have."""

from ldap2scim.model import ResourceType
from ldap2scim.state import remembered
from ldap2scim.state.lease import Lease
from ldap2scim.state.snapshot import replaced_snapshot
from ldap2scim.state.snapshot_rows import Status
from ldap2scim.state.store import Store
from tests.state.worlds import key, known

USER, GROUP = ResourceType.USER, ResourceType.GROUP


def test_rows_are_found_by_the_service_s_id(store: Store, lease: Lease) -> None:
    """Of the kind that is asked for; a service may number each kind by itself."""
    with replaced_snapshot(lease) as new:
        new.add([known("a", service_id="1"), known("g", resource_type=GROUP, service_id="1")])

    assert remembered.keys_by_service_id(store, USER) == {"1": (key("a"), Status.MANAGED)}


def test_witnesses_are_two_that_have_not_left(store: Store, lease: Lease) -> None:
    """Somebody who left may be gone, so his answer proves nothing."""
    with replaced_snapshot(lease) as new:
        new.add([known("left", status=Status.LEFT), known("a"), known("b"), known("c")])
    found = remembered.witnesses(store)

    assert len(found[USER]) == 2
    assert "id-left" not in found[USER]
    assert found[GROUP] == ()


def test_memberships_seen_at_the_service_are_remembered(store: Store, lease: Lease) -> None:
    """One that is known already stays."""
    with replaced_snapshot(lease) as new:
        new.add([known("a"), known("b"), known("g", resource_type=GROUP)])
        new.add_members(key("g"), [key("b")])
    remembered.link_members(lease, [(key("g"), key("b")), (key("g"), key("a"))])

    assert remembered.members_of(store, key("g")) == [key("a"), key("b")]
