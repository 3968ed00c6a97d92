"""How one make of SCIM service differs from another. Pure values."""

from dataclasses import dataclass
from enum import Enum, auto


class Leaving(Enum):
    """What DELETE does to a user."""

    FINAL = auto()
    PENDING = auto()
    """Pending deletion: hidden from reads, while its userName and externalId stay taken."""


class UnknownMembers(Enum):
    """What becomes of a member whose id no resource has."""

    ACCEPTED = auto()
    REFUSED = auto()


@dataclass(frozen=True, slots=True)
class Personality:
    """The habits of a service; `dataclasses.replace` makes another make of it."""

    name: str
    user_leaving: Leaving = Leaving.FINAL
    unique: frozenset[str] = frozenset({"User.userName"})
    """Attributes that two resources of a kind may not share: `User.externalId`, `Group.displayName`."""
    unknown_members: UnknownMembers = UnknownMembers.ACCEPTED
    patch_supported: bool = True
    """False: the configuration says so, and PATCH is answered with 501 (RFC 7644 §3.5.2)."""
    max_results: int = 200
    """The most resources that one page holds, whatever `count` asks (RFC 7644 §3.4.2.4)."""
    extensions: frozenset[str] = frozenset()
    """URNs of further extension schemas that `/Schemas` and `/ResourceTypes` publish."""


PLAIN = Personality("plain")
"""What RFC 7643 and RFC 7644 say, and nothing else."""

IIJ_JAPANESE_USER = "urn:iij:params:scim:schemas:extension:enterprisejp:2.0:User"
OIDFJ_JAPANESE_USER = "urn:oidfj:params:scim:schemas:extention:enterprisejp:2.0:User"
"""Spelled so by its authors."""
IIJ_GROUP = "urn:iij:params:scim:schemas:extension:enterprise:2.0:Group"

IIJ_LIKE = Personality(
    "iij-like",
    user_leaving=Leaving.PENDING,
    unique=frozenset({"User.userName", "User.externalId", "Group.displayName"}),
    unknown_members=UnknownMembers.REFUSED,
    extensions=frozenset({IIJ_JAPANESE_USER, OIDFJ_JAPANESE_USER, IIJ_GROUP}),
)
"""Ours, and not IIJ's: modelled on what the public manuals of the IIJ ID Service describe.

DELETE of a user is pending deletion; POST with the same userName and the same externalId restores it, with 201
and the id it had; any other clash with it is 409. DELETE of a group is final. Group names are unique.
"""

PERSONALITIES = {each.name: each for each in (PLAIN, IIJ_LIKE)}
