"""What is written about every change of the snapshot, so that one can walk back from the present to any state before.

An entry says what stood before and is no more (inverse deltas): a creation needs nothing but its key, since what was
created is in the snapshot. Entries are written in the transaction that makes the change, many in one statement.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import IntEnum
from typing import Any

import orjson
from sqlalchemy import Connection, Row, func, insert, select, tuple_

from ldap2scim.essence import fingerprint, from_essence, to_essence
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.attribute_changes import apply_changes, attribute_changes
from ldap2scim.planning.operations import AttributeChange
from ldap2scim.state.bulk import Bulk
from ldap2scim.state.chunks import chunks
from ldap2scim.state.schema import history, memberships, meta, micros, snapshot, snapshot_essences
from ldap2scim.state.snapshot_rows import SnapshotRow, Status

SINCE = "history_since"
"""Name (in `meta`) of the moment before which the history does not reach; 0: it begins with an empty snapshot."""
_PAIRS = 400
"""Memberships of one question: two parameters each."""


class Kind(IntEnum):
    """What happened to one resource."""

    NOTHING = 0
    """An operation came to its end and changed nothing: it failed, or all was so already."""
    CREATED = 1
    """It is managed from now on; `found` where it was there before us (adopted)."""
    CHANGED = 2
    GONE = 3
    """Its row is no more."""
    MEMBERS = 4
    """Members entered or left."""
    RENAMED = 5
    """Its row has another key: the entry was re-created."""


class Entries:
    """The entries of one transaction, gathered and written at its end."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._at = micros(now)
        self._rows: list[tuple[int | None, str, int, str | None]] = []
        _begin(connection, self._at)

    def nothing(self, op_no: int, key: str) -> None:
        """An operation changed nothing."""
        self._rows.append((op_no, key, Kind.NOTHING, None))

    def created(self, op_no: int | None, row: SnapshotRow, found: str | None = None) -> None:
        """A row is new; `found` is the essence that the service held before it was adopted."""
        changes = None if found is None else _dump({"found": _plain_changes(found, row.essence)})
        self._rows.append((op_no, row.key, Kind.CREATED, changes))

    def seen(self, keys: Iterable[Key]) -> None:
        """Rows are new, by no operation of ours."""
        self._rows.extend((None, key, Kind.CREATED, None) for key in keys)

    def changed(self, op_no: int | None, before: SnapshotRow, after: SnapshotRow) -> None:
        """A row has other contents."""
        detail = difference(before, after)
        if detail or op_no is not None:
            kind = Kind.CHANGED if detail else Kind.NOTHING
            self._rows.append((op_no, after.key, kind, _dump(detail) if detail else None))

    def renamed(self, op_no: int | None, old: Key, new: Key) -> None:
        """A row has another key."""
        self._rows.append((op_no, new, Kind.RENAMED, _dump({"from": old})))

    def gone(self, op_no: int | None, row: SnapshotRow, groups: Sequence[Key], members: Sequence[Key]) -> None:
        """A row is no more, with its memberships."""
        detail: dict[str, Any] = {"row": _plain_row(row)}
        if groups:
            detail["groups"] = groups
        if members:
            detail["members"] = members
        self._rows.append((op_no, row.key, Kind.GONE, _dump(detail)))

    def members(self, op_no: int | None, group: Key, added: Sequence[Key], removed: Sequence[Key]) -> None:
        """Members entered or left, who had not been there, or had."""
        detail = {name: keys for name, keys in (("added", added), ("removed", removed)) if keys}
        if detail or op_no is not None:
            kind = Kind.MEMBERS if detail else Kind.NOTHING
            self._rows.append((op_no, group, kind, _dump(detail) if detail else None))

    def write(self) -> None:
        """Put the gathered entries behind those that are there."""
        if not self._rows:
            return
        first = 1 + (self._connection.scalar(select(func.max(history.c.entry_no))) or 0)
        _INSERT.execute(
            self._connection,
            [
                (number, op_no, self._at, key, int(kind), detail)
                for number, (op_no, key, kind, detail) in enumerate(self._rows, first)
            ],
        )
        self._rows = []


