"""Whatever happens, in whatever order, the promises hold: histories that Hypothesis makes up, step by step.

Directory changes, edits at the service, bad reads, faults, kills, reviews, approvals, ways back. After every step the
invariants of `machine` are looked at. `LDAP2SCIM_SEED` brings a failure back.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from ldap2scim.run import pipeline
from ldap2scim.sandbox.service import embedded_service
from ldap2scim.scim import rate
from tests.integration.stateful.machine import Ground, Histories
from tests.integration.warm import warm_process
from tests.seed import LONG, SEED

STEPS_OF_ONE = 30
HISTORIES = 68 if LONG else 11
STEPS = 2000 if LONG else 300


@pytest.fixture
def ground(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    """One service and one process that forks, for all histories."""
    monkeypatch.setattr(rate, "FIRST_WAIT", 0.02)  # nobody recovers by waiting here
    with embedded_service() as service, warm_process() as warm:
        ground = Ground(service, warm, tmp_path)
        monkeypatch.setattr(pipeline, "start_load", ground.start_load(pipeline.start_load))
        yield ground


@pytest.mark.timeout(7200)  # with `make test-long`
def test_the_promises_hold_in_every_history(ground: Ground) -> None:
    """After every step: nothing removed without a reason, nothing beyond the plan, nothing twice, accounts balanced."""

    class Here(Histories):
        def __init__(self) -> None:
            super().__init__(ground)

    run_state_machine_as_test(
        seed(SEED)(Here),
        settings=settings(
            max_examples=HISTORIES,
            stateful_step_count=STEPS_OF_ONE,
            deadline=None,
            database=None,  # the seed brings a failure back
            derandomize=False,
            phases=(Phase.generate,),  # to make a failure small takes longer than the suite; its history is printed
            # A step is a whole run: its time says nothing, and a history draws much.
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
        ),
    )
    assert ground.steps >= STEPS, "fewer steps than were promised"
