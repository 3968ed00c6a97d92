"""The kinds of operations that a person may release apart from one another. Pure."""

from collections.abc import Collection, Iterable

from ldap2scim.errors import PlanError
from ldap2scim.model import ResourceType
from ldap2scim.planning.operations import (
    Adopt,
    ChangeMembers,
    Create,
    Deactivate,
    Delete,
    HeldOperation,
    Operation,
    Restore,
    Update,
)
from ldap2scim.planning.orphans import is_of_an_orphan
from ldap2scim.planning.removals import is_removal

_OF_ORPHANS = (
    (Deactivate.verb, ResourceType.USER),
    (Delete.verb, ResourceType.USER),
    (Delete.verb, ResourceType.GROUP),
)
KINDS: tuple[str, ...] = (
    *(
        f"{kind.verb} {resource.value.lower()}"
        for kind in (Create, Adopt, Restore, Update, Deactivate, Delete)
        for resource in ResourceType
        if not (kind is Deactivate and resource is ResourceType.GROUP)
    ),
    ChangeMembers.verb,
    *(f"{verb} orphaned {resource.value.lower()}" for verb, resource in _OF_ORPHANS),
)
"""`create user`, `delete group`, …, `change members`, `delete orphaned user`."""


def kind_of(operation: Operation) -> str:
    """Return the kind of an operation, one of `KINDS`.

    An update that turns `active` off is a deactivation: whoever releases updates alone would not expect it. Nor would
    who releases those who have left expect what merely looks like one of ours.
    """
    if isinstance(operation, ChangeMembers):
        return operation.verb
    verb = Deactivate.verb if is_removal(operation) and not isinstance(operation, Delete) else operation.verb
    orphaned = "orphaned " if is_of_an_orphan(operation) else ""
    return f"{verb} {orphaned}{operation.resource_type.value.lower()}"


def kinds_named(names: Iterable[str]) -> frozenset[str]:
    """Return the kinds that a person names: `delete user`, or `delete` for those of users and of groups; `orphaned`.

    Raises:
        PlanError: a name that is no kind's.
    """
    chosen: set[str] = set()
    for name in names:
        asked = " ".join(name.replace("-", " ").replace("_", " ").casefold().split())
        meant = [kind for kind in KINDS if asked in {kind, kind.rpartition(" ")[0]} or asked in kind.split()[1:-1]]
        if not meant or not asked:
            raise PlanError(f"{name!r} is no kind of operation.", f"Kinds are: {', '.join(KINDS)}.")
        chosen.update(meant)
    return frozenset(chosen)


def of_kinds(held: Iterable[HeldOperation], kinds: Collection[str] | None) -> tuple[HeldOperation, ...]:
    """Return those of some kinds; None: all."""
    return tuple(one for one in held if kinds is None or kind_of(one.operation) in kinds)
