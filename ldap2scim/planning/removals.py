"""What counts as a removal, and how many of them may flow (DESIGN §6). Pure."""

from ldap2scim.model import ResourceType
from ldap2scim.planning.operations import (
    Adopt,
    AttributeChange,
    Deactivate,
    Delete,
    Operation,
    Restore,
    Update,
)
from ldap2scim.planning.policy import RemovalLimit, SafetyPolicy


def changes_of(operation: Operation) -> tuple[AttributeChange, ...]:
    """Return the attribute changes of an operation; none where it has no such thing."""
    return operation.changes if isinstance(operation, _CHANGING) else ()


def is_removal(operation: Operation) -> bool:
    """Say whether somebody loses access: delete, deactivate, or `active` no longer true, whatever its cause."""
    if isinstance(operation, _LEAVING):
        return True
    changes = changes_of(operation)
    return bool(changes) and any(map(takes_access, changes))


def takes_access(change: AttributeChange) -> bool:
    """Say whether somebody who may be active is not any more by a change."""
    return change.path == "active" and change.old is not False and change.new is not True


# Asked many times of each operation: a tuple is looked through in a third of the time that a union takes.
_LEAVING = (Delete, Deactivate)
_CHANGING = (Adopt, Restore, Update)


def limit_for(policy: SafetyPolicy, resource_type: ResourceType) -> RemovalLimit:
    """Return the limit of one kind."""
    return policy.users if resource_type is ResourceType.USER else policy.groups


def most_removals(limit: RemovalLimit, managed: int) -> int:
    """Return how many of `managed` resources may be removed in 24 hours without a person."""
    return min(limit.most, max(limit.least, int(managed * limit.percent / 100)), managed // 3)


def plural(resource_type: ResourceType, count: int) -> str:
    """Return `1 user`, `2 groups`."""
    return f"{count} {resource_type.value.lower()}{'' if count == 1 else 's'}"
