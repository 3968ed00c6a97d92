"""The flow that looks at the drift: how it ends, what it publishes, and that it writes nothing."""

from pathlib import Path
from typing import Any

import pytest
from prefect import State

from flows.drift import drift
from flows.sync import sync
from tasks import artifacts
from tasks.ending import exit_code
from tests.flows.observed import artifacts_of, task_runs_of
from tests.flows.pair import Pair

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]


def look(config: str, **parameters: Any) -> State[Any]:
    """Run the flow and return its final state."""
    state: State[Any] = drift(config=config, return_state=True, **parameters)
    return state


def ends(state: State[Any]) -> tuple[str | None, str, int]:
    """Return name and type of a state, and the exit code of the command for it."""
    return state.name, state.type.value, exit_code(state)


def test_every_way_in_which_a_look_ends(pair: Pair) -> None:
    """In step, moved in the directory alone, edited at the service, held beside that; never a write."""
    config = pair.settings()
    assert sync(config=config, mode="apply", return_state=True).name == "Completed"
    pair.service.clear_requests()

    too_early = look(config, since_last=True)
    assert ends(too_early) == ("Failed", "FAILED", 1)
    assert "ldap2scim drift" in str(too_early.message)
    in_step = look(config)
    assert ends(in_step) == ("Completed", "COMPLETED", 0), in_step.message
    assert "In step" in artifacts_of(in_step)[artifacts.DRIFT]

    since = look(config, since_last=True)
    assert ends(since) == ("Completed", "COMPLETED", 0), since.message
    assert "Looked at what changed at the service since" in artifacts_of(since)[artifacts.DRIFT]
    both_ways = look(config, since_last=True, sample=7)
    assert ends(both_ways) == ("Failed", "FAILED", 1)
    assert "Give one of them" in str(both_ways.message)

    promoted, edited = pair.people()[3], pair.service.store.users[0]
    pair.promote(promoted, "社長")
    pending = look(config)
    assert ends(pending) == ("ChangesPending", "COMPLETED", 2), pending.message
    assert "pending in the directory" in artifacts_of(pending)[artifacts.DRIFT]

    pair.service.store.edit("User", str(edited["id"]), title="Emperor")
    different = look(config)
    assert ends(different) == ("Different", "FAILED", 2), different.message
    assert "1 edited in the service" in str(different.message)
    shown = artifacts_of(different)[artifacts.DRIFT]
    assert "Which side moved" in shown
    assert str(edited["userName"]).replace("_", "\\_") in shown
    assert "Emperor" not in shown
    assert ("survey", "Completed") in task_runs_of(different)

    sampled = look(config, sample=1000)
    assert ends(sampled) == ("Different", "FAILED", 2), sampled.message
    assert "A sample: " in str(sampled.message)
    assert ("survey", "Completed") not in task_runs_of(sampled)

    double = next(user for user in pair.service.store.users if user["id"] != edited["id"])
    pair.service.store.create("User", {**_copied(double), "userName": "double"})
    both = look(config)
    assert ends(both) == ("DifferentAndHeld", "FAILED", 3), both.message
    assert "another resource stands for too" in str(both.message)
    assert not pair.service.writes()


def test_a_look_that_cannot_be_taken_fails_with_a_message(pair: Pair) -> None:
    """The service refuses the token: the state says so, and what to do."""
    config = pair.settings()
    Path(config).with_name("SCIM_TOKEN").write_text("another")

    failed = look(config)

    assert ends(failed) == ("Failed", "FAILED", 1)
    assert "token" in str(failed.message)


def _copied(user: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in user.items() if name not in {"id", "meta", "emails"}}
