"""The way to a SCIM service: connections, trust, proxy, and what became of one exchange.

httpx's transport is used without its client: the client adds cookies, redirects and proxies from the environment,
which nobody asked for, and logs whole URLs, in which a filter names people.
"""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Final, NamedTuple, TypeAlias

import httpx

from ldap2scim.errors import OutcomeUnknown, ServiceError, ServiceUnavailable, SettingsError
from ldap2scim.scim.provider import ScimRequest
from ldap2scim.scim.requests import is_write
from ldap2scim.scim.responses import ASK_LATER
from ldap2scim.scim.settings import ProxySettings, ServiceSettings
from ldap2scim.scim.tls import our_certificate_refused, permanent_cause, show_certificate, trust

KEEP_ALIVE: Final = 4.0
"""Seconds. Many servers close an idle connection after 5; a POST on a connection that closes is in doubt."""

Lane: TypeAlias = httpx.AsyncBaseTransport
"""What carries one request at a time."""
Prepared: TypeAlias = httpx.Request

_NO_ANSWER: Final = (
    "Run again; check the network and the timeout. If no answer ever comes, the service may want a client certificate "
    "(`client_certificate`)."
)
_NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


class Answer(NamedTuple):
    """An answer as it came."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    tells_quota: bool
    """Whether the headers say anything of a quota: most say nothing, and to look closely takes time."""


class Lanes:
    """The connections to one service. No more exchanges may be under way than there are lanes."""

    def __init__(self, lanes: Sequence[Lane], proxy: ProxySettings | None) -> None:
        """Prepare.

        Args:
            lanes: each carries one request at a time.
            proxy: by way of which they go, for messages.
        """
        self._where = "the service" if proxy is None else f"the service by way of the proxy {proxy.url}"
        self._lanes = tuple(dict.fromkeys(lanes))
        self._free = list(lanes)
        self._open = AsyncExitStack()

    async def open(self) -> None:
        """Get ready; nothing is sent."""
        for lane in self._lanes:
            await self._open.enter_async_context(lane)

    async def close(self) -> None:
        """Close every connection."""
        await self._open.aclose()

    async def exchange(self, request: ScimRequest, prepared: Prepared) -> Answer:
        """Send `prepared`, which is `request` on the wire, and return the answer, whatever it says.

        Raises:
            ServiceUnavailable: it was surely not carried out, or changes nothing.
            OutcomeUnknown: it was sent, and no answer came.
            ServiceError: there will be no connection next time either.
        """
        lane = self._free.pop()  # the one used last: its connection is the least likely to have been closed
        try:
            response = await lane.handle_async_request(prepared)
            content = await _body_of(response)
            return Answer(response.status_code, response.headers, content, _tells_quota(response.headers))
        except asyncio.CancelledError:
            # httpcore protects its tidying up from anyio's cancellation and not from that of a task: a connection that
            # was just being given back would be waited for without end.
            await lane.aclose()
            raise
        except (httpx.HTTPError, ssl.SSLError) as error:
            # What TLS 1.3 says after its handshake comes as the error of the ssl module, unwrapped.
            raise _translated(request, error, self._where) from error
        finally:
            self._free.append(lane)


def open_lanes(settings: ServiceSettings) -> tuple[Lane, ...]:
    """Return a way to the service for each request that may be under way at once.

    Raises:
        SettingsError: proxy, CA file or client certificate cannot be used.
    """
    # One connection each: a pool looks at all of its connections for every request, a third of its time with 8.
    limits = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEP_ALIVE)
    context = httpx.create_ssl_context(verify=settings.verify_certificate, trust_env=False)
    if settings.verify_certificate:
        trust(context, settings.ca_file)
    show_certificate(context, settings)
    proxy = _proxy(settings.proxy)
    return tuple(
        httpx.AsyncHTTPTransport(verify=context, trust_env=False, limits=limits, proxy=proxy)
        for _ in range(max(1, settings.concurrency))
    )


def unknown(request: ScimRequest, status: int | None, why: str = "") -> OutcomeUnknown:
    """Return the error of a write that was sent and whose fate is not known."""
    message = (
        f"{request.method} {request.path} was sent and no usable answer came{why}; what became of it is not known."
    )
    return OutcomeUnknown(message, ASK_LATER, status)


def _tells_quota(headers: httpx.Headers) -> bool:
    # In one piece: name by name it takes as long as a tenth of the whole exchange.
    names = b"\n".join([name for name, _ in headers.raw]).lower()
    return b"ratelimit" in names or b"rate-limit" in names


async def _body_of(response: httpx.Response) -> bytes:
    try:
        return await response.aread()
    except BaseException:
        await response.aclose()  # else the connection is lost to the pool
        raise


def _translated(request: ScimRequest, error: httpx.HTTPError | ssl.SSLError, where: str) -> ServiceError:
    asked = f"{request.method} {request.path}"
    mid_way = isinstance(error, ssl.SSLError) and not our_certificate_refused(error)
    if not mid_way and (reason := permanent_cause(error)):
        return ServiceError(
            f"{asked}: no connection to {where}: {reason}.",
            "Check the base URL, `proxy` if there is one, and for an own certificate authority `ca_file`.",
        )
    what = type(error).__name__
    if isinstance(error, _NOT_SENT):
        return ServiceUnavailable(
            f"{asked}: no connection to {where} ({what}).", "Check that the service and the proxy can be reached."
        )
    if is_write(request):
        return unknown(request, None, f" ({what})")
    return ServiceUnavailable(f"{asked}: no answer came ({what}).", _NO_ANSWER)


def _proxy(settings: ProxySettings | None) -> httpx.Proxy | None:
    if settings is None:
        return None
    password = settings.password.reveal() if settings.password else ""
    try:
        return httpx.Proxy(settings.url, auth=(settings.user, password) if settings.user else None)
    except (httpx.InvalidURL, ValueError) as error:
        raise SettingsError(
            (f"service.proxy: `{settings.url}` is not the URL of a proxy (http://host:port).",)
        ) from error
