"""What is old enough is forgotten: the oldest history first, a bounded piece a run, and nothing that is still needed.

Kept whatever its age: operations in doubt, people of whom no report has told, plans that were approved lately and have
not been used, the last run, and the last reads of each directory, which are the measure for the next. An approval is
good for as long as the shortest history that may be set, so what goes can release nothing any more.
"""

from contextlib import suppress
from datetime import datetime

from sqlalchemy import Connection, delete, func, select

from ldap2scim.errors import StateError
from ldap2scim.planning.accounts import Result
from ldap2scim.state import rewriting
from ldap2scim.state.chunks import chunks
from ldap2scim.state.history_entries import SINCE
from ldap2scim.state.lease import Lease
from ldap2scim.state.marks import mark
from ldap2scim.state.newcomers import told_up_to
from ldap2scim.state.schema import (
    decisions,
    findings,
    held_operations,
    history,
    journal,
    mended,
    meta,
    micros,
    plans,
    reads,
    runs,
)

MOST = 20_000
"""Rows of one table that one run forgets: tenths of a second."""


def prune(lease: Lease, before: datetime, most: int = MOST) -> int:
    """Forget what is older than a moment; return how many entries of history and operations were.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the state cannot be written.
    """
    with lease.write() as connection:
        forgotten = _history(connection, before, most)
        forgotten += _journal(connection, before, most)
        _runs(connection, before, most)
        connection.execute(delete(decisions).where(decisions.c.decided_at < before))
        _reads(connection, before)
    with suppress(StateError):  # somebody else has the state open: later, then
        rewriting.finish(lease)
    return forgotten


def _history(connection: Connection, before: datetime, most: int) -> int:
    """Forget the oldest entries, one after the other, so that walking back is right as far as it still goes."""
    oldest = select(history.c.entry_no, history.c.at).order_by(history.c.entry_no)
    first = connection.execute(oldest.limit(1)).one_or_none()
    if first is None or first.at >= before:
        return 0
    count = 0
    last = first
    for row in connection.execute(oldest.limit(most)).all():
        if row.at >= before:
            break
        last, count = row, count + 1
    connection.execute(delete(history).where(history.c.entry_no <= last.entry_no))
    mark(connection, SINCE, str(micros(last.at)))
    return count


def _journal(connection: Connection, before: datetime, most: int) -> int:
    """Forget settled operations whose history is forgotten."""
    since = connection.scalar(select(meta.c.value).where(meta.c.name == SINCE))
    if since is None or int(since) == 0:
        return 0
    limit = min(int(since), micros(before))
    oldest = (
        select(journal.c.op_no, journal.c.outcome, journal.c.finished_at)
        .where(journal.c.op_no <= told_up_to(connection))
        .order_by(journal.c.op_no)
    )
    first = connection.execute(oldest.limit(1)).one_or_none()
    if first is None or (first.finished_at is not None and micros(first.finished_at) > limit):
        return 0
    numbers = [
        row.op_no
        for row in connection.execute(oldest.limit(most)).all()
        if row.finished_at is not None
        and row.outcome not in {None, Result.IN_DOUBT.value}
        and micros(row.finished_at) <= limit
    ]
    for piece in chunks(numbers):
        connection.execute(delete(journal).where(journal.c.op_no.in_(piece)))
    return len(numbers)


def _runs(connection: Connection, before: datetime, most: int) -> None:
    """Forget runs without operations that are left, with what they noticed and held."""
    newest = select(runs.c.run_id).order_by(runs.c.started_at.desc()).limit(1)
    with_operations = select(journal.c.run_id).where(journal.c.run_id == runs.c.run_id)
    waiting = select(plans.c.run_id).join(held_operations, held_operations.c.plan_id == plans.c.plan_id)
    approved = waiting.where(held_operations.c.approved_at >= before, held_operations.c.used_at.is_(None))
    old = (
        select(runs.c.run_id)
        .where(runs.c.started_at < before, ~with_operations.exists(), runs.c.run_id.not_in(newest))
        .where(runs.c.run_id.not_in(approved))
        .order_by(runs.c.started_at)
        .limit(most)
    )
    for piece in chunks(connection.scalars(old).all()):
        for table in (findings, mended, plans, runs):
            connection.execute(delete(table).where(table.c.run_id.in_(piece)))


def _reads(connection: Connection, before: datetime) -> None:
    """Forget reads, but for the last of each directory, and the last that was believed."""
    last = select(func.max(reads.c.read_no)).group_by(reads.c.directory)
    kept = last.union(last.where(reads.c.believed)).subquery()
    connection.execute(delete(reads).where(reads.c.finished_at < before, reads.c.read_no.not_in(select(kept))))
