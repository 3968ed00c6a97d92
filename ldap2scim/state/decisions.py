"""Who released or rejected what plan, when and why, and which run rested on it. The name is what the person said."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from ldap2scim.planning.approvals import Release
from ldap2scim.state.lease import Lease
from ldap2scim.state.schema import decisions
from ldap2scim.state.store import Store


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision of a person."""

    plan_id: str
    decided_at: datetime
    release: Release
    operations: int
    """How many it released; none by a rejection, and some by every release."""
    used_in: str | None
    """The run that rested on it, or ended by it; None: none yet."""

    @property
    def rejected(self) -> bool:
        """Say whether the person said no."""
        return not self.operations


def rejections_on(store: Store, plan_id: str) -> tuple[Decided, ...]:
    """Return who said no to one plan, in their order."""
    return tuple(one for one in decisions_on(store, plan_id) if one.rejected)


def decisions_on(store: Store, plan_id: str) -> tuple[Decided, ...]:
    """Return what was decided on one plan, in its order."""
    return _decided(store, decisions.c.plan_id == plan_id)


def decisions_of_run(store: Store, run_id: str) -> tuple[Decided, ...]:
    """Return the decisions that a run rested on, in their order."""
    return _decided(store, decisions.c.used_in == run_id)


def record_decision(
    connection: Connection, plan_id: str, release: Release, operations: int, decided_at: datetime
) -> None:
    """Write down a decision, in the transaction that releases."""
    _record(connection, Decided(plan_id, decided_at, release, operations, None))


def record_rejection(lease: Lease, plan_id: str, rejected: Release, run_id: str) -> None:
    """Write down that a person said no to a plan, in the run that ends by it; nothing of the plan was released.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the store cannot be written.
    """
    with lease.write() as connection:
        _record(connection, Decided(plan_id, lease.store.clock(), rejected, 0, run_id))


def _record(connection: Connection, decided: Decided) -> None:
    release = decided.release
    kinds = None if release.kinds is None else orjson.dumps(sorted(release.kinds)).decode()
    number = 1 + (connection.scalar(select(func.max(decisions.c.number))) or 0)
    connection.execute(
        insert(decisions),
        {
            "number": number,
            "plan_id": decided.plan_id,
            "decided_at": decided.decided_at,
            "decided_by": release.by,
            "why": release.why,
            "kinds": kinds,
            "operations": decided.operations,
            "used_in": decided.used_in,
        },
    )


def in_words(decided: Decided) -> str:
    """Say a decision in a sentence, as it was recorded."""
    release = decided.release
    when, by = f"{decided.decided_at:%Y-%m-%d %H:%M} UTC", release.by or "somebody"
    why = f": {release.why.rstrip('.')}." if release.why else "."
    if decided.rejected:
        return f"Plan {decided.plan_id[:12]} was rejected on {when} by {by}{why}"
    kinds = f" ({', '.join(sorted(release.kinds))})" if release.kinds else ""
    what = f"{decided.operations} of what plan {decided.plan_id[:12]} holds{kinds}"
    return f"{what} was released on {when} by {by}{why}"


def mark_used(connection: Connection, decided: Iterable[tuple[str, datetime]], run_id: str) -> None:
    """Write down the run that rests on what was decided on some plans, each at its moment, and not used yet."""
    for plan_id, moment in sorted(decided):
        those = decisions.c.plan_id == plan_id, decisions.c.decided_at == moment, decisions.c.used_in.is_(None)
        connection.execute(update(decisions).where(*those).values(used_in=run_id))


def _decided(store: Store, condition: ColumnElement[bool]) -> tuple[Decided, ...]:
    with store.read() as connection:
        rows = connection.execute(select(decisions).where(condition).order_by(decisions.c.number)).all()
    return tuple(
        Decided(
            row.plan_id,
            row.decided_at,
            Release(row.decided_by, row.why, None if row.kinds is None else frozenset(orjson.loads(row.kinds))),
            row.operations,
            row.used_in,
        )
        for row in rows
    )
