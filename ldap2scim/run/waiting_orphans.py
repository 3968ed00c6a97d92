"""Orphans that a full read of the service proposed to remove, and that wait for a person: later runs remind of them.

Only their number is remembered, with the plan that held them: who they are the plan says, while it is kept.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

import orjson

from ldap2scim.findings import Finding, Severity
from ldap2scim.model import ResourceType
from ldap2scim.planning.operations import Operation
from ldap2scim.planning.orphans import is_of_an_orphan, orphan_key
from ldap2scim.planning.plan import Plan
from ldap2scim.run.context import Run
from ldap2scim.state.decisions import rejections_on
from ldap2scim.state.marks import remember, remembered_mark

_MARK: Final = "orphans-waiting"


def remember_waiting(run: Run, plan: Plan) -> None:
    """Remember how many orphans the plan of a run holds that has read the service in full.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the state cannot be written.
    """
    _remember(run, plan.plan_id, run.now, sum(is_of_an_orphan(one.operation) for one in plan.held))


def count_removed(run: Run, applied: Iterable[Operation]) -> None:
    """Count the orphans among what was applied: so many less are waiting.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the state cannot be written.
    """
    gone = sum(map(is_of_an_orphan, applied))
    if gone and (waiting := _waiting(run)) is not None:
        plan_id, since, count = waiting
        _remember(run, plan_id, since, count - gone)


def reminder(run: Run, plan: Plan) -> Iterator[Finding]:
    """Yield what is to be said of those that this plan leaves alone, in a run that has not read the service in full.

    Raises:
        StateError: the state cannot be read.
    """
    waiting = _waiting(run)
    if waiting is None:
        return
    plan_id, since, count = waiting
    if rejections_on(run.store, plan_id):
        return  # somebody has looked, and wants them to stay
    left = count - sum(map(is_of_an_orphan, plan.operations))
    if left > 0:
        yield Finding(
            rule="orphans-waiting",
            severity=Severity.NOTE,
            message=f"Orphaned resources that may be ours have been waiting for a person since {since:%Y-%m-%d}: "
            f"{left}, held by plan {plan_id[:12]}.",
            remedy=f"Look who they are in that plan, or anew with `ldap2scim recover`; then `ldap2scim approve "
            f"{plan_id[:12]} --kind orphaned`, or narrow `service.filter` where they belong to another program.",
        )


def plan_holding(run: Run, kind: ResourceType, service_id: str) -> str | None:
    """Return the id of the plan that waits with the removal of an orphaned resource; None: none does.

    Raises:
        StateError: the state cannot be read.
    """
    waiting = _waiting(run)
    plan = None if waiting is None else run.state.approvals.held_plan(waiting[0])
    if plan is None:
        return None
    wanted, used = orphan_key(kind, service_id), run.state.approvals.used(plan.plan_id)
    return plan.plan_id if any(one.key == wanted and one not in used for one in plan.operations) else None


def _waiting(run: Run) -> tuple[str, datetime, int] | None:
    kept = remembered_mark(run.store, _MARK)
    mark = orjson.loads(kept) if kept else {}
    return (mark["plan"], datetime.fromisoformat(mark["since"]), mark["count"]) if mark.get("count") else None


def _remember(run: Run, plan_id: str, since: datetime, count: int) -> None:
    mark = {"plan": plan_id, "since": since.isoformat(), "count": count} if count > 0 else {}
    remember(run.lease, _MARK, orjson.dumps(mark).decode())
