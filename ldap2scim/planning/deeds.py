"""What an operation does to somebody, as the limits count it. Pure."""

from collections.abc import Callable, Iterable, Mapping

from ldap2scim.model import ResourceType
from ldap2scim.planning.operations import Adopt, Create, Delete, Operation, Restore, Update
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
    return _DOES[deed](operation)


def is_rename(operation: Operation) -> bool:
    """Say whether somebody's login or name, as others see it, changes to another one."""
    changes = changes_of(operation)
    if not changes:
        return False
    names = _NAMES[operation.resource_type]
    return any(change.path in names and change.old is not None for change in changes)


def doing(operations: Iterable[Operation], deed: Deed) -> list[Operation]:
    """Return the operations that count as this deed."""
    does_it = _DOES[deed]
    return [operation for operation in operations if does_it(operation)]


def _is(kind: type[Operation]) -> Callable[[Operation], bool]:
    return lambda operation: isinstance(operation, kind)


_DOES: Mapping[Deed, Callable[[Operation], bool]] = {
    Deed.CREATE: _is(Create),
    Deed.ADOPT: _is(Adopt),
    Deed.RENAME: is_rename,
    Deed.RESTORE: _is(Restore),
    Deed.UPDATE: _is(Update),
    Deed.DEACTIVATE: lambda operation: is_removal(operation) and not isinstance(operation, Delete),
    Deed.DELETE: _is(Delete),
    Deed.REMOVE: is_removal,
}


def would(kind: ResourceType, count: int, deed: Deed) -> str:
    """Return `6 users would be renamed`."""
    return f"{plural(kind, count)} {_WOULD[deed]}"
