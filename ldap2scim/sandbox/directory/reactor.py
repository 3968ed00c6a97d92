"""The one reactor of the process, in a daemon thread: Twisted's cannot be started twice."""

import threading
from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias, TypeVar

Reactor: TypeAlias = Any
"""Twisted is taken as it comes: without types."""

T = TypeVar("T")


@cache
def running_reactor() -> Reactor:
    """Return the reactor, started once; it ends with the process."""
    from twisted.internet import reactor

    started = threading.Event()
    reactor.callWhenRunning(started.set)
    # Signals belong to the main thread, whose program this is not.
    run = threading.Thread(target=reactor.run, kwargs={"installSignalHandlers": False}, name="sandbox", daemon=True)
    run.start()
    started.wait()
    return reactor


def in_reactor(function: Callable[[], T]) -> T:
    """Call a function in the reactor's thread and wait for its result, or for what its Deferred comes to."""
    from twisted.internet.threads import blockingCallFromThread

    result: T = blockingCallFromThread(running_reactor(), function)
    return result
