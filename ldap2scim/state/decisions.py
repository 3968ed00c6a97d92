"""Who released what of which plan, when and why, and which run rested on it. The name is what the person said."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from ldap2scim.planning.approvals import Release
from ldap2scim.state.schema import decisions
from ldap2scim.state.store import Store


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision of a person."""

    plan_id: str
    decided_at: datetime
    release: Release
    operations: int
    """How many it released."""
    used_in: str | None
    """The run that rested on it; None: none yet."""


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
    kinds = None if release.kinds is None else orjson.dumps(sorted(release.kinds)).decode()
    number = 1 + (connection.scalar(select(func.max(decisions.c.number))) or 0)
    connection.execute(
        insert(decisions),
        {
            "number": number,
            "plan_id": plan_id,
            "decided_at": decided_at,
            "decided_by": release.by,
            "why": release.why,
            "kinds": kinds,
            "operations": operations,
        },
    )


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
