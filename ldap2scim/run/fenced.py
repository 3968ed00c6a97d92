"""A service to which a run writes only while it holds its lease."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from ldap2scim.model import ResourceType
from ldap2scim.scim.provider import Capabilities, Json, ScimRequest, ScimResponse, ServiceProvider
from ldap2scim.state.lease import Lease


@dataclass(frozen=True, slots=True)
class Fenced:
    """A `ServiceProvider` for a run that may be stopped for longer than its lease lasts, as by a machine that sleeps.

    What was begun before that may have been settled, and decided anew, by another run.
    """

    service: ServiceProvider
    lease: Lease

    async def capabilities(self) -> Capabilities:
        """As of the service."""
        return await self.service.capabilities()

    async def send(self, request: ScimRequest) -> ScimResponse:
        """Send one request; before a write, see that no other run has taken over.

        Raises:
            RunRefused: another run has; nothing was sent.
            StateError: the state cannot be written.
            ServiceError: as of the service.
        """
        if request.method != "GET" and self.lease.may_be_lost():
            await asyncio.to_thread(self.lease.confirm)
        return await self.service.send(request)

    def list_all(
        self, resource_type: ResourceType, scim_filter: str | None = None, excluded: tuple[str, ...] = ()
    ) -> AsyncIterator[Json]:
        """As of the service."""
        return self.service.list_all(resource_type, scim_filter, excluded)
