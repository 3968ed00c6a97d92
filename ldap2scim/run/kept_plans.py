"""Plans are kept by their id: for the person who approves them, and for the run that carries them out."""

from ldap2scim.errors import PlanError
from ldap2scim.planning.approvals import approvals_of
from ldap2scim.planning.plan import Plan
from ldap2scim.run.context import Run
from ldap2scim.state import approvals
from ldap2scim.state.approvals import HeldPlan, full_plan_id
from ldap2scim.state.plans import store_plan, stored_plan
from ldap2scim.state.store import Store


def keep_plan(run: Run, plan: Plan) -> None:
    """Keep a whole plan, and what it holds, so that its id can be approved and carried out.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the state cannot be written.
    """
    store_plan(run.lease, plan)
    if not plan.held:
        return
    covered = tuple(sorted(approvals_of(plan.held), key=lambda one: (one.key, one.verb, repr(one.inputs))))
    summary = {"operations": len(plan.operations), "held": len(plan.held)}
    approvals.record_held(run.lease, HeldPlan(plan.plan_id, run.run_id, plan.evaluated_at, summary, covered))


def kept_plan(store: Store, start: str) -> Plan:
    """Return the one kept plan whose id begins with `start` (at least 8 digits).

    Raises:
        PlanError: none, or several, begin so; or only its held operations are known, and not the plan.
        StateError: the state cannot be read.
    """
    plan_id = full_plan_id(store, start)
    plan = stored_plan(store, plan_id)
    if plan is None:
        raise PlanError(f"Plan {plan_id} is not kept any more.", "Make a new plan, and carry that one out.")
    return plan
