"""History: what happened to a person or group, or in a run, and what the snapshot was at an earlier moment."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Select, or_, select

from ldap2scim.errors import StateError
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.operations import AttributeChange
from ldap2scim.planning.proof import Proof
from ldap2scim.state.chunks import chunks
from ldap2scim.state.history_entries import SINCE, Kind, rows_before
from ldap2scim.state.schema import EPOCH, from_micros, history, journal, memberships, meta, snapshot
from ldap2scim.state.snapshot_rows import SnapshotRow
from ldap2scim.state.store import Store
from ldap2scim.state.walking_back import Entry, Pair, Walk, connected, lineage


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One change of a person or group, or an operation that came to nothing."""

    entry_no: int
    at: datetime
    """When it was confirmed, or seen."""
    key: Key
    kind: Kind
    run_id: str | None
    """None: no operation made it, it was seen at the service (recover, adoption)."""
    plan_id: str | None
    verb: str | None
    started_at: datetime | None
    outcome: str | None
    """`applied`, `failed`: `planning.accounts.Result`."""
    error: str | None
    """Class of the error and status."""
    proof: Proof | None
    """How it was seen to have taken hold; None: nothing more is known than that the service said so."""
    before: SnapshotRow | None
    """What stood before; None: not managed."""
    after: SnapshotRow | None
    changes: tuple[AttributeChange, ...] = ()
    """Attributes that changed; of an adopted resource, what was brought in step."""
    added: tuple[Key, ...] = ()
    """Members that entered this group."""
    removed: tuple[Key, ...] = ()
    """Members that left this group, or were in it when it was removed."""
    was_in: tuple[Key, ...] = ()
    """Groups that it was a member of when it was removed."""
    found: bool = False
    """It was at the service before us, and adopted."""

    @property
    def resource_type(self) -> ResourceType | None:
        """Return whether it is about a person or a group, where the history knows."""
        row = self.after or self.before
        return None if row is None else row.resource_type


@dataclass(frozen=True, slots=True)
class PastState:
    """The snapshot as it was, told by how it differs from the present one."""

    rows: Mapping[Key, SnapshotRow | None]
    """Every row that changed since; None: it was not there."""
    pairs: Mapping[Pair, bool]
    """Every membership (group, member) that changed since: whether it was there."""


