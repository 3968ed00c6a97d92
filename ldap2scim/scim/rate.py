"""How long to wait before trying again, and one pace for all workers of a service.

The decision is a pure function; `Pace` waits with a clock that is given to it.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from math import inf
from typing import Final

from ldap2scim.scim.quotas import Quota
from ldap2scim.scim.slowdown import Learned, Slowdown

FIRST_WAIT: Final = 0.5
LONGEST_WAIT: Final = 30.0
SHORTEST: Final = 0.001
"""Seconds. A sleep that rounding made shorter would never end."""
ATTEMPTS_IN_DOUBT: Final = 3
"""A request that breaks the service each time is not sent for the whole budget."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Time and chance."""

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random
    """Between 0 and 1."""


def wait_before_retry(attempt: int, asked: float | None, spent: float, budget: float, chance: float) -> float | None:
    """Return the seconds to wait before trying again, or None to give up.

    Args:
        attempt: how often the request was sent, from 1.
        asked: seconds of a Retry-After; kept, with a little more so that workers do not return at once.
        spent: seconds since the first attempt.
        budget: seconds that waiting and trying may take.
        chance: between 0 and 1; spreads the waits of many workers.
    """
    if asked is None:
        longest = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(attempt - 1, 16))
        wait = longest * (0.5 + 0.5 * chance)
    else:
        wait = max(asked, 0.05) * (1.0 + 0.1 * chance)
    return wait if spent + wait <= budget else None


class Endings:
    """Tells those who wait when something under way has ended."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    async def next(self) -> None:
        """Wait for the next ending."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        await future

    def tell(self) -> None:
        """Wake everybody who waits."""
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)


class Pace:
    """When the next request may go out, whatever it is about. One 429 heard by one worker holds and slows all."""

    def __init__(self, clock: Clock, share: float = 1.0) -> None:
        self._clock = clock
        self._open_from = float("-inf")
        self._slowdown = Slowdown()
        self._learned = Learned(share)
        self._under_way = 0
        self._endings = Endings()

    @property
    def held(self) -> bool:
        """Whether requests wait now."""
        return self._slowdown.active or self._learned.active or self._clock.monotonic() < self._open_from

    def hold(self, seconds: float) -> None:
        """Let no request out for `seconds`; never shortens an earlier hold."""
        self._open_from = max(self._open_from, self._clock.monotonic() + seconds)

    def refuse(self, sent_at: float) -> None:
        """Slow down after a request that was sent at `sent_at` was refused because of a rate."""
        now = self._clock.monotonic()
        self._slowdown.refused(sent_at, now, max(now, self._open_from))

    def hear(self, quotas: Iterable[Quota], sent_at: float) -> None:
        """Take in what an answer says of the quota; nothing left holds everybody until the reset."""
        self._learned.hear(quotas, sent_at, self._clock.monotonic())

    def begin(self, now: float) -> None:
        """Count a request that goes out."""
        self._under_way += 1
        self._slowdown.sent(now)

    def end(self) -> None:
        """Count a request that was answered, or never will be."""
        self._under_way -= 1
        self._endings.tell()

    async def ready(self) -> None:
        """Wait until the next request may go out."""
        await self._let_out()
        now = self._clock.monotonic()
        moment = max(self._slowdown.reserve(now), self._learned.reserve(self._under_way, now))
        if moment > now:
            await self._clock.sleep(moment - now)
            await self._let_out()

    async def _let_out(self) -> None:
        while (left := self._left()) > 0:
            await (self._endings.next() if left == inf else self._clock.sleep(max(left, SHORTEST)))

    def _left(self) -> float:
        now = self._clock.monotonic()
        return max(self._open_from - now, self._learned.wait(self._under_way, now))
