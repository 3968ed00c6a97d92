"""Memory between two phases: what one has freed goes back to the system before the next one takes its own.

The allocators keep what was freed for later, and a run lets the collector of cycles look rarely (`context`): together a
tenth of the peak of a large run.
"""

import ctypes
import gc
import sys
from collections.abc import Callable
from functools import cache
from typing import Final

_MANY: Final = 20_000
"""Entries and resources. A phase of fewer has freed less than is worth the time, which the whole process decides."""


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
    """Return malloc_trim(3), which glibc alone has."""
    try:
        found: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None
    return found
