"""The journal: what was begun and what became of it, so that a run can be stopped anywhere.

A record is on the disk before its request is sent. The outcome and the change of the snapshot that it confirms are
one transaction. A record without an outcome is in doubt: the service is asked, nothing is guessed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, func, or_, select, update

from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.accounts import Result
from ldap2scim.planning.orphans import ORPHANED
from ldap2scim.planning.proof import Proof
from ldap2scim.state.bulk import Bulk
from ldap2scim.state.chunks import chunks
from ldap2scim.state.history_entries import Entries
from ldap2scim.state.lease import Lease
from ldap2scim.state.schema import REMOVAL, UNSETTLED, journal, micros
from ldap2scim.state.snapshot_rows import SnapshotChange
from ldap2scim.state.snapshot_writer import apply_changes
from ldap2scim.state.store import Store

OF_ENTRIES: Final = ~journal.c.key.startswith(f"{ORPHANED}:", autoescape=True)


@dataclass(frozen=True, slots=True)
class Intent:
    """An operation that is about to be carried out, with what is needed to ask the service about it later."""

    key: Key
    verb: str
    resource_type: ResourceType
    removal: bool = False
    """Whether somebody loses the account or the group is lost: delete, deactivate, or any `active` turned off."""
    service_id: str | None = None
    external_id: str | None = None
    login: str | None = None
    fingerprint: str | None = None
    """Of the state that it leads to."""
    replaces: Key | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """An operation that was begun and never settled."""

    op_no: int
    run_id: str
    plan_id: str
    started_at: datetime
    intent: Intent


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of one operation, and what the service confirmed by it."""

    op_no: int
    result: Result
    changes: tuple[SnapshotChange, ...] = ()
    error: str | None = None
    """Class of the error and status, never an attribute's value."""
    proof: Proof | None = None
    """How it was seen that it took hold."""


class JournalReader:
    """Questions about what was begun. Nothing here writes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def in_doubt(self) -> tuple[Doubt, ...]:
        """Return the operations without a known outcome, of any run, in the order in which they were begun."""
        with self._store.read() as connection:
            rows = connection.execute(select(journal).where(UNSETTLED).order_by(journal.c.op_no)).all()
        return tuple(
            Doubt(
                row.op_no,
                row.run_id,
                row.plan_id,
                row.started_at,
                Intent(
                    Key(row.key),
                    row.verb,
                    ResourceType(row.resource_type),
                    row.removal,
                    row.service_id,
                    row.external_id,
                    row.login,
                    row.fingerprint,
                    None if row.replaces is None else Key(row.replaces),
                ),
            )
            for row in rows
        )

    def names(self, keys: Iterable[Key]) -> Mapping[Key, str]:
        """Return the login, or the name of a group, that the last operation on each key went by, where one has it."""
        found: dict[Key, str] = {}
        with self._store.read() as connection:
            for piece in chunks(keys):
                called = select(journal.c.key, journal.c.login).where(
                    journal.c.key.in_(piece), journal.c.login.is_not(None)
                )
                found |= {Key(key): login for key, login in connection.execute(called.order_by(journal.c.op_no))}
        return found

    def recent_removals(self, since: datetime) -> Mapping[ResourceType, int]:
        """Count the removals begun since a moment, those in doubt included; orphans were nobody's and do not count."""
        query = (
            select(journal.c.resource_type, func.count())
            .where(REMOVAL, journal.c.started_at >= since, OF_ENTRIES)
            .where(or_(UNSETTLED, journal.c.outcome == Result.APPLIED.value))
            .group_by(journal.c.resource_type)
        )
        with self._store.read() as connection:
            found = {ResourceType(kind): count for kind, count in connection.execute(query)}
        return {kind: found.get(kind, 0) for kind in ResourceType}

    def results(self, run_id: str) -> Mapping[tuple[ResourceType, str, Result], int]:
        """Count one run's operations by kind, verb and result; one without an outcome is in doubt."""
        outcome = func.coalesce(journal.c.outcome, Result.IN_DOUBT.value)
        columns = (journal.c.resource_type, journal.c.verb, outcome)
        query = select(*columns, func.count()).where(journal.c.run_id == run_id).group_by(*columns)
        with self._store.read() as connection:
            return {
                (ResourceType(kind), verb, Result(result)): count
                for kind, verb, result, count in connection.execute(query)
            }


def begin(lease: Lease, run_id: str, plan_id: str, intents: Sequence[Intent]) -> range:
    """Record that operations are about to be carried out; on the disk when this returns.

    Returns:
        Their numbers, in the order of `intents`.

    Raises:
        RunRefused: the run lost its lease: send nothing.
        StateError: the store cannot be written: send nothing.
    """
    if not intents:
        return range(0)
    now = micros(lease.store.clock())
    with lease.write() as connection:
        first = 1 + (connection.scalar(select(func.max(journal.c.op_no))) or 0)
        _BEGIN.execute(
            connection,
            [
                (
                    op_no,
                    run_id,
                    plan_id,
                    intent.key,
                    intent.verb,
                    intent.resource_type.value,
                    intent.removal,
                    intent.service_id,
                    intent.external_id,
                    intent.login,
                    intent.fingerprint,
                    intent.replaces,
                    now,
                )
                for op_no, intent in enumerate(intents, first)
            ],
        )
    return range(first, first + len(intents))


def settle(lease: Lease, settlements: Sequence[Settlement]) -> None:
    """Record outcomes and write what they confirm into snapshot and history, in one transaction.

    Raises:
        RunRefused: the run lost its lease; the operations stay in doubt.
        StateError: the store cannot be written, or a change contradicts it; the operations stay in doubt.
    """
    if not settlements:
        return
    now = lease.store.clock()
    with lease.write() as connection:
        ends = ((one.op_no, one.result.value, micros(now), one.error, one.proof) for one in settlements)
        _SETTLE.execute(connection, [*ends])
        entries = Entries(connection, now)
        apply_changes(connection, ((item.op_no, one) for item in settlements for one in item.changes), now, entries)
        _without_change(connection, settlements, entries)
        entries.write()


def _without_change(connection: Connection, settlements: Sequence[Settlement], entries: Entries) -> None:
    """Let the history know of operations that came to their end and changed nothing."""
    ended = [item.op_no for item in settlements if not item.changes and item.result is not Result.IN_DOUBT]
    for piece in chunks(ended):
        rows = connection.execute(select(journal.c.op_no, journal.c.key).where(journal.c.op_no.in_(piece)))
        for op_no, key in rows.all():
            entries.nothing(op_no, key)


_BEGIN = Bulk.insert(
    journal,
    (
        "op_no",
        "run_id",
        "plan_id",
        "key",
        "verb",
        "resource_type",
        "removal",
        "service_id",
        "external_id",
        "login",
        "fingerprint",
        "replaces",
        "started_at",
    ),
)
_OUTCOME = ("outcome", "finished_at", "error", "proof")
_SETTLE = Bulk(
    update(journal).where(journal.c.op_no == bindparam("row_no")).values({name: bindparam(name) for name in _OUTCOME}),
    ("row_no", *_OUTCOME),
)