def difference(before: SnapshotRow, after: SnapshotRow) -> dict[str, Any]:
    """Return what turns `after` back into `before`; empty where nothing differs.

    Attribute changes where they lead back to the very same essence, and the whole essence where they would not.
    """
    detail: dict[str, Any] = {}
    if before.essence != after.essence:
        changes = attribute_changes(before.essence, after.essence)
        back = to_essence(apply_changes(from_essence(after.essence), inverse(changes)))
        if back == before.essence:
            detail["changes"] = [{"path": one.path, "old": one.old, "new": one.new} for one in changes]
        else:
            detail["essence"] = before.essence
    columns = {
        name: [getattr(before, name), getattr(after, name)]
        for name in _COLUMNS
        if getattr(before, name) != getattr(after, name)
    }
    same = before.essence == after.essence
    if (not same or before.fingerprint != after.fingerprint) and (
        same or before.fingerprint != fingerprint(before.essence)
    ):
        columns["fingerprint"] = [before.fingerprint, after.fingerprint]  # else it is that of the essence
    if columns:
        detail["row"] = columns
    return detail


def inverse(changes: Iterable[AttributeChange]) -> tuple[AttributeChange, ...]:
    """Return the changes that take others back."""
    return tuple(AttributeChange(one.path, one.new, one.old) for one in changes)


def rows_before(connection: Connection, keys: Iterable[Key]) -> dict[Key, SnapshotRow]:
    """Return the whole rows of those of `keys` that are known, as this transaction sees them."""
    found: dict[Key, SnapshotRow] = {}
    for piece in chunks(keys):
        rows = connection.execute(WHOLE_ROWS.where(snapshot.c.key.in_(piece))).all()
        found.update((Key(row.key), row_of(row)) for row in rows)
    return found


def row_of(row: Row[Any]) -> SnapshotRow:
    """Return a row of the snapshot joined with its essence."""
    return SnapshotRow(
        key=Key(row.key),
        resource_type=ResourceType(row.resource_type),
        service_id=row.service_id,
        external_id=row.external_id,
        login=row.login,
        fingerprint=row.fingerprint,
        essence=row.essence,
        version=row.version,
        status=Status(row.status),
        managed_since=row.managed_since,
    )


def existing_pairs(connection: Connection, pairs: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return those of some memberships (row numbers of group and member) that are there."""
    found: set[tuple[int, int]] = set()
    both = tuple_(memberships.c.group_id, memberships.c.member_id)
    for piece in chunks(pairs, _PAIRS):
        rows = connection.execute(select(memberships.c.group_id, memberships.c.member_id).where(both.in_(piece)))
        found.update((group, member) for group, member in rows)
    return found


def memberships_of(connection: Connection, keys: Iterable[Key]) -> tuple[Mapping[Key, list[Key]], ...]:
    """Return, by key, the groups that each is a member of, and the members that each has; both sorted."""
    owner, other = snapshot.alias("owner"), snapshot.alias("other")
    sides = ((memberships.c.member_id, memberships.c.group_id), (memberships.c.group_id, memberships.c.member_id))
    found: tuple[dict[Key, list[Key]], ...] = ({}, {})
    for piece in chunks(keys):
        for of_side, (mine, theirs) in zip(found, sides, strict=True):
            query = (
                select(owner.c.key, other.c.key)
                .select_from(owner)
                .join(memberships, mine == owner.c.id)
                .join(other, other.c.id == theirs)
                .where(owner.c.key.in_(piece))
            )
            for key, one in sorted(connection.execute(query).tuples()):
                of_side.setdefault(Key(key), []).append(Key(one))
    return found


def _begin(connection: Connection, at: int) -> None:
    """Write down from when on the history is whole, once in the life of a state."""
    if connection.scalar(select(meta.c.value).where(meta.c.name == SINCE)) is None:
        known = connection.scalar(select(snapshot.c.id).limit(1)) is not None
        connection.execute(insert(meta), {"name": SINCE, "value": str(at if known else 0)})


def _plain_changes(old: str, new: str) -> list[dict[str, Any]]:
    return [{"path": one.path, "old": one.old, "new": one.new} for one in attribute_changes(old, new)]


def _plain_row(row: SnapshotRow) -> dict[str, Any]:
    plain: dict[str, Any] = {name: getattr(row, name) for name in _COLUMNS}
    plain |= {"resource_type": row.resource_type, "essence": row.essence}
    if row.fingerprint != fingerprint(row.essence):
        plain["fingerprint"] = row.fingerprint
    if row.managed_since is not None:
        plain["managed_since"] = micros(row.managed_since)
    return plain


def _dump(plain: Mapping[str, Any]) -> str:
    return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS).decode()


_COLUMNS = ("service_id", "external_id", "login", "status")
"""What a row has beside its essence. The version is left out: one of the past is good for nothing."""
WHOLE_ROWS = select(snapshot, snapshot_essences.c.essence).join(snapshot_essences)
"""Of the snapshot, as `row_of` takes them."""
_INSERT = Bulk.insert(history, ("entry_no", "op_no", "at", "key", "kind", "detail"))
