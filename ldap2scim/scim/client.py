"""The connection to a SCIM service, and the one layer that tries again."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Final, Self

from ldap2scim.errors import (
    AccessRefused,
    NotScim,
    OutcomeUnknown,
    RequestRejected,
    ResourceNotFound,
    ServiceError,
    ServiceUnavailable,
    UniquenessConflict,
    VersionConflict,
    is_temporary,
)
from ldap2scim.findings import Finding
from ldap2scim.model import ResourceType
from ldap2scim.scim.capabilities import capabilities_of
from ldap2scim.scim.limiter import Limiter
from ldap2scim.scim.listing import list_resources
from ldap2scim.scim.outgoing import Outgoing, size_of
from ldap2scim.scim.profiles import Profile, profile_of
from ldap2scim.scim.provider import Capabilities, Json, ScimRequest, ScimResponse
from ldap2scim.scim.quotas import quotas_of
from ldap2scim.scim.rate import ATTEMPTS_IN_DOUBT, Clock, Pace, wait_before_retry
from ldap2scim.scim.requests import SERVICE_PROVIDER_CONFIG, Page, is_repeatable
from ldap2scim.scim.responses import advised, judge
from ldap2scim.scim.schemas import ERROR
from ldap2scim.scim.settings import ServiceSettings
from ldap2scim.scim.throttling import is_throttled, throttled
from ldap2scim.scim.transport import Lane, Lanes, Prepared, open_lanes, unknown

logger = logging.getLogger("ldap2scim.scim")

_BROKEN: Final = frozenset({500, *range(200, 300)})
"""Statuses after which the same request may well break the service again."""
_ERROR: Final = ERROR.lower().encode()
_HEAD: Final = 65_536
"""Octets of an answer in which it would say that it is an error; lists are longer."""


def connect(
    settings: ServiceSettings, *, transport: Lane | None = None, clock: Clock | None = None
) -> "ScimConnection":
    """Return the connection to a service, to be used as an asynchronous context manager.

    `transport` takes the place of the network, and `clock` of time, in tests.

    Raises:
        SettingsError: base URL, token, proxy or CA file cannot be used.
    """
    lanes = open_lanes(settings) if transport is None else (transport,) * max(1, settings.concurrency)
    return ScimConnection(settings, lanes, clock or Clock())


class ScimConnection:
    """A `ServiceProvider` over HTTP."""

    def __init__(self, settings: ServiceSettings, lanes: Sequence[Lane], clock: Clock) -> None:
        self.profile: Profile = profile_of(settings)
        self._outgoing = Outgoing(settings, self.profile)
        self._budget = settings.retry_budget
        self._lanes = Lanes(lanes, settings.proxy)
        self._slots = asyncio.Semaphore(len(lanes))
        self._clock = clock
        share = settings.quota_share or self.profile.quota_share
        self._limiter = Limiter(self.profile.limits, share, clock) if self.profile.limits else None
        self._pace = Pace(clock, share)
        self._capabilities: Capabilities | None = None
        self._asking = asyncio.Lock()
        self._notes: dict[str, Finding] = {}

    async def __aenter__(self) -> Self:
        await self._lanes.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._lanes.close()

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
        prepared = self._outgoing.of(request)
        started, attempt, in_doubt = 0.0, 0, False
        while True:
            in_line_since = self._clock.monotonic()
            uses = () if self._limiter is None else await self._limiter.enter(request, size_of(prepared))
            try:
                async with self._slots:
                    if self._pace.held:
                        await self._pace.ready()
                    begun = self._clock.monotonic()
                    # To wait for one's turn is not to try: it does not count against the budget.
                    started = started + begun - in_line_since if attempt else begun
                    attempt += 1
                    return await self._attempt(request, prepared, begun)
            except (VersionConflict, RequestRejected) as refusal:
                if in_doubt and _may_be_our_own_doing(refusal):
                    raise unknown(request, refusal.status) from refusal
                raise
            except (ServiceUnavailable, OutcomeUnknown) as failure:
                in_doubt = in_doubt or isinstance(failure, OutcomeUnknown)
                wait = self._wait(request, failure, attempt, started)
                self._slow_down(failure, wait, begun)
                if wait is None:
                    if in_doubt and not isinstance(failure, OutcomeUnknown):
                        raise unknown(request, failure.status) from failure
                    raise
            finally:
                if self._limiter is not None:
                    self._limiter.leave(uses)
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
        return wait_before_retry(attempt, failure.retry_after, spent, self._budget, self._clock.chance())

    def _slow_down(self, failure: ServiceError, wait: float | None, sent_at: float) -> None:
        """Let one refusal speak to all workers."""
        too_fast = failure.status in self.profile.rate_limit_statuses or failure.status == 503
        if wait is not None and (too_fast or failure.retry_after is not None):
            self._pace.hold(wait)
        if too_fast:
            self._pace.refuse(sent_at)

    async def _attempt(self, request: ScimRequest, prepared: Prepared, begun: float) -> ScimResponse:
        self._pace.begin(begun)
        try:
            answer = await self._lanes.exchange(request, prepared)
        finally:
            self._pace.end()
        if answer.tells_quota:
            self._pace.hear(quotas_of(answer.headers, self._clock.wall()), begun)
        if logger.isEnabledFor(logging.DEBUG):
            elapsed = (self._clock.monotonic() - begun) * 1000
            logger.debug("%s %s %d %.0f ms", request.method, request.path, answer.status, elapsed)
        try:
            if is_throttled(answer.status, answer.content, self.profile.rate_limit_statuses):
                raise throttled(request, answer.status, answer.headers, self._clock.wall())
            content = answer.content
            if answer.status >= 300 or _ERROR in content[:_HEAD].lower():  # of data nothing is changed
                content = self._outgoing.without_token(content)
            return judge(request, answer.status, answer.headers, content, self._clock.wall())
        except (AccessRefused, ResourceNotFound, UniquenessConflict) as error:
            raise advised(error, request, self.profile.guidance) from error.__cause__


def _may_be_our_own_doing(refusal: ServiceError) -> bool:
    """Say whether an earlier attempt, carried out unseen, may be why the next one is refused."""
    return isinstance(refusal, VersionConflict) or refusal.scim_type == "noTarget"
