"""The operations that a plan is made of. Pure values.

Order belongs to the operation: `rank` sorts a plan so that a name or e-mail given up by one resource is free
before another takes it, people exist before the groups that list them, and groups before their members.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from ldap2scim.model import AttributeValue, Key, ResourceType
from ldap2scim.planning.packed import Packed


@dataclass(frozen=True, slots=True)
class AttributeChange:
    """One attribute that differs."""

    path: str
    """`title`, `name.family_name`, `enterprise.department`, `emails`, `extensions.URN.attribute`."""
    old: AttributeValue | None
    new: AttributeValue | None
    """None: the attribute has no value any more."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Fingerprints of what an operation was decided from; when either moved, the operation is refused."""

    desired: str | None
    known: str | None


@dataclass(frozen=True, slots=True)
class _Operation:
    key: Key
    resource_type: ResourceType
    name: str
    """What a person calls it: the DN, of a leaver the last one, or where none is known the login or group name."""
    inputs: Inputs

    verb: ClassVar[str]
    rank: ClassVar[int]

    @property
    def sort_key(self) -> tuple[int, int, str, str]:
        return (self.rank, 0 if self.resource_type is ResourceType.USER else 1, self.name, self.key)


def _packed(kind: Any) -> Any:  # noqa: ANN401 - to mypy a decorated class stays what it is
    """Let the operations of a kind keep their essences packed: a plan has a hundred thousand of them, for hours."""
    kind.essence = Packed(kind.essence)
    return kind


@_packed
@dataclass(frozen=True, slots=True)
class Create(_Operation):
    """A resource that the service does not have."""

    essence: str
    verb: ClassVar[str] = "create"
    rank: ClassVar[int] = 30


@_packed
@dataclass(frozen=True, slots=True)
class Adopt(_Operation):
    """A resource of the service that has our externalId and is managed from now on, brought in step."""

    service_id: str
    version: str | None
    essence: str
    changes: tuple[AttributeChange, ...]
    replaces: Key | None = None
    """The key whose snapshot row it takes over, where an entry was re-created under a stable externalId."""
    verb: ClassVar[str] = "adopt"
    rank: ClassVar[int] = 10


@_packed
@dataclass(frozen=True, slots=True)
class Restore(_Operation):
    """A resource that had left and comes back: reactivated, or taken out of pending deletion."""

    service_id: str
    version: str | None
    essence: str
    changes: tuple[AttributeChange, ...]
    replaces: Key | None = None
    """As of `Adopt`, where the entry came back re-created."""
    verb: ClassVar[str] = "restore"
    rank: ClassVar[int] = 25


@_packed
@dataclass(frozen=True, slots=True)
class Update(_Operation):
    """A managed resource whose attributes differ."""

    service_id: str
    version: str | None
    essence: str
    changes: tuple[AttributeChange, ...]
    verb: ClassVar[str] = "update"
    rank: ClassVar[int] = 20


@dataclass(frozen=True, slots=True)
class ChangeMembers(_Operation):
    """Members that enter or leave one group. `service_id` is None when the group is created by the same plan."""

    service_id: str | None
    added: tuple[Key, ...]
    removed: tuple[Key, ...]
    verb: ClassVar[str] = "change members"
    rank: ClassVar[int] = 40


@dataclass(frozen=True, slots=True)
class Deactivate(_Operation):
    """A leaver, at a service where leavers are disabled rather than deleted."""

    service_id: str
    version: str | None
    verb: ClassVar[str] = "deactivate"
    rank: ClassVar[int] = 50


@dataclass(frozen=True, slots=True)
class Delete(_Operation):
    """A resource that has left the directory or its scope."""

    service_id: str
    version: str | None
    verb: ClassVar[str] = "delete"
    rank: ClassVar[int] = 60


Operation: TypeAlias = Create | Adopt | Restore | Update | ChangeMembers | Deactivate | Delete


@dataclass(frozen=True, slots=True)
class HeldOperation:
    """An operation that is not carried out until a person approves it."""

    operation: Operation
    reasons: tuple[str, ...]
