"""The embedded SCIM service on a real socket of this machine, in a thread."""

import asyncio
import hmac
import logging
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from ldap2scim.sandbox.service.app import Endpoints
from ldap2scim.sandbox.service.control import CONTROL_PATH, Control
from ldap2scim.sandbox.service.door import ABORT, Door
from ldap2scim.sandbox.service.faults import Faults
from ldap2scim.sandbox.service.identifiers import Identifiers
from ldap2scim.sandbox.service.personality import PLAIN, Ids, Personality
from ldap2scim.sandbox.service.requests import RecordedRequest, RequestLog
from ldap2scim.sandbox.service.store import Store
from ldap2scim.sandbox.service.tokens import Tokens

BASE_PATH = "/scim/v2"
_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class EmbeddedService:
    """A running service, with everything that a test or a demonstration wants to touch."""

    base_url: str
    token: str
    """The first one; `tokens` issues others."""
    tokens: Tokens
    personality: Personality
    store: Store
    faults: Faults
    log: RequestLog

    @property
    def requests(self) -> tuple[RecordedRequest, ...]:
        """Every request since the start or the last `clear_requests`, oldest first."""
        return self.log.all()

    def writes(self) -> tuple[RecordedRequest, ...]:
        """Return the requests that asked for a change."""
        return tuple(request for request in self.log.all() if request.is_write)

    def clear_requests(self) -> None:
        """Forget the requests so far."""
        self.log.clear()


class _BreakableProtocol(H11Protocol):
    """Leaves the function that breaks the connection in each request's scope, for the fault `DROP`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        inner = self.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            scope[ABORT] = transport.abort
            await inner(scope, receive, send)

        self.app = app


def application(service: EmbeddedService) -> ASGIApp:
    """Return the whole ASGI application of a service: SCIM below the base path, the control beside it."""
    endpoints: ASGIApp = Endpoints(service.store).router()
    if service.personality.ids is not Ids.OPAQUE:
        endpoints = Identifiers(endpoints, service.store)
    scim = Door(endpoints, service.tokens, BASE_PATH, service.faults, service.log)
    control = Control(service.store, service.faults, service.log).router()
    expected = f"Bearer {service.token}".encode()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path.startswith(f"{CONTROL_PATH}/"):
            if not hmac.compare_digest(dict(scope["headers"]).get(b"authorization", b""), expected):
                await PlainTextResponse("The bearer token is missing or wrong.", 401)(scope, receive, send)
                return
            await control({**scope, "path": path.removeprefix(CONTROL_PATH)}, receive, send)
        elif path.startswith(BASE_PATH):
            await scim(scope, receive, send)
        else:
            await PlainTextResponse(f"The SCIM service is at {BASE_PATH}.", 404)(scope, receive, send)

    return app


def listening_socket(port: int = 0) -> socket.socket:
    """Return a socket that listens on this machine alone; port 0 takes a free one."""
    # asyncio turns Nagle's algorithm off only where the protocol is named; with it on, an answer takes 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((_LOOPBACK, port))
    listener.listen(128)
    return listener


def new_service(port: int, personality: Personality, token: str | None, log_capacity: int | None) -> EmbeddedService:
    """Make the parts of a service that will answer at this port."""
    base_url = f"http://{_LOOPBACK}:{port}{BASE_PATH}"
    first = token or secrets.token_urlsafe(24)
    return EmbeddedService(
        base_url=base_url,
        token=first,
        tokens=Tokens(first),
        personality=personality,
        store=Store(personality, base_url),
        faults=Faults(),
        log=RequestLog(log_capacity),
    )


def server_of(service: EmbeddedService) -> uvicorn.Server:
    """Return the server of a service, quiet and without lifespan."""
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    config = uvicorn.Config(
        application(service),
        http=_BreakableProtocol,
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=75,  # seconds, as services have it; a client that was stopped for a while is not cut off
    )
    return uvicorn.Server(config)


@contextmanager
def embedded_service(
    personality: Personality = PLAIN, token: str | None = None, log_capacity: int | None = None
) -> Iterator[EmbeddedService]:
    """Run a service in a thread of this process while the block lasts.

    `token` None makes one by chance; `log_capacity` None keeps every request.

    Raises:
        RuntimeError: the server did not start.
    """
    with listening_socket() as listener:
        service = new_service(listener.getsockname()[1], personality, token, log_capacity)
        server = server_of(service)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="scim-service", daemon=True)
        thread.start()
        try:
            _wait_until_started(server, thread)
            yield service
        finally:
            server.should_exit = True
            thread.join(timeout=10)


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + 15
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("The embedded SCIM service did not start.")
        time.sleep(0.005)  # uvicorn sets a flag, and wakes nobody
