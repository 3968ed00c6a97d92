"""Whole plans by their id, so that what a person saw is what is carried out later."""

import zlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, insert, select, update

from ldap2scim.planning.plan import Plan, from_pieces, pieces
from ldap2scim.state.lease import Lease
from ldap2scim.state.schema import plan_files, plan_pieces
from ldap2scim.state.store import Store

KEPT: Final = timedelta(days=90)
"""How long a plan is kept after it was last made: a person who has not decided by then looks at a new one."""
_LEVEL: Final = 1
"""Of compression: names and words come again and again, and a stronger one takes several times as long."""


def store_plan(lease: Lease, plan: Plan) -> None:
    """Keep a plan, piece by piece; one that is kept already is only marked as met again. Old ones go.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the store cannot be written.
    """
    now = lease.store.clock()
    with lease.write() as connection:
        connection.execute(delete(plan_files).where(plan_files.c.stored_at < now - KEPT))
        met = update(plan_files).where(plan_files.c.plan_id == plan.plan_id).values(stored_at=now)
        if connection.execute(met).rowcount:
            return
        connection.execute(insert(plan_files), {"plan_id": plan.plan_id, "stored_at": now})
        for number, piece in enumerate(pieces(plan)):
            row = {"plan_id": plan.plan_id, "number": number, "piece": zlib.compress(piece, _LEVEL)}
            connection.execute(insert(plan_pieces), row)


def stored_plan(store: Store, plan_id: str) -> Plan | None:
    """Return the plan with an id; None where it is not kept.

    Raises:
        PlanError: it is damaged.
        StateError: the store cannot be read.
    """

    def documents() -> Iterator[bytes]:
        for number in range(count):
            with store.read() as connection:
                yield zlib.decompress(connection.execute(of_plan.where(plan_pieces.c.number == number)).scalar_one())

    of_plan = select(plan_pieces.c.piece).where(plan_pieces.c.plan_id == plan_id)
    with store.read() as connection:
        count = len(connection.scalars(select(plan_pieces.c.number).where(plan_pieces.c.plan_id == plan_id)).all())
    return from_pieces(documents()) if count else None
