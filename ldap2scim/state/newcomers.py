"""People who were created and of whom no report has told yet, and who was sent a message.

The journal knows who was created. A report that was finished moves a mark in it, so that a run which was killed before
its report leaves its newcomers to the next. A message is recorded before it is sent: whatever happens then, it is
never sent twice.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, Integer, ScalarSelect, bindparam, cast, delete, func, insert, select, update

from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.accounts import Result
from ldap2scim.planning.operations import Create
from ldap2scim.state.chunks import STATEMENT_ROWS, chunks
from ldap2scim.state.lease import Lease
from ldap2scim.state.marks import mark
from ldap2scim.state.schema import UNSETTLED, journal, meta, newcomers
from ldap2scim.state.store import Store

_MARK = "newcomers"
"""Name of the number up to which every creation has been told of."""


class Mailed(StrEnum):
    """What became of the message to one person."""

    BEGUN = "begun"
    """About to be sent when it was recorded; nobody knows whether it was."""
    SENT = "sent"
    """The mail server took it."""
    FAILED = "failed"
    """The mail server refused it."""


@dataclass(frozen=True, slots=True)
class Created:
    """One person whom the journal knows to be created."""

    op_no: int
    key: Key
    mailed: Mailed | None
    """None: no message was begun."""


def waiting(store: Store) -> Iterator[list[Created]]:
    """Yield the creations that no finished report has told of, in their order, a batch at a time."""
    query = (
        select(journal.c.op_no, journal.c.key, newcomers.c.mailed)
        .outerjoin(newcomers, newcomers.c.op_no == journal.c.op_no)
        .where(
            journal.c.op_no > _mark(),
            journal.c.op_no > bindparam("after"),
            journal.c.verb == Create.verb,
            journal.c.resource_type == ResourceType.USER.value,
            journal.c.outcome == Result.APPLIED.value,
            func.coalesce(newcomers.c.told, False).is_(False),
        )
        .order_by(journal.c.op_no)
        .limit(STATEMENT_ROWS)
    )
    after = 0
    while True:
        with store.read() as connection:
            rows = connection.execute(query, {"after": after}).all()
        if not rows:
            return
        yield [Created(row.op_no, Key(row.key), None if row.mailed is None else Mailed(row.mailed)) for row in rows]
        after = rows[-1].op_no


def begin_mail(lease: Lease, op_no: int) -> None:
    """Record that a message is about to be sent; on the disk when this returns.

    Raises:
        RunRefused: the run lost its lease: send nothing.
        StateError: the state cannot be written, or it was recorded before: send nothing.
    """
    with lease.write() as connection:
        connection.execute(insert(newcomers), {"op_no": op_no, "mailed": Mailed.BEGUN.value, "told": False})


def end_mail(lease: Lease, op_no: int, mailed: Mailed) -> None:
    """Record what became of a message.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the state cannot be written.
    """
    with lease.write() as connection:
        connection.execute(update(newcomers).where(newcomers.c.op_no == op_no).values(mailed=mailed.value))


def conclude(lease: Lease, told: Iterable[int], left: Iterable[int] = ()) -> None:
    """Record that a report has told of these creations; those `left` over wait for the next.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the state cannot be written.
    """
    first_left = min(left, default=None)
    with lease.write() as connection:
        newest = connection.scalar(select(func.max(journal.c.op_no))) or 0
        unsettled = connection.scalar(select(func.min(journal.c.op_no)).where(UNSETTLED))
        told_of = min([newest, *(number - 1 for number in (unsettled, first_left) if number is not None)])
        for piece in chunks(number for number in told if number > told_of):
            here = newcomers.c.op_no.in_(piece)
            known = set(connection.scalars(select(newcomers.c.op_no).where(here)))
            connection.execute(update(newcomers).where(here).values(told=True))
            if new := [{"op_no": number, "told": True} for number in piece if number not in known]:
                connection.execute(insert(newcomers), new)
        connection.execute(delete(newcomers).where(newcomers.c.op_no <= told_of))
        mark(connection, _MARK, str(told_of))


def told_up_to(connection: Connection) -> int:
    """Return the number of the last operation before which every creation has been told of."""
    return connection.scalar(select(_mark())) or 0


def _mark() -> ScalarSelect[int]:
    written = select(cast(meta.c.value, Integer)).where(meta.c.name == _MARK).scalar_subquery()
    return select(func.coalesce(written, 0)).scalar_subquery()
