"""The rows that go into and come out of the directory image. Pure values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Final, NamedTuple

from ldap2scim.findings import Finding
from ldap2scim.model import Key, ResourceType


class Standing(StrEnum):
    """What the mapping made of an entry."""

    DESIRED = "desired"
    HELD = "held"
    OUT_OF_SCOPE = "out of scope"


class ReferenceKind(IntEnum):
    """How a group refers to a member. A login that looks like a DN is still no DN."""

    DN = 0
    UID = 1
    GUID = 2
    """The server's own name of the member: `ImageRow.uuid`."""
    SID = 3
    """A foreign security principal of Active Directory: `ImageRow.sid`, whichever directory has it."""


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One entry as read."""

    key: Key | None
    """None where not even the source anchor could be read and no old row has this DN (`ImageWriter.key_of_dn`)."""
    dn: str
    dn_normalised: str
    entry: bytes
    """Raw attributes by `encoding.pack`, without those that list members."""
    uid: str | None = None
    """The name by which `memberUid` (RFC 2307) refers to it, in the form that can be compared; or several."""
    members: tuple[str, ...] = ()
    """Normalised DNs that a group lists."""
    member_uids: tuple[str, ...] = ()
    """Values of `memberUid`, in the form that can be compared."""
    member_guids: tuple[tuple[str, str], ...] = ()
    """`uuid` of entries that a group lists, and the name that each had then."""
    member_sids: tuple[str, ...] = ()
    """`sid` of foreign principals that a group lists."""
    uuid: str | None = None
    """The server's own name for it: objectGUID or entryUUID, hyphenated and in lower case."""
    sid: str | None = None
    """objectSid of Active Directory, as text."""
    primary_group: str | None = None
    """The objectSid of the primary group of a person in Active Directory, as text."""

    @property
    def lists_nobody(self) -> bool:
        """Say whether it refers to no member, as all people do."""
        return not (self.members or self.member_uids or self.member_guids or self.member_sids)

    @property
    def names(self) -> tuple[str, ...]:
        """Return all by which others refer to it, but for the key."""
        return (self.dn, self.uid or "", self.uuid or "", self.sid or "", self.primary_group or "")


BETWEEN_UIDS: Final = "\n"
"""Several names in one `ImageRow.uid`."""


def joined_uids(names: Iterable[str]) -> str | None:
    """Return names as one `ImageRow.uid`, in whatever order they came; None for no name."""
    return BETWEEN_UIDS.join(sorted({*names})) or None


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A key that a second entry of the same read claims. The first stays in the image."""

    key: Key
    dn: str
    """Of the second."""
    other_dn: str
    """Of the first, normalised."""


@dataclass(frozen=True, slots=True)
class KnownName:
    """An entry of the image by its names."""

    id: int
    key: Key | None
    resource_type: ResourceType
    dn: str
    dn_normalised: str
    uuid: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """From where changes are read next time (`directory.changes.Position`), and what that rests on."""

    method: str
    cookie: bytes
    server: str
    identity: str
    """Of the server's database."""
    asked: str
    """Digest of the searches that the image answers."""
    full_read_at: datetime


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is kept of a proven read beside its entries."""

    server: str
    """`host:port` that answered."""
    server_state: str | None = None
    """JSON; what the server knew when the read began."""
    transferred: int = 0
    """Entries received, by whatever search."""
    place: Place | None = None
    """None: the next read is a full one."""


@dataclass(frozen=True, slots=True)
class ImageChanges:
    """What a committed read did to the image, in entries."""

    read_no: int
    new: int
    changed: int
    unchanged: int
    """Seen and found as they were."""
    removed: int
    repeated: int
    """Found by more than one search."""
    duplicates: tuple[Duplicate, ...]
    counts: Mapping[ResourceType, int]
    """Entries of each kind that the directory has after this read."""

    @property
    def any(self) -> bool:
        """Say whether the image is another one than before."""
        return bool(self.new or self.changed or self.removed)


class PendingRow(NamedTuple):
    """An entry that is to be mapped; a tuple, as a hundred thousand of them are made in a first run."""

    id: int
    key: Key | None
    resource_type: ResourceType
    dn: str
    entry: bytes


class MappedRow(NamedTuple):
    """What became of a pending row. One that is not desired has nothing but findings, and a time to look again.

    It has an essence and a fingerprint if, and only if, it is desired; `mapped.store_mapped` sees to it.
    """

    id: int
    standing: Standing
    findings: tuple[Finding, ...] = ()
    essence: str | None = None
    fingerprint: str | None = None
    external_id: str | None = None
    login: str | None = None
    """The login of a person, the name of a group."""
    email: str | None = None
    active: bool | None = None
    valid_until: datetime | None = None
    """When the clock alone will change the result; None: never."""
