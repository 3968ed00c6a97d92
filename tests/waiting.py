"""Waiting for something to be so, and never for a time that is hoped to be enough."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(question: Callable[[], T], what: str, seconds: float = 60, pause: float = 0.005) -> T:
    """Ask until the answer is true, and return it.

    Raises:
        AssertionError: it is not within `seconds`; says `what` was waited for.
    """
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(pause)
    return answer
