"""How a flow run ends: the state that an operator sees, and the exit code of an ad-hoc run.

| exit code of the command | state | type |
|---|---|---|
| 0 in step, or applied | `Completed` | Completed |
| 2 changes pending, in mode `plan` | `ChangesPending` | Completed |
| 3 something is held for approval | `Held` | Failed |
| 3 refused: nothing could be believed or begun | `Refused` | Failed |
| 1 failed | `Failed` | Failed |

`Held` is of the type Failed although everything that is safe was done: what waits is mostly the removal of somebody
who left, and a green run would let it wait for ever. Its name tells it apart, on the dashboard and for automations.

A look at the drift ends as well in one of these, `ChangesPending` where the directory alone has moved and the next
synchronisation writes it, or where something at the service is otherwise than it was left, which somebody has to see:

| exit code of the command | state | type |
|---|---|---|
| 2 different | `Different` | Failed |
| 3 different, and something else is held for a person | `DifferentAndHeld` | Failed |
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from prefect import State
from prefect.states import Completed, Failed

from ldap2scim.errors import Ldap2ScimError, PlanRefused, ReadIncomplete, RunRefused
from ldap2scim.findings import Severity
from ldap2scim.run.documents import document_of
from ldap2scim.run.drift import Drift
from ldap2scim.run.report import Report

PENDING: Final = "ChangesPending"
HELD: Final = "Held"
REFUSED: Final = "Refused"
DIFFERENT: Final = "Different"
DIFFERENT_AND_HELD: Final = "DifferentAndHeld"
_EXIT_CODES: Final = {"Completed": 0, PENDING: 2, DIFFERENT: 2, HELD: 3, REFUSED: 3, DIFFERENT_AND_HELD: 3}
_MOST_SAID: Final = 3
"""Findings in the message of a state; the artifact has all."""


class Ending:
    """What a run came to: a report, what was seen of the drift, or the error that ended it."""

    def __init__(self) -> None:
        self.report: Report | None = None
        self.drift: Drift | None = None
        self._error: Ldap2ScimError | None = None

    def failed(self, error: Ldap2ScimError) -> None:
        """Remember the error that ended the run."""
        self._error = error

    @property
    def state(self) -> State[Any]:
        """The final state of the flow run."""
        if self._error is not None:
            return _of_error(self._error)
        if self.drift is not None:
            return _of_drift(self.drift)
        if self.report is None:
            raise RuntimeError("a run ended without a report and without an error")
        return _of_report(self.report)


@contextmanager
def ending() -> Iterator[Ending]:
    """Catch the errors that a person can mend; any other is a defect and keeps its traceback."""
    end = Ending()
    try:
        yield end
    except Ldap2ScimError as error:
        end.failed(error)


def exit_code(state: State[Any]) -> int:
    """Return what the command would have returned."""
    return _EXIT_CODES.get(state.name or "", 1)


def _of_error(error: Ldap2ScimError) -> State[Any]:
    refused = isinstance(error, PlanRefused | ReadIncomplete | RunRefused)
    return Failed(name=REFUSED if refused else None, message=str(error))


def _of_report(report: Report) -> State[Any]:
    message = " ".join([*document_of(report).lines, *_more(report)])
    match report.exit_code:
        case 0:
            return Completed(message=message)
        case 2:
            return _pending(message)
        case 3:
            return Failed(name=REFUSED if report.plan is None else HELD, message=message)
        case _:
            return Failed(message=message)


def _of_drift(found: Drift) -> State[Any]:
    message = " ".join([*found.document.lines, *_waiting(found)])
    moved_at_the_service = found.differs and not found.pending_alone
    match found.exit_code:
        case 0:
            return Completed(message=message)
        case 2:
            return Failed(name=DIFFERENT, message=message) if moved_at_the_service else _pending(message)
        case 3 if not found.believed:
            return Failed(name=REFUSED, message=message)
        case 3:
            return Failed(name=DIFFERENT_AND_HELD if moved_at_the_service else HELD, message=message)
        case _:
            return Failed(message=message)


def _pending(message: str) -> State[Any]:
    return Completed(name=PENDING, message=message)


def _waiting(found: Drift) -> Iterator[str]:
    """Yield what holds something, or forbids to say anything."""
    told = [f"{one.message} {one.remedy}" for one in found.findings if one.severity is not Severity.NOTE]
    yield from told[:_MOST_SAID]
    if len(told) > _MOST_SAID:
        yield f"And {len(told) - _MOST_SAID} more findings of this kind."


def _more(report: Report) -> Iterator[str]:
    """Yield what the report's own lines leave to its tables, and a notification must say."""
    if report.stopped_by is not None:
        yield f"The load was given up: {report.stopped_by}"
