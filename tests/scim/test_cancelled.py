"""A request that is cancelled, as Ctrl-C does it, takes no connection with it."""

import asyncio
from collections.abc import Awaitable

import pytest
from httpcore._async.http11 import AsyncHTTP11Connection

from ldap2scim.sandbox.service import embedded_service
from ldap2scim.scim.client import connect
from ldap2scim.scim.requests import SERVICE_PROVIDER_CONFIG
from ldap2scim.secret import Secret
from tests.scim.answering import settings


async def test_a_request_that_is_cancelled_while_it_gives_its_connection_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one gets an answer: httpcore protects that moment from other cancellations than a task's."""
    give_back = AsyncHTTP11Connection._response_closed

    def cancelled(connection: AsyncHTTP11Connection) -> Awaitable[None]:
        monkeypatch.undo()
        if (task := asyncio.current_task()) is not None:
            task.cancel()
        return give_back(connection)

    with embedded_service() as service:
        one = settings(base_url=service.base_url, token=Secret(service.token), concurrency=1)
        async with connect(one) as provider:
            monkeypatch.setattr(AsyncHTTP11Connection, "_response_closed", cancelled)
            first = asyncio.create_task(provider.send(SERVICE_PROVIDER_CONFIG))
            with pytest.raises(asyncio.CancelledError):
                await first
            async with asyncio.timeout(10):
                assert (await provider.send(SERVICE_PROVIDER_CONFIG)).status == 200
