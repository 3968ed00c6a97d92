"""Held operations and their approval: once, for one plan, and for nothing that moved since."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Connection, Row, Update, and_, bindparam, insert, or_, select, union, update

from ldap2scim.errors import PlanError, PlanRefused
from ldap2scim.model import Key
from ldap2scim.planning.approvals import Approval, Release, approvals_of
from ldap2scim.planning.kinds import kind_of, of_kinds
from ldap2scim.planning.operations import Inputs
from ldap2scim.state.decisions import mark_used, record_decision
from ldap2scim.state.lease import Lease
from ldap2scim.state.plans import stored_plan
from ldap2scim.state.schema import held_operations, plan_files, plans, runs
from ldap2scim.state.store import Store

GOOD_FOR: Final = timedelta(days=7)
"""How long an approval waits for a run: one that nothing used by then would release what nobody looks at any more."""

UNSIGNED = Release("")
"""By nobody in particular: everything that a plan holds."""


@dataclass(frozen=True, slots=True)
class Approved:
    """A held operation that a person has released and no run has used yet."""

    plan_id: str
    number: int
    """Of the operation in its plan."""
    approval: Approval
    approved_at: datetime


@dataclass(frozen=True, slots=True)
class Given:
    """What a person has decided for one run alone. It is written down as the run uses it, so that it outlives none."""

    plan_id: str
    release: Release
    fresh: tuple[Approved, ...]
    """What it releases that was not released before."""


@dataclass(frozen=True, slots=True)
class HeldPlan:
    """What is remembered of a plan with held operations."""

    plan_id: str
    run_id: str
    evaluated_at: datetime
    summary: Mapping[str, Any]
    operations: tuple[Approval, ...]
    """What approving its id covers."""


class ApprovalsReader:
    """Questions about held operations. Nothing here writes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def approved(self) -> tuple[Approved, ...]:
        """Return what was approved and neither used nor expired, in a stable order."""
        query = (
            select(held_operations)
            .where(held_operations.c.used_at.is_(None), held_operations.c.approved_at > self._store.clock() - GOOD_FOR)
            .order_by(held_operations.c.plan_id, held_operations.c.number)
        )
        with self._store.read() as connection:
            return tuple(_approved(row, row.approved_at) for row in connection.execute(query))

    def expired(self) -> tuple[Approved, ...]:
        """Return what was approved so long ago that it does not count any more, and no run used, in a stable order."""
        query = (
            select(held_operations)
            .where(held_operations.c.approved_at.is_not(None), _open(self._store.clock()))
            .order_by(held_operations.c.plan_id, held_operations.c.number)
        )
        with self._store.read() as connection:
            return tuple(_approved(row, row.approved_at) for row in connection.execute(query))

    def used(self, plan_id: str) -> Mapping[Approval, datetime]:
        """Return what was approved of a plan and used, and when; of a run that came to its end."""
        with self._store.read() as connection:
            rows = connection.execute(select(held_operations).where(held_operations.c.plan_id == plan_id, _USED)).all()
        return {_approval(row): row.used_at for row in rows}

    def given(self, plan_id: str, release: Release) -> Given:
        """Return what a decision would release in the run that asks, which holds the lease; writes nothing.

        What a run used that died counts as not used: while one run holds the lease, no other is under way.

        Raises:
            PlanError: no such plan, or nothing of these kinds is held in it.
        """
        wanted = None if release.kinds is None else _of_kinds(self._store, plan_id, release.kinds)
        now = self._store.clock()
        fresh = and_(held_operations.c.plan_id == plan_id, or_(_open(now), _USED_BY_A_DEAD_RUN))
        with self._store.read() as connection:
            rows = connection.execute(select(held_operations).where(fresh).order_by(held_operations.c.number)).all()
        chosen = [row for row in rows if wanted is None or _approval(row) in wanted]
        return Given(plan_id, release, tuple(_approved(row, now) for row in chosen))

    def held_plan(self, plan_id: str) -> HeldPlan | None:
        """Return one plan and the operations that it holds; None where there is none."""
        with self._store.read() as connection:
            plan = connection.execute(select(plans).where(plans.c.plan_id == plan_id)).one_or_none()
            if plan is None:
                return None
            query = select(held_operations).where(held_operations.c.plan_id == plan_id)
            rows = connection.execute(query.order_by(held_operations.c.number)).all()
        return HeldPlan(
            plan_id, plan.run_id, plan.evaluated_at, orjson.loads(plan.summary), tuple(_approval(row) for row in rows)
        )


