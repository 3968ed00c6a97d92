"""How one make of SCIM service differs from another. Pure values."""

from dataclasses import dataclass
from datetime import UTC, tzinfo
from enum import Enum, auto
from typing import Protocol

from ldap2scim.sandbox.service.wire import Object


class Leaving(Enum):
    """What DELETE does to a user."""

    FINAL = auto()
    PENDING = auto()
    """Pending deletion: hidden from reads, while its userName and externalId stay taken."""


class Restoring(Enum):
    """How a user comes back out of pending deletion."""

    BY_POST = auto()
    """POST of a user with the same userName and externalId; 201, and the id it had."""
    BY_ACTIVATION = auto()
    """PATCH or PUT of the user by its id, with `active: true`."""


class PendingReads(Enum):
    """What reads and searches say of a user in pending deletion."""

    HIDDEN = auto()
    SHOWN = auto()
    """With `active: false`."""


class Ids(Enum):
    """What the ids of resources are."""

    OPAQUE = auto()
    NUMBERS = auto()
    """JSON numbers, against RFC 7643 §3.1."""
    NAMES = auto()
    """The userName or displayName: a rename changes the id."""


class UnknownMembers(Enum):
    """What becomes of a member whose id no resource has."""

    ACCEPTED = auto()
    REFUSED = auto()


class Tenant(Protocol):
    """What one customer's part of a service takes, beyond the types of the schemas."""

    def accepted(self, kind: str, attributes: Object, old: Object) -> Object:
        """Return attributes as they are kept, with what the service fills in itself; `old` has those before.

        Raises:
            Refused: a value that the service does not take.
        """


@dataclass(frozen=True, slots=True)
class Personality:
    """The habits of a service; `dataclasses.replace` makes another make of it."""

    name: str
    user_leaving: Leaving = Leaving.FINAL
    restoring: Restoring = Restoring.BY_POST
    pending_reads: PendingReads = PendingReads.HIDDEN
    unique: frozenset[str] = frozenset({"User.userName"})
    """Attributes that two resources of a kind may not share: `User.externalId`, `Group.displayName`."""
    unknown_members: UnknownMembers = UnknownMembers.ACCEPTED
    ids: Ids = Ids.OPAQUE
    patch_supported: bool = True
    """False: the configuration says so, and PATCH is answered with 501 (RFC 7644 §3.5.2)."""
    etag_supported: bool = True
    """False: no versions, neither in `meta` nor as a header."""
    max_results: int = 200
    """The most resources that one page holds, whatever `count` asks (RFC 7644 §3.4.2.4)."""
    extensions: frozenset[str] = frozenset()
    """URNs of further extension schemas that `/Schemas` and `/ResourceTypes` publish."""
    read_only: frozenset[str] = frozenset()
    """Attributes that the published schemas call read-only, beyond the RFC: `User.displayName`."""
    zone: tzinfo = UTC
    """Of the times in `meta`."""
    tenant: Tenant | None = None
    """None: whatever the schemas allow is taken as it comes."""


PLAIN = Personality("plain")
"""What RFC 7643 and RFC 7644 say, and nothing else."""

IIJ_JAPANESE_USER = "urn:iij:params:scim:schemas:extension:enterprisejp:2.0:User"
OIDFJ_JAPANESE_USER = "urn:oidfj:params:scim:schemas:extention:enterprisejp:2.0:User"
"""Spelled so by its authors."""
IIJ_GROUP = "urn:iij:params:scim:schemas:extension:enterprise:2.0:Group"
IIJ_GROUP_MEMBER = "urn:iij:params:scim:schemas:extension:enterprise:2.0:GroupMember"

IIJ_LIKE = Personality(
    "iij-like",
    user_leaving=Leaving.PENDING,
    unique=frozenset({"User.userName", "User.externalId", "Group.displayName"}),
    unknown_members=UnknownMembers.REFUSED,
    extensions=frozenset({IIJ_JAPANESE_USER, OIDFJ_JAPANESE_USER, IIJ_GROUP}),
)
"""Ours, and not IIJ's: any SCIM service, with the states of a user that the IIJ ID Service has. `iij_id` is stricter.

DELETE of a user is pending deletion; POST with the same userName and the same externalId restores it, with 201
and the id it had; any other clash with it is 409. DELETE of a group is final. Group names are unique.
"""
