"""Memory between two phases: what one has freed goes back to the system before the next one takes its own.

The allocators keep what was freed for later, and a run lets the collector of cycles look rarely (`context`): together
a quarter of the peak of a large run.
"""

import ctypes
import gc
import sys
from collections.abc import Callable
from functools import cache
from typing import Final

_MANY: Final = 20_000
"""Entries and resources. A phase of fewer has freed less than is worth the time, which the whole process decides."""

_SETTINGS: Final = {-8: 1, -3: 1024 * 1024, -1: 8 * 1024 * 1024}
"""Of mallopt(3). M_ARENA_MAX: threads share one heap, since of several each keeps what its thread once needed.
M_MMAP_THRESHOLD, M_TRIM_THRESHOLD: they stay what they are; left alone, each large block that is freed raises them."""


def keep_little() -> None:
    """Let the whole process keep little of what it frees; threads that run already keep their heaps."""
    mallopt = _glibc("mallopt")
    if mallopt is not None:
        for name, value in _SETTINGS.items():
            mallopt(name, value)


def give_back(handled: int) -> None:
    """Return freed memory to the system, which takes a tenth of a second where a hundred thousand objects live.

    Args:
        handled: how many entries and resources the phase before has handled; after few nothing is done.
    """
    if handled < _MANY:
        return
    gc.collect()
    arrow = sys.modules.get("pyarrow")
    if arrow is not None:
        arrow.default_memory_pool().release_unused()
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


@cache
def _malloc_trim() -> Callable[[int], int] | None:
    return _glibc("malloc_trim")


def _glibc(name: str) -> Callable[..., int] | None:
    """Return a function that glibc alone has."""
    try:
        found: Callable[..., int] = getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):
        return None
    return found
