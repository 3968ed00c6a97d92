"""When a task is tried again: reads only, temporary errors only, by the one predicate of `errors.py`.

One request is retried by the client, within seconds. What is tried again here is a whole phase, after a pause that
lets a restarted server come back. The load is never tried again: what it left open is settled by the next run.
"""

from typing import Any, Final

from prefect import State, Task
from prefect.client.schemas.objects import TaskRun
from prefect.runtime import task_run as current

from ldap2scim.errors import is_temporary

PAUSES: Final = [10.0, 30.0, 90.0]
"""Seconds before each further attempt, as Prefect takes them; varied by `JITTER`."""
JITTER: Final = 0.3
ATTEMPTS: Final = 1 + len(PAUSES)


def may_help(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Say whether the task failed by a temporary error."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, BaseException) and is_temporary(error)


def attempts_remain() -> bool:
    """Say whether the present attempt of the running task is not its last."""
    return int(current.run_count) < ATTEMPTS
