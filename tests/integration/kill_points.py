"""Where a run can be killed: each is counted while the run goes by, and one of them ends it with SIGKILL.

For a process that is forked for one run alone: what is put into the program here is never taken out again.
"""

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Final

from sqlalchemy import Connection, Engine, event

from ldap2scim.run import conclusion, context, kept_plans, pipeline, step
from ldap2scim.scim.provider import ScimRequest
from ldap2scim.scim.requests import is_write
from ldap2scim.scim.transport import Answer, Lanes, Prepared
from ldap2scim.state import journal
from ldap2scim.state.store import Store

CHUNK: Final = 3
"""Operations in one transaction of the journal: a small plan has several chunks as well."""

_SENT: Final = "http11.send_request_body.complete"
"""What httpcore says once the last byte of a request is on its way (httpcore.encode.io/extensions: trace)."""


@dataclass
class Point:
    """One place, and which of its visits is the last."""

    name: str | None
    visit: int
    seen: Counter[str] = field(default_factory=Counter)

    def passed(self, name: str) -> None:
        """Count a visit; the process ends here where this is the place."""
        self.seen[name] += 1
        if name == self.name and self.seen[name] == self.visit:
            os.kill(os.getpid(), signal.SIGKILL)


def lay(point: Point) -> None:
    """Put the places into the program; several times would be once too often."""
    step.CHUNK = CHUNK  # type: ignore[misc]
    _transactions(point)
    _requests(point)
    _around(point, journal, "begin", "the journal's beginning")
    _around(point, journal, "settle", "the journal's settling")
    _around(point, journal, "apply_changes", "the snapshot's change")
    _around(point, context, "acquire", "the lease")
    _around(point, context, "start_run", "the record of the run")
    _around(point, kept_plans, "store_plan", "the keeping of the plan")
    for phase in ("settle_doubts", "extract", "map_entries"):
        _around(point, pipeline, phase, phase.replace("_", " "))
    for phase in ("believe", "decide", "start_load", "report"):
        _around(point, conclusion, phase, phase.replace("_", " "))


def _around(point: Point, module: Any, name: str, what: str) -> None:
    work: Callable[..., Any] = getattr(module, name)

    @wraps(work)
    def visited(*arguments: Any, **named: Any) -> Any:
        point.passed(f"before {what}")
        result = work(*arguments, **named)
        point.passed(f"after {what}")
        return result

    setattr(module, name, visited)


def _transactions(point: Point) -> None:
    """Every write to the state, whatever it is for: image, mapping, approvals, journal, findings, record of the run."""
    original = Store.write

    @contextmanager
    def write(store: Store) -> Iterator[Connection]:
        point.passed("before a transaction")
        with original(store) as connection:
            yield connection
            point.passed("before a commit")
        point.passed("after a commit")

    Store.write = write  # type: ignore[method-assign, assignment]

    def executed(*_: Any) -> None:
        point.passed("after a statement")

    event.listen(Engine, "after_cursor_execute", executed)


def _requests(point: Point) -> None:
    original = Lanes.exchange

    async def exchange(lanes: Lanes, request: ScimRequest, prepared: Prepared) -> Answer:
        if not is_write(request):
            answer = await original(lanes, request, prepared)
            point.passed("after a question")
            return answer

        async def trace(name: str, _: Mapping[str, Any]) -> None:
            if name == _SENT:
                point.passed("request sent, answer lost")

        point.passed("before a request")
        prepared.extensions = {**prepared.extensions, "trace": trace}
        answer = await original(lanes, request, prepared)
        point.passed("after an answer")
        return answer

    Lanes.exchange = exchange  # type: ignore[method-assign, assignment]
