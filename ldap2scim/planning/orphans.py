"""Resources of the service that look like ours, and that no entry has and no snapshot remembers. Pure.

There is no snapshot from which they have gone, so nobody proved that they left: their removal is proposed and always
held, whatever the limits, and a person decides.
"""

from typing import TYPE_CHECKING, Final

from ldap2scim.essence import from_essence
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.operations import Deactivate, Delete, HeldOperation, Inputs, Operation
from ldap2scim.planning.states import Leaving

if TYPE_CHECKING:
    from ldap2scim.planning.correlate import ServiceResource

ORPHANED: Final = "@orphaned"
"""Directory part of their keys, `@orphaned:User:<id>`. No directory has this name."""
_BEGIN: Final = f"{ORPHANED}:"


def orphan_key(kind: ResourceType, service_id: str) -> Key:
    """Return what a plan calls an orphaned resource by."""
    return Key(f"{ORPHANED}:{kind.value}:{service_id}")


def orphan_of(key: Key) -> tuple[ResourceType, str] | None:
    """Return kind and service id of an orphaned resource; None for a key of an entry."""
    directory, _, rest = key.partition(":")
    kind, _, service_id = rest.partition(":")
    return (ResourceType(kind), service_id) if directory == ORPHANED else None


def is_of_an_orphan(operation: Operation) -> bool:
    """Say whether an operation is about a resource that is managed by nobody, and so in no account."""
    return operation.key.startswith(_BEGIN)


def orphan_removal(kind: ResourceType, resource: "ServiceResource", leavers: Leaving) -> HeldOperation | None:
    """Return what would become of a leaver, held; None where it is done: it is disabled, and leavers are disabled."""
    disabled = from_essence(resource.essence).get("active") is False
    disabling = kind is ResourceType.USER and leavers is Leaving.DEACTIVATE
    if disabling and disabled:
        return None
    remove = Deactivate if disabling else Delete
    operation = remove(
        key=orphan_key(kind, resource.service_id),
        resource_type=kind,
        name=resource.login or resource.service_id,
        inputs=Inputs(None, resource.fingerprint),
        service_id=resource.service_id,
        version=resource.version,
    )
    return HeldOperation(operation, (_WHY[remove.verb],))


_WHY: Final = {
    verb: "Orphaned: its externalId looks like one of ours, no entry has it, and nothing remembers it, so that nobody "
    f"proved that it has left. If it has, approve the plan's id to {verb} it; if it is another program's, narrow "
    "`service.filter` so that it is not seen."
    for verb in (Deactivate.verb, Delete.verb)
}
