"""The way back is judged like any other plan; of what it holds only that flows which was released for this very way."""

from collections.abc import Sequence
from dataclasses import dataclass

from ldap2scim.errors import PlanRefused
from ldap2scim.planning.approvals import Release, approval_for, approvals_of
from ldap2scim.planning.plan import Plan
from ldap2scim.run.believe import Believed
from ldap2scim.run.carry_out import admit, rest_on
from ldap2scim.run.context import Run
from ldap2scim.run.decide import Comparison, Decision, plan_of
from ldap2scim.run.kept_plans import kept_plan
from ldap2scim.state.approvals import Approved
from ldap2scim.state.plans import stored_plan


@dataclass(frozen=True, slots=True)
class Asked:
    """A person's decision about the plan that they name."""

    plan: str
    """Its id, or its first 8 digits or more."""
    release: Release


def decide_back(run: Run, believed: Believed, compared: Comparison, asked: Asked | None) -> Decision:
    """Judge the way back. Approvals of other plans stay for the next ordinary run.

    Raises:
        PlanError: no plan that is kept is named so.
        PlanRefused: the plan that was approved is another one than this way by now, or was used before.
    """
    armed, run.approved = run.approved, ()
    decision = plan_of(run, believed, compared, None)
    run.approved = _for_this_way(run, armed, decision.plan)
    if asked is not None:
        seen = kept_plan(run.store, asked.plan)
        admit(run.settings, seen)
        if not _covers(seen, decision.plan):
            raise PlanRefused(
                f"The way back is plan {decision.plan.plan_id[:12]} by now, and {asked.plan} is the id of another one.",
                "Look at it without --apply, and approve its id if it is right.",
            )
        rest_on(run, seen, asked.release)
    return plan_of(run, believed, compared, None) if run.approved else decision


def _for_this_way(run: Run, armed: Sequence[Approved], plan: Plan) -> tuple[Approved, ...]:
    """Return the approvals that `ldap2scim approve` has given for this way."""
    seen = {plan_id: stored_plan(run.store, plan_id) for plan_id in {one.plan_id for one in armed}}
    covering = {plan_id for plan_id, kept in seen.items() if kept is not None and _covers(kept, plan)}
    return tuple(one for one in armed if one.plan_id in covering)


def _covers(seen: Plan, now: Plan) -> bool:
    """Say whether a person who has seen one plan has seen all of another: the rest of it, after a part was done."""
    if seen.plan_id == now.plan_id:
        return True
    held = approvals_of(seen.held)
    free = {approval_for(one) for one in seen.operations}
    flowing = {approval_for(one) for one in now.operations}
    return bool(now.held) and approvals_of(now.held) <= held and flowing <= held | free
