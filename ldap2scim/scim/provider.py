"""A service provider as its client sees it: requests, responses, capabilities. Pure types."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from ldap2scim.model import ResourceType

Json: TypeAlias = Mapping[str, Any]
"""A JSON object on the wire."""


@dataclass(frozen=True, slots=True)
class ScimRequest:
    """One request of RFC 7644 §3, ready to be sent."""

    method: str
    path: str
    """Below the base URL, percent-encoded: `/Users`, `/Groups/2819c223`."""
    body: Json | None = None
    query: tuple[tuple[str, str], ...] = ()
    if_match: str | None = None
    """Version that the resource must still have (RFC 7644 §3.14)."""


@dataclass(frozen=True, slots=True)
class ScimResponse:
    """The answer to a request that the service carried out."""

    status: int
    body: Json | None
    """None for 204 and for an empty body."""
    etag: str | None = None
    location: str | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the service says of itself (RFC 7643 §5), corrected by its profile."""

    patch: bool
    filter: bool
    etag: bool
    bulk: bool
    sort: bool
    max_results: int | None
    """The most resources that one page holds; None where unknown."""
    cursor: bool = False
    """Cursors lead from page to page (RFC 9865), in place of indexes."""


class ServiceProvider(Protocol):
    """A connection to a SCIM service; an asynchronous context manager."""

    async def capabilities(self) -> Capabilities:
        """Fetch `/ServiceProviderConfig` once; where the service has none, what its profile says."""

    async def send(self, request: ScimRequest) -> ScimResponse:
        """Send one request, waiting as rate limits ask and trying again where that is safe.

        Raises:
            ServiceUnavailable, AccessRefused, UniquenessConflict, VersionConflict, ResourceNotFound,
            RequestRejected, NotScim: the request was not carried out.
            OutcomeUnknown: a write was sent and what became of it is not known.
        """

    def list_all(
        self, resource_type: ResourceType, scim_filter: str | None = None, excluded: tuple[str, ...] = ()
    ) -> AsyncIterator[Json]:
        """Read every resource of a kind, page after page, to the proven end.

        Raises:
            NotScim: totals, pages and ids contradict one another; the listing is not complete.
        """