def record_held(lease: Lease, plan: HeldPlan) -> None:
    """Keep a plan's held operations, so that they can be approved by its id.

    A plan that is known already stays as it is: the same id is the same plan, and its approval stands. Only an
    approval that was used up is taken back, since what is held again (it failed, say) may be approved again.
    """
    with lease.write() as connection:
        if connection.scalar(select(plans.c.plan_id).where(plans.c.plan_id == plan.plan_id)) is not None:
            connection.execute(_taking_back(plan.plan_id, held_operations.c.used_at.is_not(None)))
            return
        connection.execute(
            insert(plans),
            {
                "plan_id": plan.plan_id,
                "run_id": plan.run_id,
                "evaluated_at": plan.evaluated_at,
                "summary": orjson.dumps(plan.summary).decode(),
            },
        )
        if plan.operations:
            connection.execute(
                insert(held_operations),
                [
                    {
                        "plan_id": plan.plan_id,
                        "number": number,
                        "key": operation.key,
                        "verb": operation.verb,
                        "inputs_desired": operation.inputs.desired,
                        "inputs_known": operation.inputs.known,
                    }
                    for number, operation in enumerate(plan.operations)
                ],
            )


def use(lease: Lease, approved: Collection[Approved], run_id: str = "", given: Given | None = None) -> None:
    """Mark approvals as used, and the decisions that they come from, before the first request that they allow.

    Args:
        lease: of the run.
        approved: all that the run rests on.
        run_id: the run.
        given: what was decided for this run alone; it is released in the same transaction.

    Raises:
        PlanRefused: one of them was used before; none is marked.
    """
    if not approved:
        return
    now = lease.store.clock()
    with lease.write() as connection:
        if given is not None and given.fresh:
            connection.execute(_taking_back(given.plan_id, _USED_BY_A_DEAD_RUN))
            _release(connection, given.plan_id, given.release, [one.number for one in given.fresh], now)
        for item in approved:
            marked = connection.execute(
                _USE,
                {"plan": item.plan_id, "of_number": item.number, "at": now, "run": run_id},
            )
            if marked.rowcount != 1:
                raise PlanRefused(
                    f"Plan {item.plan_id}: the approval to {item.approval.verb} {item.approval.key} was used before.",
                    "Look at a new plan, and approve that one if it is right.",
                )
        fresh = frozenset() if given is None else frozenset(given.fresh)
        mark_used(connection, {(one.plan_id, now if one in fresh else one.approved_at) for one in approved}, run_id)


def give_back(lease: Lease, approved: Collection[Approved], run_id: str) -> None:
    """Let the next run use what this one had an approval for and did not try.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the store cannot be written.
    """
    if approved:
        rows = [{"plan": one.plan_id, "of_number": one.number, "run": run_id} for one in approved]
        with lease.write() as connection:
            connection.execute(_GIVE_BACK, rows)


def _taking_back(plan_id: str, which: ColumnElement[bool]) -> Update:
    used = held_operations.c.plan_id == plan_id, which
    return update(held_operations).where(*used).values(approved_at=None, used_at=None, used_in=None)


def full_plan_id(store: Store, start: str) -> str:
    """Return the id of the one plan that is kept and begins with `start` (at least 8 digits).

    Raises:
        PlanError: no plan, or several, begin so.
    """
    if len(start) >= 8 and start.isalnum():
        begins = (select(table.c.plan_id).where(table.c.plan_id.startswith(start)) for table in (plans, plan_files))
        with store.read() as connection:
            found = connection.scalars(union(*begins).limit(2)).all()
        if len(found) == 1:
            return str(found[0])
        if found:
            raise PlanError(f"Several plans begin with {start}.", "Give more digits of the id.")
    raise _no_plan(start)


