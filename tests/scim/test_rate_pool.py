"""All workers of a connection together, at services that say little of their limits, and once in real time."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest

from ldap2scim.errors import AccessRefused, ServiceUnavailable
from ldap2scim.model import ResourceType
from ldap2scim.scim import profiles, requests
from ldap2scim.scim.client import ScimConnection, connect
from ldap2scim.scim.profiles import Profile, by_name
from ldap2scim.scim.profiles.profile import USERS, RateLimit
from ldap2scim.scim.rate import Clock
from ldap2scim.scim.settings import Leavers, ServiceSettings
from tests.scim.simulated import EPOCH, SimulatedService, clock, virtually

GENERIC = by_name("generic")
CREATE = requests.create(ResourceType.USER, {"user_name": "bob"}, GENERIC)
SETTINGS = ServiceSettings("generic", "https://scim.example.com/v2", None, Leavers.DELETE, "", "")


def limited(*limits: RateLimit) -> Profile:
    """Return a profile of a service with limits."""
    return replace(GENERIC, limits=limits)


class Unpublished(SimulatedService):
    """A service whose limit of `amount` in each window of `seconds` is in no profile."""

    def __init__(self, amount: int, seconds: float) -> None:
        super().__init__(GENERIC)
        self.amount, self.seconds = amount, seconds
        self.refused = 0
        self.used: dict[int, int] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Refuse what is too much for this window."""
        response = await super().handle_async_request(request)
        loop = asyncio.get_running_loop()
        window = int(loop.time() / self.seconds)
        self.used[window] = self.used.get(window, 0) + 1
        left = self.amount - self.used[window]
        reset = (window + 1) * self.seconds - loop.time()
        if left < 0:
            self.refused += 1
            return httpx.Response(429, headers={"retry-after": str(int(reset) + 1)})
        response.headers.update(self.told(left, reset))
        return response

    def told(self, left: int, reset: float) -> Mapping[str, str]:
        """Return what an answer says of it: nothing."""
        del left, reset
        return {}


class Telling(Unpublished):
    """A service that says what is left, in the older words."""

    def told(self, left: int, reset: float) -> Mapping[str, str]:
        """Return the three headers; the reset is a moment in whole seconds."""
        moment = EPOCH + asyncio.get_running_loop().time() + reset
        return {
            "x-ratelimit-limit": str(self.amount),
            "x-ratelimit-remaining": str(left),
            "x-ratelimit-reset": str(int(moment + 0.999)),
        }


async def all_sent(service: httpx.AsyncBaseTransport, count: int, **changes: Any) -> float:
    """Send creations, eight at once, and return how long it took."""
    begun = asyncio.get_running_loop().time()
    async with connect(replace(SETTINGS, **changes), transport=service, clock=clock()) as connection:
        pending = list(range(count))

        async def work() -> None:
            while pending:
                pending.pop()
                await connection.send(CREATE)

        await asyncio.gather(*(work() for _ in range(8)))
    return asyncio.get_running_loop().time() - begun


def test_a_quota_that_is_told_is_never_overdrawn() -> None:
    """Not one 429, and each window is used."""
    service = Telling(100, 60)
    elapsed = virtually(all_sent(service, 1000))

    assert service.refused == 0
    assert elapsed <= 10 * 60 / 0.9


def test_a_share_of_a_told_quota_is_kept() -> None:
    """Of 100 in a minute with a share of 40 %, the other sixty are left."""
    service = Telling(100, 60)
    virtually(all_sent(service, 200, quota_share=0.4))

    assert service.refused == 0
    assert max(service.used.values()) <= 40


def test_a_limit_that_nobody_tells_is_found_by_a_few_refusals() -> None:
    """One round of refusals a window at the most, and the limit is used up all the same."""
    service = Unpublished(100, 60)
    elapsed = virtually(all_sent(service, 1000))

    assert service.refused <= 8 * len(service.used)
    assert service.refused <= 60
    assert elapsed <= 10 * 60 / 0.8


