"""Writing confirmed changes into the snapshot, inside the transaction that records their outcome.

Changes are applied as if one after the other. Neighbours of one kind that touch different keys go to the database
together, which is what a sorted plan mostly consists of. What stood before goes into the history.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TypeAlias, TypeVar

from sqlalchemy import Connection, bindparam, delete, func, select, update

from ldap2scim.errors import StateError
from ldap2scim.model import Key
from ldap2scim.state.bulk import Bulk
from ldap2scim.state.chunks import chunks
from ldap2scim.state.history_entries import Entries, existing_pairs, memberships_of, rows_before
from ldap2scim.state.schema import memberships, micros, snapshot, snapshot_essences
from ldap2scim.state.snapshot_rows import Confirmed, Gone, MembersChanged, SnapshotChange, SnapshotRow

ChangeT = TypeVar("ChangeT", Confirmed, Gone, MembersChanged)
Numbered: TypeAlias = tuple[int | None, ChangeT]
"""A change with the operation of the journal that made it."""


def apply_changes(
    connection: Connection, changes: Iterable[tuple[int | None, SnapshotChange]], now: datetime, entries: Entries
) -> None:
    """Write changes in their order; each comes with the number of its operation.

    Raises:
        StateError: a membership names a resource that the snapshot does not know.
    """
    for segment in _segments(changes):
        match segment[0][1]:
            case Confirmed():
                _confirm(connection, _only(segment, Confirmed), now, entries)
            case Gone():
                _forget(connection, [(op_no, change.key) for op_no, change in _only(segment, Gone)], entries)
            case MembersChanged():
                _change_members(connection, _only(segment, MembersChanged), entries)


def insert_rows(connection: Connection, rows: Sequence[SnapshotRow], now: datetime) -> None:
    """Add rows whose keys the snapshot does not have."""
    if not rows:
        return
    first = 1 + (connection.scalar(select(func.max(snapshot.c.id))) or 0)
    numbered = list(enumerate(rows, first))
    _INSERT.execute(
        connection, [(row_id, row.key, micros(row.managed_since or now), *_values(row)) for row_id, row in numbered]
    )
    _INSERT_ESSENCE.execute(connection, [(row_id, row.essence) for row_id, row in numbered])


def link(connection: Connection, pairs: Sequence[tuple[Key, Key]], entries: Entries | None = None) -> None:
    """Add memberships, each a group and a member; one that is there already stays.

    Args:
        connection: in a write transaction.
        pairs: the memberships.
        entries: where to write down those that were not there; None: this is a new snapshot, compared as a whole.

    Raises:
        StateError: the snapshot does not know the group or the member.
    """
    ids = _ids(connection, {key for pair in pairs for key in pair})
    unknown = sorted({key for pair in pairs for key in pair if key not in ids})
    if unknown:
        raise StateError(
            f"A membership names resources that the snapshot does not know: {', '.join(unknown[:10])}.",
            "Run `ldap2scim recover` to rebuild the snapshot from the service.",
        )
    parameters = {(ids[group], ids[member]): (group, member) for group, member in pairs}
    there = existing_pairs(connection, parameters)
    new = {numbers: names for numbers, names in parameters.items() if numbers not in there}
    _LINK.execute(connection, new)
    if entries is not None:
        entering: dict[Key, list[Key]] = {}
        for group, member in new.values():
            entering.setdefault(group, []).append(member)
        for group, members in entering.items():
            entries.members(None, group, members, ())


def _segments(
    changes: Iterable[tuple[int | None, SnapshotChange]],
) -> Iterator[list[tuple[int | None, SnapshotChange]]]:
    """Cut changes where the kind changes or a key comes again, so that a segment may be written in any order."""
    segment: list[tuple[int | None, SnapshotChange]] = []
    keys: set[Key] = set()
    for op_no, change in changes:
        touched = _keys(change)
        if segment and (type(change) is not type(segment[0][1]) or not keys.isdisjoint(touched)):
            yield segment
            segment, keys = [], set()
        segment.append((op_no, change))
        keys.update(touched)
    if segment:
        yield segment


def _keys(change: SnapshotChange) -> tuple[Key, ...]:
    match change:
        case Confirmed():
            return (change.row.key,) if change.replaces is None else (change.row.key, change.replaces)
        case Gone():
            return (change.key,)
        case MembersChanged():
            return (change.group,)


def _only(segment: Sequence[tuple[int | None, SnapshotChange]], kind: type[ChangeT]) -> list[Numbered[ChangeT]]:
    return [(op_no, change) for op_no, change in segment if isinstance(change, kind)]


def _confirm(connection: Connection, changes: Sequence[Numbered[Confirmed]], now: datetime, entries: Entries) -> None:
    for op_no, change in changes:
        if change.replaces is not None:
            _hand_over(connection, op_no, change, entries)
    ids = _ids(connection, [change.row.key for _, change in changes])
    before = rows_before(connection, [Key(key) for key in ids])
    known = [(ids[change.row.key], change.row) for _, change in changes if change.row.key in ids]
    _UPDATE.execute(connection, [(row_id, *_values(row)) for row_id, row in known])
    _UPDATE_ESSENCE.execute(connection, [(row_id, row.essence) for row_id, row in known])
    _UPDATE_SINCE.execute(
        connection, [(row_id, micros(row.managed_since)) for row_id, row in known if row.managed_since is not None]
    )
    insert_rows(connection, [change.row for _, change in changes if change.row.key not in ids], now)
    for op_no, change in changes:
        if change.row.key in before:
            entries.changed(op_no, before[change.row.key], change.row)
        else:
            entries.created(op_no, change.row, change.found)


def _hand_over(connection: Connection, op_no: int | None, change: Confirmed, entries: Entries) -> None:
    """Give a row and its memberships to another key; a row that this key has already is superseded."""
    if change.replaces is None or change.replaces == change.row.key:
        return
    ids = _ids(connection, [change.replaces])
    if change.replaces in ids:
        _forget(connection, [(op_no, change.row.key)], entries, unknown=False)
        connection.execute(update(snapshot).where(snapshot.c.id == ids[change.replaces]).values(key=change.row.key))
        entries.renamed(op_no, change.replaces, change.row.key)


def _forget(
    connection: Connection, keys: Sequence[tuple[int | None, Key]], entries: Entries, *, unknown: bool = True
) -> None:
    names = [key for _, key in keys]
    before = rows_before(connection, names)
    groups, members = memberships_of(connection, before)
    for piece in chunks(names):
        # Essence and memberships go with it (ON DELETE CASCADE).
        connection.execute(delete(snapshot).where(snapshot.c.key.in_(piece)))
    for op_no, key in keys:
        if key in before:
            entries.gone(op_no, before[key], groups.get(key, ()), members.get(key, ()))
        elif unknown and op_no is not None:
            entries.nothing(op_no, key)


def _change_members(connection: Connection, changes: Sequence[Numbered[MembersChanged]], entries: Entries) -> None:
    ids = _ids(connection, {key for _, change in changes for key in (change.group, *change.added, *change.removed)})
    unknown = sorted({key for _, one in changes if one.added for key in (one.group, *one.added) if key not in ids})
    if unknown:
        raise StateError(
            f"A membership names resources that the snapshot does not know: {', '.join(unknown[:10])}.",
            "Run `ldap2scim recover` to rebuild the snapshot from the service.",
        )
    named = {
        (ids[change.group], ids[member])
        for _, change in changes
        if change.group in ids
        for member in (*change.added, *change.removed)
        if member in ids
    }
    before = existing_pairs(connection, named)
    leaving: list[tuple[int, int]] = []
    entering: list[tuple[int, int]] = []
    for op_no, change in changes:
        group = ids.get(change.group, -1)
        out = {key: None for key in change.removed if (group, ids.get(key, -1)) in before and key not in change.added}
        new = {key: None for key in change.added if (group, ids[key]) not in before}
        leaving += [(group, ids[key]) for key in out]
        entering += [(group, ids[key]) for key in new]
        entries.members(op_no, change.group, tuple(new), tuple(out))
    _UNLINK.execute(connection, leaving)
    _LINK.execute(connection, entering)
    _UPDATE_VERSION.execute(connection, [(change.group, change.version) for _, change in changes])


def _ids(connection: Connection, keys: Iterable[Key]) -> dict[str, int]:
    found: dict[str, int] = {}
    for piece in chunks(keys):
        rows = connection.execute(select(snapshot.c.key, snapshot.c.id).where(snapshot.c.key.in_(piece)))
        found.update((key, row_id) for key, row_id in rows.all())
    return found


def _values(row: SnapshotRow) -> tuple[object, ...]:
    return (
        row.resource_type.value,
        row.service_id,
        row.external_id,
        row.login,
        row.fingerprint,
        row.version,
        row.status.value,
    )


_COLUMNS = ("resource_type", "service_id", "external_id", "login", "fingerprint", "version", "status")
_INSERT = Bulk.insert(snapshot, ("id", "key", "managed_since", *_COLUMNS))
_INSERT_ESSENCE = Bulk.insert(snapshot_essences, ("id", "essence"))
_OF_ROW = snapshot.c.id == bindparam("row_id")
_UPDATE = Bulk(
    update(snapshot).where(_OF_ROW).values({name: bindparam(name) for name in _COLUMNS}), ("row_id", *_COLUMNS)
)
_UPDATE_SINCE = Bulk(
    update(snapshot).where(_OF_ROW).values(managed_since=bindparam("managed_since")), ("row_id", "managed_since")
)
_UPDATE_ESSENCE = Bulk(
    update(snapshot_essences).where(snapshot_essences.c.id == bindparam("row_id")).values(essence=bindparam("essence")),
    ("row_id", "essence"),
)
_UPDATE_VERSION = Bulk(
    update(snapshot).where(snapshot.c.key == bindparam("row_key")).values(version=bindparam("version")),
    ("row_key", "version"),
)
_LINK = Bulk.insert(memberships, ("group_id", "member_id"))
_UNLINK = Bulk(
    delete(memberships).where(
        memberships.c.group_id == bindparam("group_id"), memberships.c.member_id == bindparam("member_id")
    ),
    ("group_id", "member_id"),
)