def approve(store: Store, plan_id: str, release: Release = UNSIGNED) -> int:
    """Release held operations of a plan for the next run, once; needs no lease: a person does it at any time.

    Returns:
        How many operations the approval covers.

    Raises:
        PlanError: no such plan, or nothing (of these kinds) held in it.
        PlanRefused: it was approved before.
        StateError: the store cannot be written.
    """
    wanted = None if release.kinds is None else _of_kinds(store, plan_id, release.kinds)
    of_plan = held_operations.c.plan_id == plan_id
    now = store.clock()
    with store.write() as connection:
        if connection.scalar(select(plans.c.plan_id).where(plans.c.plan_id == plan_id)) is None:
            raise _no_plan(plan_id)
        rows = connection.execute(select(held_operations).where(of_plan)).all()
        if not rows:
            raise PlanError(f"Plan {plan_id} holds nothing.", "Nothing needs to be approved.")
        chosen = [row for row in rows if wanted is None or _approval(row) in wanted]
        open_ones = {row.number for row in connection.execute(select(held_operations).where(of_plan, _open(now)))}
        fresh = [row.number for row in chosen if row.number in open_ones]
        if not fresh:  # one kind may have been approved before the others
            raise approved_before(plan_id, [row.used_at for row in chosen])
        _release(connection, plan_id, release, fresh, now)
        return len(fresh)


def approved_before(plan_id: str, used_at: Collection[datetime | None]) -> PlanRefused:
    """Return the refusal of a second approval: one that a run has used, or one that still waits for a run.

    Args:
        plan_id: of the plan.
        used_at: when each of its operations that are meant was used; None: not yet.
    """
    used = [one for one in used_at if one is not None]
    if used_at and not used:
        return PlanRefused(
            f"Plan {plan_id[:12]} was approved before, and no run has used that yet; an approval is good once.",
            "`ldap2scim sync --apply` carries it out.",
        )
    on = f", and a run used that on {max(used):%Y-%m-%d %H:%M} UTC" if used else ""
    return PlanRefused(
        f"Plan {plan_id[:12]} was approved before{on}; an approval is good once.",
        "Make a new plan, and approve that one if it is right.",
    )


def _release(connection: Connection, plan_id: str, release: Release, numbers: Collection[int], now: datetime) -> None:
    connection.execute(_APPROVE, [{"plan": plan_id, "of_number": number, "at": now} for number in numbers])
    record_decision(connection, plan_id, release, len(numbers), now)


def _open(now: datetime) -> ColumnElement[bool]:
    """Say of a held operation that nobody has approved it, or so long ago that it does not count any more."""
    approved_at = held_operations.c.approved_at
    return and_(held_operations.c.used_at.is_(None), or_(approved_at.is_(None), approved_at <= now - GOOD_FOR))


def _of_kinds(store: Store, plan_id: str, kinds: Collection[str]) -> frozenset[Approval]:
    plan = stored_plan(store, plan_id)
    if plan is None:
        raise _no_plan(plan_id)
    chosen = of_kinds(plan.held, kinds)
    if not chosen:
        held = sorted({kind_of(one.operation) for one in plan.held})
        raise PlanError(
            f"Plan {plan_id} holds nothing of the kind {', '.join(sorted(kinds))}.",
            f"It holds: {', '.join(held) or 'nothing'}.",
        )
    return approvals_of(chosen)


def _no_plan(plan_id: str) -> PlanError:
    return PlanError(
        f"There is no plan {plan_id} with held operations.", "Take the id from the report of the last run."
    )


def _approved(row: Row[Any], approved_at: datetime) -> Approved:
    return Approved(row.plan_id, row.number, _approval(row), approved_at)


def _approval(row: Any) -> Approval:  # noqa: ANN401 (a row of held_operations)
    return Approval(Key(row.key), row.verb, Inputs(row.inputs_desired, row.inputs_known))


_OF_PLAN = held_operations.c.plan_id == bindparam("plan"), held_operations.c.number == bindparam("of_number")
_AT = bindparam("at", type_=held_operations.c.used_at.type)
_APPROVE = update(held_operations).where(*_OF_PLAN).values(approved_at=_AT)
_USE = (
    update(held_operations)
    .where(*_OF_PLAN, held_operations.c.approved_at.is_not(None), held_operations.c.used_at.is_(None))
    .values(used_at=_AT, used_in=bindparam("run"))
)
_GIVE_BACK = (
    update(held_operations)
    .where(*_OF_PLAN, held_operations.c.used_in == bindparam("run"))
    .values(used_at=None, used_in=None)
)
_USED_BY_A_DEAD_RUN = held_operations.c.used_in.in_(select(runs.c.run_id).where(runs.c.accounts.is_(None)))
"""As the run knows that holds the lease: every other without a report was killed, or ended by an error."""
_USED = and_(held_operations.c.used_at.is_not(None), or_(held_operations.c.used_in.is_(None), ~_USED_BY_A_DEAD_RUN))
