"""What an operation does to somebody, as the limits count it. Pure."""

from collections.abc import Iterable

from ldap2scim.model import ResourceType
from ldap2scim.planning.operations import Adopt, Create, Deactivate, Delete, Operation, Restore, Update
from ldap2scim.planning.policy import Deed
from ldap2scim.planning.removals import changes_of, is_removal, plural

_NAMES = {ResourceType.USER: frozenset({"user_name", "display_name"}), ResourceType.GROUP: frozenset({"display_name"})}
_WOULD = {
    Deed.CREATE: "would be created",
    Deed.ADOPT: "would be adopted",
    Deed.RENAME: "would be renamed",
    Deed.RESTORE: "would come back",
    Deed.UPDATE: "would be updated",
    Deed.DEACTIVATE: "would be deactivated",
    Deed.DELETE: "would be deleted",
    Deed.REMOVE: "would be removed or deactivated",
}


def does(operation: Operation, deed: Deed) -> bool:
    """Say whether an operation counts as this deed; it may count as several."""
    match deed:
        case Deed.CREATE:
            return isinstance(operation, Create)
        case Deed.ADOPT:
            return isinstance(operation, Adopt)
        case Deed.RENAME:
            return is_rename(operation)
        case Deed.RESTORE:
            return isinstance(operation, Restore)
        case Deed.UPDATE:
            return isinstance(operation, Update)
        case Deed.DEACTIVATE:
            return is_removal(operation) and not isinstance(operation, Delete)
        case Deed.DELETE:
            return isinstance(operation, Delete)
        case Deed.REMOVE:
            return is_removal(operation)


def is_rename(operation: Operation) -> bool:
    """Say whether somebody's login or name, as others see it, changes to another one."""
    if isinstance(operation, Create | Delete | Deactivate):
        return False
    names = _NAMES[operation.resource_type]
    return any(change.path in names and change.old is not None for change in changes_of(operation))


def doing(operations: Iterable[Operation], deed: Deed) -> list[Operation]:
    """Return the operations that count as this deed."""
    return [operation for operation in operations if does(operation, deed)]


def would(kind: ResourceType, count: int, deed: Deed) -> str:
    """Return `6 users would be renamed`."""
    return f"{plural(kind, count)} {_WOULD[deed]}"