def test_waiting_for_ones_own_limits_is_not_trying() -> None:
    """With hardly any budget for trying again, a request still waits minutes for its turn."""

    async def sent(service: SimulatedService) -> list[int]:
        async with at(service.profile, service, retry_budget=0.1) as connection:
            return [(await connection.send(CREATE)).status for _ in range(3)]

    service = SimulatedService(limited(RateLimit(1, 300)))
    assert virtually(sent(service)) == [201, 201, 201]
    assert service.broken == []


def test_a_turn_waited_for_between_two_attempts_does_not_count_either() -> None:
    """The second attempt needs a turn too, which comes long after the budget is over."""
    answers = [httpx.Response(429), httpx.Response(429), httpx.Response(204)]
    service = httpx.MockTransport(lambda _: answers.pop(0))

    async def sent() -> int:
        async with at(limited(RateLimit(1, 300)), service, retry_budget=3.0) as connection:
            return (await connection.send(CREATE)).status

    assert virtually(sent()) == 204


def test_a_worker_that_waits_for_users_does_not_hold_up_groups() -> None:
    """Waiting takes no connection away: even the only one stays free for what may go out."""

    async def sent() -> float:
        service = SimulatedService(limited(RateLimit(1, 3600, resource_types=USERS)))
        async with at(service.profile, service, concurrency=1) as connection:
            await connection.send(CREATE)
            second = asyncio.create_task(connection.send(CREATE))
            await asyncio.sleep(1)
            await connection.send(requests.create(ResourceType.GROUP, {"display_name": "staff"}, GENERIC))
            elapsed = asyncio.get_running_loop().time()
            await second
        assert service.broken == []
        return elapsed

    assert virtually(sent()) < 2


@pytest.mark.parametrize(
    ("reason", "tried"), [("userRateLimitExceeded", True), ("quotaExceeded", True), ("forbidden", False)]
)
def test_googles_403_is_a_rate_limit_where_it_says_so(reason: str, tried: bool) -> None:
    """It is waited for, and sent again; any other 403 is the token's."""
    body = {"error": {"code": 403, "errors": [{"domain": "usageLimits", "reason": reason}]}}
    refusal = httpx.Response(403, headers={"content-type": "application/json"}, content=json.dumps(body).encode())
    answers = [refusal, httpx.Response(204)]

    async def sent() -> int:
        service = httpx.MockTransport(lambda _: answers.pop(0))
        async with at(by_name("google-workforce"), service) as connection:
            return (await connection.send(CREATE)).status

    if tried:
        assert virtually(sent()) == 204
    else:
        with pytest.raises(AccessRefused):
            virtually(sent())


def test_a_service_that_refuses_for_ever_is_given_up_after_the_budget() -> None:
    """Slower and slower, but not for ever."""

    async def sent() -> None:
        service = httpx.MockTransport(lambda _: httpx.Response(429))
        async with at(GENERIC, service, retry_budget=100.0) as connection:
            await asyncio.gather(*(connection.send(CREATE) for _ in range(20)))

    with pytest.raises(ServiceUnavailable, match="429"):
        virtually(sent())


def test_in_real_time() -> None:
    """Sixty requests at twenty a second, five at once: not one too many, on any clock."""
    service = SimulatedService(limited(RateLimit(20, 1.0, burst=5)), latency=(0.0, 0.02))

    async def sent() -> None:
        async with at(service.profile, service, clock_=Clock()) as connection:
            await asyncio.gather(*(connection.send(CREATE) for _ in range(60)))

    begun = time.monotonic()
    asyncio.run(sent())

    assert service.broken == []
    assert time.monotonic() - begun >= 55 / 20


def at(
    profile: Profile, transport: httpx.AsyncBaseTransport, clock_: Clock | None = None, **changes: Any
) -> ScimConnection:
    """Return a connection to a service of a profile that need not be one of ours."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(profiles._PROFILES, "tried", profile)
        return connect(replace(SETTINGS, profile="tried", **changes), transport=transport, clock=clock_ or clock())
