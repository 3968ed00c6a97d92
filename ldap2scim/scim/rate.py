"""How long to wait before trying again, and one pace for all workers of a service.

The decision is a pure function; `Pace` waits with a clock that is given to it.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

FIRST_WAIT: Final = 0.5
LONGEST_WAIT: Final = 30.0
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


class Pace:
    """When the next request may go out. One 429 heard by one worker holds all of them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open_from = float("-inf")

    @property
    def held(self) -> bool:
        """Whether requests wait now."""
        return self._clock.monotonic() < self._open_from

    def hold(self, seconds: float) -> None:
        """Let no request out for `seconds`; never shortens an earlier hold."""
        self._open_from = max(self._open_from, self._clock.monotonic() + seconds)

    async def ready(self) -> None:
        """Wait until requests may go out."""
        while (left := self._open_from - self._clock.monotonic()) > 0:
            await self._clock.sleep(left)