class HistoryReader:
    """Questions about the past. Nothing here writes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def since(self) -> datetime:
        """Return the moment from which on the history is whole; the beginning of time where nothing is missing."""
        with self._store.read() as connection:
            return _since(connection, self._store.clock())

    def of(self, key: Key) -> tuple[HistoryLine, ...]:
        """Return what happened to a person or group, oldest first, the groups that a person entered and left included.

        A re-created entry has the history of its resource under the former key as well.
        """
        with self._store.read() as connection:
            renames = _renames(connection, 0)
            own = lineage(key, renames)
            lines = _lines(connection, connected(own, renames), 0)
            as_member = [history.c.detail.contains(f'"{one}"', autoescape=True) for one in sorted(own)]
            elsewhere = _entries(connection, history.c.kind == Kind.MEMBERS, or_(*as_member))
        found = [line for line in lines if line.key in own]
        known = {line.entry_no for line in found}
        others = (_line(row, _entry(row), None, None) for row in elsewhere if row.entry_no not in known)
        found += [one for one in others if not own.isdisjoint((*one.added, *one.removed))]
        return tuple(sorted(found, key=lambda line: line.entry_no))

    def of_run(self, run_id: str) -> tuple[HistoryLine, ...]:
        """Return what the operations of one run changed, in the order in which it was confirmed."""
        of_run = history.c.op_no.in_(select(journal.c.op_no).where(journal.c.run_id == run_id))
        with self._store.read() as connection:
            numbers = dict(connection.execute(select(history.c.entry_no, history.c.key).where(of_run)).tuples().all())
            if not numbers:
                return ()
            first = min(numbers)
            keys = connected(map(Key, numbers.values()), _renames(connection, first))
            lines = _lines(connection, keys, first)
        return tuple(line for line in lines if line.entry_no in numbers)

    def state_as_of(self, moment: datetime) -> PastState:
        """Return the snapshot as it was at a moment.

        Raises:
            StateError: the history does not reach back so far.
        """
        with self._store.read() as connection:
            self._require(connection, moment)
            last = select(history.c.entry_no).where(history.c.at <= moment).order_by(history.c.entry_no.desc()).limit(1)
            return _walked(connection, connection.scalar(last) or 0)

    def require(self, moment: datetime) -> None:
        """See that everything since a moment is known.

        Raises:
            StateError: the history does not reach back so far.
        """
        with self._store.read() as connection:
            self._require(connection, moment)

    def _require(self, connection: Connection, moment: datetime) -> None:
        since = _since(connection, self._store.clock())
        if moment < since:
            raise StateError(
                f"The history goes back to {since:%Y-%m-%d %H:%M:%S} UTC, and not to {moment:%Y-%m-%d %H:%M:%S} UTC.",
                "Choose a later moment. How long it is kept, `history` in the settings says.",
            )


def _since(connection: Connection, now: datetime) -> datetime:
    written = connection.scalar(select(meta.c.value).where(meta.c.name == SINCE))
    if written is not None:
        return from_micros(int(written))
    # Nothing was ever written down: whole where there is nothing, else of an earlier version of the program.
    return EPOCH if connection.scalar(select(snapshot.c.id).limit(1)) is None else now


def _walked(connection: Connection, last: int) -> PastState:
    """Return the snapshot as it was after entry `last`."""
    rows = connection.execute(_PLAIN.where(history.c.entry_no > last).order_by(history.c.entry_no.desc())).all()
    entries = [_entry(row) for row in rows]
    touched = {entry.key for entry in entries} | {one for entry in entries if (one := entry.renamed_from) is not None}
    present: dict[Key, SnapshotRow | None] = dict.fromkeys(touched)
    present.update(rows_before(connection, touched))
    renamed = {entry.key for entry in entries if entry.kind is Kind.RENAMED}
    walk = Walk(present, present=_present_pairs(connection, renamed))
    for entry in entries:
        walk.back(entry)
    return PastState(walk.rows, walk.pairs)


def _present_pairs(connection: Connection, keys: Iterable[Key]) -> Mapping[Key, Sequence[Pair]]:
    group, member = snapshot.alias("group_row"), snapshot.alias("member_row")
    query = (
        select(group.c.key, member.c.key)
        .select_from(memberships)
        .join(group, group.c.id == memberships.c.group_id)
        .join(member, member.c.id == memberships.c.member_id)
    )
    found: dict[Key, list[Pair]] = {}
    for piece in chunks(keys):
        for one, other in connection.execute(
            query.where(or_(group.c.key.in_(piece), member.c.key.in_(piece)))
        ).tuples():
            for key in {one, other}.intersection(piece):
                found.setdefault(Key(key), []).append((Key(one), Key(other)))
    return found


def _lines(connection: Connection, keys: frozenset[Key], first: int) -> list[HistoryLine]:
    """Return the lines of some rows from one entry on, oldest first, each with the row before and after it."""
    rows: list[Any] = []
    for piece in chunks(sorted(keys)):
        rows += _entries(connection, history.c.key.in_(piece), history.c.entry_no >= first)
    present: dict[Key, SnapshotRow | None] = dict.fromkeys(keys)
    present.update(rows_before(connection, keys))
    walk = Walk(present)
    found: list[HistoryLine] = []
    for row in sorted(rows, key=lambda one: one.entry_no, reverse=True):
        entry = _entry(row)
        found.append(_line(row, entry, *walk.back(entry)))
    return found[::-1]


def _renames(connection: Connection, first: int) -> list[Entry]:
    query = _PLAIN.where(history.c.kind == Kind.RENAMED, history.c.entry_no >= first)
    return [_entry(row) for row in connection.execute(query).all()]


def _entries(connection: Connection, *conditions: ColumnElement[bool]) -> Sequence[Any]:
    return connection.execute(_WITH_JOURNAL.where(*conditions)).all()


def _entry(row: Any) -> Entry:  # noqa: ANN401 (a row of the history)
    return Entry(row.entry_no, Key(row.key), Kind(row.kind), orjson.loads(row.detail) if row.detail else {})


def _line(row: Any, entry: Entry, before: SnapshotRow | None, after: SnapshotRow | None) -> HistoryLine:  # noqa: ANN401 (as above)
    return HistoryLine(
        entry_no=entry.entry_no,
        at=row.at,
        key=entry.key,
        kind=entry.kind,
        run_id=row.run_id,
        plan_id=row.plan_id,
        verb=row.verb,
        started_at=row.started_at,
        outcome=row.outcome,
        error=row.error,
        proof=None if row.proof is None else Proof(row.proof),
        before=before,
        after=after,
        changes=entry.changes,
        added=entry.keys("added"),
        removed=(*entry.keys("removed"), *entry.keys("members")),
        was_in=entry.keys("groups"),
        found="found" in entry.detail,
    )


_PLAIN: Select[Any] = select(history.c.entry_no, history.c.key, history.c.kind, history.c.detail)
_WITH_JOURNAL: Select[Any] = select(
    history,
    journal.c.run_id,
    journal.c.plan_id,
    journal.c.verb,
    journal.c.started_at,
    journal.c.outcome,
    journal.c.error,
    journal.c.proof,
).outerjoin(journal, journal.c.op_no == history.c.op_no)
