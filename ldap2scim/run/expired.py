"""Approvals that no run used in time: whoever gave one thinks that the work is done."""

from collections import defaultdict
from collections.abc import Iterator

from ldap2scim.findings import Finding, Severity
from ldap2scim.planning.approvals import approval_for
from ldap2scim.planning.plan import Plan
from ldap2scim.run.context import Run
from ldap2scim.state.approvals import GOOD_FOR, Approved


def expired_approvals(run: Run, plan: Plan) -> Iterator[Finding]:
    """Yield a note for each earlier plan whose approval expired unused, where this plan holds the same operations."""
    waiting = {approval_for(one.operation): one.operation.name for one in plan.held}
    if not waiting:
        return
    by_plan: defaultdict[str, list[Approved]] = defaultdict(list)
    for one in run.state.approvals.expired():
        if one.approval in waiting:
            by_plan[one.plan_id].append(one)
    for plan_id, those in sorted(by_plan.items()):
        count = len(those)
        yield Finding(
            rule="approval-expired",
            severity=Severity.NOTE,
            message=f"The approval of plan {plan_id[:12]} of {those[0].approved_at:%Y-%m-%d} has expired after "
            f"{GOOD_FOR.days} days, since no run with `--apply` used it: "
            f"{count} of its operations {'is' if count == 1 else 'are'} held still.",
            remedy="Approve the plan of today if it is right, and see that a run with `--apply` follows.",
            subjects=tuple(sorted(waiting[one.approval] for one in those)),
        )
