"""The ways in which makes of SCIM services differ, each with its choices. Pure."""

from enum import StrEnum


class UserDeletion(StrEnum):
    """What DELETE of a user means at the service."""

    FINAL = "final"
    PENDING = "pending"
    """The user goes to a list from which it can be restored (*pending deletion* of the IIJ ID Service)."""


class RestoreMethod(StrEnum):
    """How a user who had left comes back."""

    POST = "post"
    """The same user is created again; the service pairs it by login and externalId."""
    ACTIVATE = "activate"
    """`active` becomes true."""


class UpdateMethod(StrEnum):
    """How attributes are changed where the service offers both ways."""

    PATCH = "patch"
    PUT = "put"


class ListingMethod(StrEnum):
    """How resources are listed and looked up (RFC 7644 §3.4.2, §3.4.3)."""

    GET = "get"
    SEARCH = "search"
    """POST to `/.search` below the endpoint: no filter in any URL, so none in any access log."""


class PatchPaths(StrEnum):
    """How an operation of a PATCH says what it changes (RFC 7644 §3.5.2)."""

    WRITTEN = "written"
    """`"path": "title", "value": "Dr"`."""
    IN_VALUE = "in-value"
    """No path: `"value": {"title": "Dr"}`. A removal keeps its path, since the RFC knows it no other way."""


class MemberAdditions(StrEnum):
    """How members are added to a group."""

    ARRAY = "array"
    """One operation with all of them."""
    ONE_EACH = "one-each"
    """One operation a member."""


class MemberRemovals(StrEnum):
    """How members are taken out of a group."""

    BY_FILTER = "by-filter"
    """`"path": "members[value eq \"…\"]"`, one operation a member (RFC 7644 §3.5.2.2)."""
    BY_VALUE = "by-value"
    """`"path": "members", "value": [{"value": "…"}, …]`: outside the RFC, and the one way at some services."""


class MembersShown(StrEnum):
    """Where the service shows the members of a group."""

    LISTS = "lists"
    """In lists, and in the group itself."""
    ONE_GROUP = "one-group"
    """In the answer to a GET of one group only."""
    NOWHERE = "nowhere"
    """Nowhere: an empty list says nothing; what we remember counts."""


class Paging(StrEnum):
    """How the pages of a listing follow one another."""

    INDEX = "index"
    """`startIndex` (RFC 7644 §3.4.2.4)."""
    CURSOR = "cursor"
    """`cursor` and `nextCursor` (RFC 9865)."""
