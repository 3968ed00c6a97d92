"""Why operations are held, by what names them in a plan. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.operations import Operation

Reasons: TypeAlias = Mapping[tuple[Key, str], str]
"""By key and verb of an operation: sentences with counts, the limit, and what to do."""
APPROVE = "approve the plan's id if this is wanted"
NAMED_IN_A_SENTENCE = 3
"""Names, or errors, that one sentence gives as examples."""


def identity(operation: Operation) -> tuple[Key, str]:
    """Return what names an operation in a plan: its key and verb."""
    return (operation.key, operation.verb)


def of_type(operations: Iterable[Operation], resource_type: ResourceType) -> list[Operation]:
    """Return the operations on one kind of resource."""
    return [operation for operation in operations if operation.resource_type is resource_type]


def after(earlier: int) -> str:
    """Return what is said of those that count from earlier runs of the day."""
    return f", after {earlier} in the last 24 hours" if earlier else ""


def joined(sentences: Mapping[tuple[Key, str], Sequence[str]]) -> Reasons:
    """Return all sentences about each operation as one reason."""
    return {name: " ".join(said) for name, said in sentences.items()}
