"""Rows of the snapshot, and the changes that a confirmed outcome makes to it. Pure values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from ldap2scim.model import Key, ResourceType


class Status(StrEnum):
    """Whether a managed resource is still wanted."""

    MANAGED = "managed"
    LEFT = "left"
    """Deactivated, or in pending deletion; comes back by Restore."""


@dataclass(frozen=True, slots=True)
class SnapshotRow:
    """What the service confirmed of one resource."""

    key: Key
    resource_type: ResourceType
    service_id: str
    external_id: str | None
    login: str | None
    """The login of a person, the name of a group."""
    fingerprint: str
    essence: str
    version: str | None = None
    """ETag (RFC 7644 §3.14); None where the service has none."""
    status: Status = Status.MANAGED
    managed_since: datetime | None = None
    """None: what is stored stays, and a new row has the time of its writing."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The service confirmed this state of a resource, new or known."""

    row: SnapshotRow
    replaces: Key | None = None
    """The key whose row, with its memberships, becomes this one (`Adopt.replaces`)."""
    found: str | None = None
    """Essence that the service held before we adopted it; None: it was ours, or is new."""


@dataclass(frozen=True, slots=True)
class Gone:
    """The service has the resource no more; its memberships went with it."""

    key: Key


@dataclass(frozen=True, slots=True)
class MembersChanged:
    """The service confirmed that members entered or left a group."""

    group: Key
    added: tuple[Key, ...] = ()
    removed: tuple[Key, ...] = ()
    version: str | None = None
    """The group's new ETag; None where the answer had none, and then the stored one is no longer trusted."""


SnapshotChange: TypeAlias = Confirmed | Gone | MembersChanged
