"""How a run ends: its exit code (DESIGN §7)."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest

from ldap2scim.findings import Finding, Severity
from ldap2scim.model import ResourceType, Scope
from ldap2scim.planning.accounts import Accounts, Counted, Outcome, Result
from ldap2scim.planning.operations import Delete, HeldOperation
from ldap2scim.planning.plan import Plan, make_plan
from ldap2scim.run.context import Mode
from ldap2scim.run.report import Report
from tests.run.scripted import INPUTS, KEY

DELETE = Delete(KEY, ResourceType.USER, "aiko", INPUTS, "1", None)
BALANCED = Accounts.of({}, (), ())
UNBALANCED = Accounts.of({Scope("corp", ResourceType.USER): Counted(in_image=1)}, (), ())


def plan(*, pending: bool = False, held: bool = False) -> Plan:
    """Return a plan with something to do, or something held."""
    return make_plan(
        [DELETE] if pending else [],
        [HeldOperation(DELETE, ("over the limit",))] if held else [],
        evaluated_at=datetime(2026, 11, 16, tzinfo=UTC),
        settings_digest="s",
        program="1",
    )


STILL = Report(
    run_id="r",
    mode=Mode.PLAN,
    plan=plan(),
    outcomes=(),
    findings=(),
    accounts=BALANCED,
    reads=(),
    stopped_by=None,
    failed_reads=False,
    refused_reads=False,
)

FAILED: dict[str, dict[str, Any]] = {
    "failed": {"outcomes": (Outcome(DELETE, Result.FAILED),)},
    "in doubt": {"outcomes": (Outcome(DELETE, Result.IN_DOUBT),)},
    "unbalanced": {"accounts": UNBALANCED},
    "directory away": {"failed_reads": True},
    "given up": {"stopped_by": "401"},
}
HELD: dict[str, dict[str, Any]] = {
    "entry": {"findings": (Finding("r", Severity.HOLD, "m", "r"),)},
    "stop": {"findings": (Finding("r", Severity.STOP, "m", "r"),), "plan": None, "accounts": None},
    "read": {"refused_reads": True},
}


def test_nothing_to_say() -> None:
    """In step is 0, and notes do not change that."""
    assert STILL.exit_code == 0
    assert replace(STILL, findings=(Finding("r", Severity.NOTE, "m", "r"),)).exit_code == 0
    assert replace(STILL, mode=Mode.APPLY, outcomes=(Outcome(DELETE, Result.APPLIED),)).exit_code == 0


def test_pending_is_of_a_dry_run() -> None:
    """What a dry run would do is 2; the same plan carried out is 0."""
    assert replace(STILL, plan=plan(pending=True)).exit_code == 2
    assert replace(STILL, plan=plan(pending=True), mode=Mode.APPLY).exit_code == 0


@pytest.mark.parametrize("name", HELD)
@pytest.mark.parametrize("mode", Mode)
def test_held_comes_before_pending(name: str, mode: Mode) -> None:
    """Whatever waits for a person is 3, with changes pending or without."""
    assert replace(STILL, mode=mode, **HELD[name]).exit_code == 3
    assert replace(STILL, mode=mode, **{"plan": plan(pending=True), **HELD[name]}).exit_code == 3


@pytest.mark.parametrize("mode", Mode)
def test_held_operation(mode: Mode) -> None:
    """An operation that is held is 3."""
    assert replace(STILL, mode=mode, plan=plan(pending=True, held=True)).exit_code == 3


@pytest.mark.parametrize(("failed", "held"), list(product(FAILED, HELD)))
def test_failed_comes_first(failed: str, held: str) -> None:
    """Whatever failed is 1, whatever else holds."""
    assert replace(STILL, **FAILED[failed]).exit_code == 1
    assert replace(STILL, **{"plan": plan(pending=True), **HELD[held], **FAILED[failed]}).exit_code == 1
