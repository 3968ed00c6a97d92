"""The domain's log lines belong to the flow run, and an error that a person can mend is one message.

The domain logs to ordinary loggers below `ldap2scim` and knows nothing of runs.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final

from prefect.logging.handlers import APILogHandler

from ldap2scim.errors import Ldap2ScimError
from ldap2scim.settings import LogLevel

logger = logging.getLogger("ldap2scim.phases")
_DOMAIN: Final = "ldap2scim"
_TASK_RUNS: Final = "prefect.task_runs"
"""The logger on which Prefect reports a failed task."""
_LEVELS: Final = {
    LogLevel.ERROR: logging.ERROR,
    LogLevel.WARN: logging.WARNING,
    LogLevel.INFO: logging.INFO,
    LogLevel.DEBUG: logging.DEBUG,
}


class PhaseLog:
    """Writes a line at the end of each phase: what it was, how much, how long."""

    def __init__(self) -> None:
        self._phase = ""
        self._steps = 0
        self._began = monotonic()

    def begin(self, phase: str, total: int | None = None) -> None:  # noqa: ARG002 - the protocol's
        """A phase starts."""
        self._phase, self._steps, self._began = phase, 0, monotonic()

    def advance(self, steps: int = 1) -> None:
        """Count."""
        self._steps += steps

    def end(self) -> None:
        """Say how it went."""
        counted = f", {self._steps}" if self._steps else ""
        logger.info("%s%s: %.1f s", self._phase, counted, monotonic() - self._began)


@contextmanager
def domain_logs(level: LogLevel) -> Iterator[None]:
    """Send what the domain logs to the flow run while the block lasts."""
    domain = logging.getLogger(_DOMAIN)
    before = domain.level
    domain.setLevel(_LEVELS[level])
    # PREFECT_LOGGING_EXTRA_LOGGERS may have put one there already.
    added = None if any(isinstance(one, APILogHandler) for one in domain.handlers) else APILogHandler()
    if added is not None:
        domain.addHandler(added)
    try:
        yield
    finally:
        if added is not None:
            domain.removeHandler(added)
        domain.setLevel(before)


@contextmanager
def messages_instead_of_tracebacks() -> Iterator[None]:
    """Leave the traceback out where Prefect reports a task that ended with an error of ours."""
    reported = logging.getLogger(_TASK_RUNS)
    reported.addFilter(_without_traceback)
    try:
        yield
    finally:
        reported.removeFilter(_without_traceback)


def _without_traceback(record: logging.LogRecord) -> bool:
    if record.exc_info and isinstance(record.exc_info[1], Ldap2ScimError):
        record.exc_info = None
    return True
