"""The flow of recovery, on a directory and a service of this process."""

from typing import Any

import pytest
from prefect import State

from flows.recover import recover
from flows.sync import sync
from tasks import artifacts
from tasks.ending import exit_code
from tests.flows.observed import artifacts_of, task_runs_of
from tests.flows.pair import ENTRIES, SIZE, Pair

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]


def run(flow: Any, config: str, mode: str) -> State[Any]:
    """Run a flow and return its final state."""
    state: State[Any] = flow(config=config, mode=mode, return_state=True)
    return state


def test_recovery_finds_and_mends_what_was_changed_at_the_service(pair: Pair) -> None:
    """A resource deleted behind our back is shown by a dry recovery, and created again by a real one."""
    config = pair.settings()
    run(sync, config, "apply")
    lost = pair.service.store.users[0]
    pair.service.store.remove("User", str(lost["id"]))
    pair.service.clear_requests()

    shown = run(recover, config, "plan")
    assert (shown.name, exit_code(shown)) == ("ChangesPending", 2)
    assert not pair.service.writes()
    assert str(lost["userName"]).replace("_", "\\_") in str(artifacts_of(shown)[artifacts.PLAN])

    mended = run(recover, config, "apply")
    assert mended.name == "Completed", mended.message
    assert ("survey", "Completed") in task_runs_of(mended)
    assert len(pair.service.store.users) == SIZE.people
    assert f"{ENTRIES} managed after" in str(mended.message)
