"""What became of one operation, and what the operations need to remember. Pure values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from ldap2scim.errors import ServiceError
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.operations import Operation
from ldap2scim.planning.proof import Proof
from ldap2scim.state.snapshot_rows import SnapshotChange, SnapshotRow


@dataclass(frozen=True, slots=True)
class Applied:
    """The service confirmed the operation."""

    operation: Operation
    change: SnapshotChange
    ignored: tuple[str, ...] = ()
    """Attributes that the service did not take over."""
    missing: tuple[Key, ...] = ()
    """Members that are not at the service yet; the next run adds them."""
    proof: Proof | None = None
    """None: the service said that it succeeded, and showed nothing."""
    still_active: bool = False
    """Whether it is active at the service and not in the directory: the next run plans from what `change` says."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The service refused the operation, or what was done before it broke is in `change`."""

    operation: Operation
    error: ServiceError
    change: SnapshotChange | None = None
    tried: bool = True
    """False: nothing was sent, since the service had been given up."""


@dataclass(frozen=True, slots=True)
class InDoubt:
    """A request was sent, and what became of it is not known."""

    operation: Operation
    error: ServiceError
    change: SnapshotChange | None = None


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Nothing was sent, since too many operations of its kind had failed; the next run goes on with it."""

    operation: Operation
    why: str
    change: None = None


Done: TypeAlias = Applied | Failed | InDoubt | HeldBack


class Remembered(Protocol):
    """What the snapshot knows of the resources that operations name."""

    def id_of(self, key: Key) -> str | None:
        """Return the service's id of a resource."""

    def is_group(self, key: Key) -> bool:
        """Say whether a resource is a group; known where groups are kept in groups."""

    def members_of(self, group: Key) -> Sequence[tuple[Key, str]]:
        """Return the members of a group as last confirmed, with their ids; asked only where there is no PATCH."""

    def row_of(self, key: Key) -> SnapshotRow | None:
        """Return the row of a resource that leaves."""

    def member_count(self, group: Key) -> int:
        """Return how many members a group had as last confirmed."""

    def owner_of(self, resource_type: ResourceType, service_id: str) -> Key | None:
        """Return whose resource an id is, as far as one is managed."""
