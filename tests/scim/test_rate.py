"""Waiting: how long, and all workers together."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.scim.rate import LONGEST_WAIT, Clock, Pace, wait_before_retry


class Time:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        """Pass the time."""
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    def clock(self, chance: float = 1.0) -> Clock:
        """Return the clock that the program sees."""
        return Clock(lambda: self.now, lambda: self.now, self.sleep, lambda: chance)


@given(st.integers(1, 1000), st.floats(0, 1))
def test_waits_grow_and_stay_bounded(attempt: int, chance: float) -> None:
    """Without a word of the service, waits double up to the longest, spread by half."""
    wait = wait_before_retry(attempt, None, 0.0, 1e9, chance)

    assert wait is not None
    assert 0.25 <= wait <= LONGEST_WAIT


@given(st.floats(0, 100), st.floats(0, 200), st.floats(0, 300), st.floats(0, 1))
def test_the_service_is_never_asked_before_it_said(asked: float, spent: float, budget: float, chance: float) -> None:
    """Retry-After is kept, and the budget too: rather give up than wait beyond it."""
    wait = wait_before_retry(1, asked, spent, budget, chance)

    assert (wait is None) or (asked <= wait <= budget - spent + 1e-6)


def test_doubling() -> None:
    """0.5, 1, 2, 4 seconds at the most."""
    assert [wait_before_retry(n, None, 0, 100, 1.0) for n in (1, 2, 3, 4)] == [0.5, 1.0, 2.0, 4.0]


async def test_one_hold_holds_everybody() -> None:
    """A worker that heard nothing waits as well, and a shorter hold does not let anybody out early."""
    time = Time()
    pace = Pace(time.clock())
    pace.hold(10)
    pace.hold(2)
    held = pace.held

    await asyncio.gather(pace.ready(), pace.ready())

    assert time.now >= 1010
    assert (held, pace.held) == (True, False)
