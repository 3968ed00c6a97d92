"""A run that waits for a person's decision: its process ends, and it starts again from its first line with the answer.

Nothing is held open meanwhile, the lease neither: what moves in the directory or at the service until then is found
when the plan is carried out. Prefect cannot prove who filled in the form; the name is what they say.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Final

from prefect.context import FlowRunContext
from prefect.flow_runs import suspend_flow_run
from prefect.input import RunInput
from pydantic import Field, JsonValue, StringConstraints, create_model

from ldap2scim.errors import PlanRefused
from ldap2scim.planning.ages import with_ages
from ldap2scim.planning.approvals import Release
from ldap2scim.planning.kinds import KINDS, kind_of, kinds_named
from ldap2scim.planning.plan import Plan
from ldap2scim.planning.render_markdown import to_markdown
from ldap2scim.planning.render_plan import plan_document
from ldap2scim.run.documents import waited_line
from ldap2scim.run.report import Report

_KEY: Final = "ldap2scim-plan-"
_SHOWN: Final = 12
"""Digits of a plan's id that the form shows to be typed."""
_LEAST: Final = 8
"""Digits of it that have to be typed."""
PlanStart = Annotated[str, StringConstraints(strip_whitespace=True, min_length=_LEAST)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Answer(StrEnum):
    """What a person may say to a plan."""

    APPROVE = "approve"
    REJECT = "reject"


class Decision(RunInput):
    """The form that releases what a plan holds."""

    plan: PlanStart = Field(title="Plan", description="The id as shown above: 8 of its digits or more.")
    answer: Answer = Field(title="Answer")
    kinds: list[str] = Field(default=[], title="Kinds", description="Release these alone; nothing chosen: all.")
    by: Name = Field(title="By whom", description="Your name. It is recorded as you write it.")
    why: str = Field(default="", title="Why")


@dataclass(frozen=True, slots=True)
class Decided:
    """The answer for which this run had waited."""

    plan_id: str
    decision: Decision

    @property
    def rejection(self) -> Release | None:
        """Return who rejected the plan, and why; None where it was not rejected.

        Raises:
            PlanRefused: another plan was meant.
        """
        by = self._signed()
        return Release(by, self.decision.why.strip()) if self.decision.answer is Answer.REJECT else None

    @property
    def release(self) -> Release:
        """Return what was released, by whom and why.

        Raises:
            PlanRefused: the plan was rejected, or another one was meant.
            PlanError: one of the kinds is none.
        """
        rejected = self.rejection
        if rejected is not None:
            why = f": {rejected.why}" if rejected.why else "."
            raise PlanRefused(
                f"Plan {self.plan_id[:_SHOWN]} was rejected by {rejected.by}{why}",
                "What it held stays as it is. Mend the cause in the directory or in the settings.",
            )
        kinds = kinds_named(self.decision.kinds) if self.decision.kinds else None
        return Release(self._signed(), self.decision.why.strip(), kinds)

    def _signed(self) -> str:
        """Return the name under the answer, where it is about this plan."""
        by, named = self.decision.by.strip(), self.decision.plan.strip().casefold()
        # The form is not all that may build an answer, and every id begins with nothing.
        if not by or len(named) < _LEAST or not self.plan_id.startswith(named):
            raise PlanRefused(
                f"The answer of {by or 'nobody'} names plan {named or 'none'}; this run waited for one on "
                f"{self.plan_id[:_SHOWN]}, and releases nothing.",
                "Look at the newest plan, and approve that one by its id.",
            )
        return by


def decided() -> Decided | None:
    """Return the answer where this run had waited for one; None in any other run, one that is tried again included."""
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        return None
    # A second try of the whole run is counted, and asks anew; going on after an answer is not.
    ending = _ending(context.flow_run.run_count)
    for key in sorted(context.flow_run.empirical_policy.pause_keys or ()):
        if key.startswith(_KEY) and key.endswith(ending):
            answered = suspend_flow_run(wait_for_input=Decision, key=key)  # returns at once: it was answered
            return Decided(key.removeprefix(_KEY).removesuffix(ending), answered)
    return None


def may_wait() -> bool:
    """Say whether this run can wait for an answer: one that a worker started can; an ad-hoc one ends with its shell."""
    context = FlowRunContext.get()
    return context is not None and context.flow_run is not None and context.flow_run.deployment_id is not None


def wait_for_decision(report: Report | None, days: int) -> None:
    """End the process and wait for an answer, where the report's plan holds something and the run can wait.

    Raises:
        Pause: Prefect's way to end the process.
    """
    context = FlowRunContext.get()
    if report is None or report.plan is None or not report.plan.held or report.failed or not may_wait():
        return
    if context is None or context.flow_run is None:
        return
    suspend_flow_run(
        wait_for_input=_form(report.plan, waited_line(report)),
        timeout=int(timedelta(days=days).total_seconds()),
        key=f"{_KEY}{report.plan.plan_id}{_ending(context.flow_run.run_count)}",
    )


def _ending(run_count: int) -> str:
    return f"-{run_count}"


def _form(plan: Plan, waited: str) -> type[Decision]:
    """Return the form for one plan: what it holds, and the kinds of it to choose from."""
    held = {kind_of(one.operation) for one in plan.held}
    choices: list[JsonValue] = [kind for kind in KINDS if kind in held]
    offered: Any = Field(
        default=[],
        title="Kinds",
        description="Release these alone; nothing chosen: all.",
        json_schema_extra={"items": {"type": "string", "enum": choices}},
    )
    form = create_model(Decision.__name__, __base__=Decision, kinds=(list[str], offered))
    heading = f"Plan **{plan.plan_id[:_SHOWN]}** holds {len(plan.held)} operations for a person.\n\n"
    return form.with_initial_data(description=heading + to_markdown(with_ages(plan_document(plan), waited)))
