"""The connection to a SCIM service: the one module that imports httpx, and the one layer that tries again.

httpx's transport is used without its client: the client adds cookies, redirects and proxies from the environment,
which nobody asked for, and logs whole URLs, in which a filter names people.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote, urlencode

import httpx
import orjson

from ldap2scim.errors import (
    AccessRefused,
    NotScim,
    OutcomeUnknown,
    RequestRejected,
    ResourceNotFound,
    ServiceError,
    ServiceUnavailable,
    SettingsError,
    VersionConflict,
    is_temporary,
)
from ldap2scim.findings import Finding
from ldap2scim.model import ResourceType
from ldap2scim.scim.capabilities import capabilities_of
from ldap2scim.scim.listing import list_resources
from ldap2scim.scim.profiles import Profile, by_name
from ldap2scim.scim.provider import Capabilities, Json, ScimRequest, ScimResponse
from ldap2scim.scim.rate import ATTEMPTS_IN_DOUBT, Clock, Pace, wait_before_retry
from ldap2scim.scim.requests import SERVICE_PROVIDER_CONFIG, Page, is_repeatable, is_write
from ldap2scim.scim.responses import ASK_LATER, judge
from ldap2scim.scim.settings import ProxySettings, ServiceSettings
from ldap2scim.scim.tls import permanent_cause, trust

logger = logging.getLogger("ldap2scim.scim")

KEEP_ALIVE: Final = 4.0
"""Seconds. Many servers close an idle connection after 5; a POST on a connection that closes is in doubt."""

_BROKEN: Final = frozenset({500, *range(200, 300)})
"""Statuses after which the same request may well break the service again."""
_NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


def connect(
    settings: ServiceSettings, *, transport: httpx.AsyncBaseTransport | None = None, clock: Clock | None = None
) -> "ScimConnection":
    """Return the connection to a service, to be used as an asynchronous context manager.

    `transport` takes the place of the network, and `clock` of time, in tests.

    Raises:
        SettingsError: base URL, token, proxy or CA file cannot be used.
    """
    lanes = _lanes(settings) if transport is None else (transport,) * max(1, settings.concurrency)
    return ScimConnection(settings, lanes, clock or Clock())


class ScimConnection:
    """A `ServiceProvider` over HTTP."""

    def __init__(self, settings: ServiceSettings, lanes: Sequence[httpx.AsyncBaseTransport], clock: Clock) -> None:
        self.profile: Profile = by_name(settings.profile)
        self._address = _Address(_base_url(settings, self.profile))
        self._headers = _headers(settings, self.profile)
        self._extensions = {"timeout": _timeout(settings)}
        self._budget = settings.retry_budget
        self._lanes = tuple(dict.fromkeys(lanes))
        self._free = list(lanes)
        self._slots = asyncio.Semaphore(len(lanes))
        self._open = AsyncExitStack()
        self._clock = clock
        self._pace = Pace(clock)
        self._capabilities: Capabilities | None = None
        self._asking = asyncio.Lock()
        self._notes: dict[str, Finding] = {}

    async def __aenter__(self) -> Self:
        for lane in self._lanes:
            await self._open.enter_async_context(lane)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._open.__aexit__(kind, error, traceback)

    @property
    def notes(self) -> tuple[Finding, ...]:
        """Habits of the service that were noticed and worked around."""
        return tuple(self._notes.values())

    async def capabilities(self) -> Capabilities:
        """Fetch `/ServiceProviderConfig` once; where the service has none, what its profile says.

        Raises:
            AccessRefused: the token is wrong.
            ServiceUnavailable: no answer.
        """
        async with self._asking:
            if self._capabilities is None:
                self._capabilities = capabilities_of(await self._config(), self.profile)
        return self._capabilities

    async def send(self, request: ScimRequest) -> ScimResponse:
        """Send one request, as `ServiceProvider.send` says."""
        outgoing = self._outgoing(request)
        started, attempt, in_doubt = 0.0, 0, False
        while True:
            try:
                async with self._slots:
                    if self._pace.held:
                        await self._pace.ready()
                    started = started or self._clock.monotonic()
                    attempt += 1
                    return await self._attempt(request, outgoing)
            except (VersionConflict, RequestRejected) as refusal:
                if in_doubt and _may_be_our_own_doing(refusal):
                    raise _unknown(request, refusal.status) from refusal
                raise
            except (ServiceUnavailable, OutcomeUnknown) as failure:
                in_doubt = in_doubt or isinstance(failure, OutcomeUnknown)
                wait = self._wait(request, failure, attempt, started)
                if wait is None:
                    if in_doubt and not isinstance(failure, OutcomeUnknown):
                        raise _unknown(request, failure.status) from failure
                    raise
            logger.debug("%s %s: trying again in %.1f s (attempt %d)", request.method, request.path, wait, attempt + 1)
            await self._clock.sleep(wait)

    def list_all(
        self, resource_type: ResourceType, scim_filter: str | None = None, excluded: tuple[str, ...] = ()
    ) -> AsyncIterator[Json]:
        """Read every resource of a kind, as `ServiceProvider.list_all` says.

        Each comes with its `id` as text. A resource that the filter did not ask for is left out, and noted.
        """
        wanted = Page(scim_filter or None, excluded=excluded)
        return list_resources(self, self.profile, resource_type, wanted, self._note)

    def _note(self, finding: Finding) -> None:
        if finding.rule not in self._notes:
            self._notes[finding.rule] = finding
            logger.warning("%s", finding.message)

    async def _config(self) -> Json | None:
        try:
            return (await self.send(SERVICE_PROVIDER_CONFIG)).body
        except AccessRefused as refusal:
            if refusal.status == 401:
                raise
        except (NotScim, RequestRejected, ResourceNotFound):
            pass
        return None

    def _wait(self, request: ScimRequest, failure: ServiceError, attempt: int, started: float) -> float | None:
        """Return how long to wait before `request` may go out again; None where it may not."""
        if not is_temporary(failure) and not is_repeatable(request):
            return None
        if attempt >= ATTEMPTS_IN_DOUBT and failure.status is not None and failure.status in _BROKEN:
            return None
        spent = self._clock.monotonic() - started
        wait = wait_before_retry(attempt, failure.retry_after, spent, self._budget, self._clock.chance())
        if wait is not None and (failure.status in {429, 503} or failure.retry_after is not None):
            self._pace.hold(wait)
        return wait

    def _outgoing(self, request: ScimRequest) -> httpx.Request:
        content = None if request.body is None else orjson.dumps(request.body)
        headers = self._headers if content is None else self._headers_of(content)
        if request.if_match is not None:
            headers = [*headers, (b"If-Match", request.if_match.encode("latin-1", "replace"))]
        stream = httpx.ByteStream(content or b"")
        return httpx.Request(
            request.method, self._address.of(request), headers=headers, stream=stream, extensions=self._extensions
        )

    def _headers_of(self, content: bytes) -> list[tuple[bytes, bytes]]:
        return [
            *self._headers,
            (b"Content-Type", b"application/scim+json"),
            (b"Content-Length", str(len(content)).encode()),
        ]

    async def _attempt(self, request: ScimRequest, outgoing: httpx.Request) -> ScimResponse:
        lane = self._free.pop()  # the one used last: its connection is the least likely to have been closed
        begun = self._clock.monotonic()
        try:
            response = await lane.handle_async_request(outgoing)
            content = await _body_of(response)
        except httpx.HTTPError as error:
            raise _translated(request, error) from error
        finally:
            self._free.append(lane)
        if logger.isEnabledFor(logging.DEBUG):
            elapsed = (self._clock.monotonic() - begun) * 1000
            logger.debug("%s %s %d %.0f ms", request.method, request.path, response.status_code, elapsed)
        return judge(request, response.status_code, response.headers, content, self._clock.wall())


class _Address:
    """URLs below the base; those of the end points are parsed once."""

    def __init__(self, base: httpx.URL) -> None:
        self._base = str(base).rstrip("/")
        self._endpoints: dict[str, httpx.URL] = {}

    def of(self, request: ScimRequest) -> httpx.URL:
        if request.query:
            return httpx.URL(f"{self._base}{request.path}?{urlencode(request.query, quote_via=quote)}")
        if request.method != "POST":
            return httpx.URL(self._base + request.path)
        url = self._endpoints.get(request.path)
        if url is None:
            url = self._endpoints[request.path] = httpx.URL(self._base + request.path)
        return url


async def _body_of(response: httpx.Response) -> bytes:
    try:
        return await response.aread()
    except BaseException:
        await response.aclose()  # else the connection is lost to the pool
        raise


def _translated(request: ScimRequest, error: httpx.HTTPError) -> ServiceError:
    asked = f"{request.method} {request.path}"
    if reason := permanent_cause(error):
        return ServiceError(
            f"{asked}: no connection to the service: {reason}.",
            "Check the base URL, and for an own certificate authority `ca_file`.",
        )
    what = type(error).__name__
    if isinstance(error, _NOT_SENT):
        return ServiceUnavailable(
            f"{asked}: no connection to the service ({what}).", "Check that the service and the proxy can be reached."
        )
    if is_write(request):
        return _unknown(request, None, f" ({what})")
    return ServiceUnavailable(f"{asked}: no answer came ({what}).", "Run again; check the network and the timeout.")


def _unknown(request: ScimRequest, status: int | None, why: str = "") -> OutcomeUnknown:
    message = (
        f"{request.method} {request.path} was sent and no usable answer came{why}; what became of it is not known."
    )
    return OutcomeUnknown(message, ASK_LATER, status)


def _may_be_our_own_doing(refusal: ServiceError) -> bool:
    """Say whether an earlier attempt, carried out unseen, may be why the next one is refused."""
    return isinstance(refusal, VersionConflict) or refusal.scim_type == "noTarget"


def _lanes(settings: ServiceSettings) -> tuple[httpx.AsyncBaseTransport, ...]:
    # One connection each: a pool looks at all of its connections for every request, a third of its time with 8.
    limits = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEP_ALIVE)
    context = httpx.create_ssl_context(verify=settings.verify_certificate, trust_env=False)
    if settings.verify_certificate:
        trust(context, settings.ca_file)
    proxy = _proxy(settings.proxy)
    return tuple(
        httpx.AsyncHTTPTransport(verify=context, trust_env=False, limits=limits, proxy=proxy)
        for _ in range(max(1, settings.concurrency))
    )


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


def _base_url(settings: ServiceSettings, profile: Profile) -> httpx.URL:
    text = settings.base_url or profile.base_url or ""
    shown = "what is given" if "@" in text else f"`{text}`"  # a password may stand before the @
    problem = f"service.base_url: {shown} is not a base URL such as https://scim.example.com/v2."
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, ValueError) as error:
        raise SettingsError((problem,)) from error
    if url.scheme not in {"http", "https"} or not url.host or url.query or url.userinfo:
        raise SettingsError((problem,))
    return url


def _headers(settings: ServiceSettings, profile: Profile) -> list[tuple[bytes, bytes]]:
    headers = [
        (b"Host", _base_url(settings, profile).netloc),
        (b"Accept", b"application/scim+json, application/json"),
        (b"Accept-Encoding", b"gzip, deflate"),
        (b"User-Agent", profile.user_agent.encode()),
    ]
    if settings.token is not None:
        token = settings.token.reveal()
        if not token.isascii() or not token.isprintable() or " " in token or not token:
            raise SettingsError(("service.token: a token is one word of ASCII characters (RFC 6750 §2.1).",))
        headers.append((b"Authorization", b"Bearer " + token.encode()))
    return headers


def _timeout(settings: ServiceSettings) -> Mapping[str, float | None]:
    # Waiting for a connection of the pool is bounded by our own slots.
    return {"connect": min(settings.timeout, 20.0), "read": settings.timeout, "write": settings.timeout, "pool": None}
