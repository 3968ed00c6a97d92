"""Writing confirmed changes into the snapshot, inside the transaction that records their outcome.

Changes are applied as if one after the other. Neighbours of one kind that touch different keys go to the database
together, which is what a sorted plan mostly consists of.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection, bindparam, delete, func, select, update

from ldap2scim.errors import StateError
from ldap2scim.model import Key
from ldap2scim.state.bulk import Bulk
from ldap2scim.state.chunks import chunks
from ldap2scim.state.schema import memberships, micros, snapshot, snapshot_essences
from ldap2scim.state.snapshot_rows import Confirmed, Gone, MembersChanged, SnapshotChange, SnapshotRow

ChangeT = TypeVar("ChangeT", Confirmed, Gone, MembersChanged)


def apply_changes(connection: Connection, changes: Iterable[SnapshotChange], now: datetime) -> None:
    """Write changes in their order.

    Raises:
        StateError: a membership names a resource that the snapshot does not know.
    """
    for segment in _segments(changes):
        match segment[0]:
            case Confirmed():
                _confirm(connection, _only(segment, Confirmed), now)
            case Gone():
                _forget(connection, [change.key for change in _only(segment, Gone)])
            case MembersChanged():
                _change_members(connection, _only(segment, MembersChanged))


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


def link(connection: Connection, pairs: Sequence[tuple[Key, Key]]) -> None:
    """Add memberships, each a group and a member; one that is there already stays.

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
    parameters = [(ids[group], ids[member]) for group, member in dict.fromkeys(pairs)]
    # Delete and insert is the upsert that every database knows.
    _UNLINK.execute(connection, parameters)
    _LINK.execute(connection, parameters)


def _unlink(connection: Connection, pairs: Sequence[tuple[Key, Key]]) -> None:
    ids = _ids(connection, {key for pair in pairs for key in pair})
    _UNLINK.execute(
        connection, [(ids[group], ids[member]) for group, member in pairs if group in ids and member in ids]
    )


def _segments(changes: Iterable[SnapshotChange]) -> Iterator[list[SnapshotChange]]:
    """Cut changes where the kind changes or a key comes again, so that a segment may be written in any order."""
    segment: list[SnapshotChange] = []
    keys: set[Key] = set()
    for change in changes:
        touched = _keys(change)
        if segment and (type(change) is not type(segment[0]) or not keys.isdisjoint(touched)):
            yield segment
            segment, keys = [], set()
        segment.append(change)
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


def _only(segment: Sequence[SnapshotChange], kind: type[ChangeT]) -> list[ChangeT]:
    return [change for change in segment if isinstance(change, kind)]


def _confirm(connection: Connection, changes: Sequence[Confirmed], now: datetime) -> None:
    replacing = [change for change in changes if change.replaces is not None]
    for change in replacing:
        _hand_over(connection, change)
    ids = _ids(connection, [change.row.key for change in changes])
    known = [(ids[change.row.key], change.row) for change in changes if change.row.key in ids]
    _UPDATE.execute(connection, [(row_id, *_values(row)) for row_id, row in known])
    _UPDATE_ESSENCE.execute(connection, [(row_id, row.essence) for row_id, row in known])
    _UPDATE_SINCE.execute(
        connection, [(row_id, micros(row.managed_since)) for row_id, row in known if row.managed_since is not None]
    )
    insert_rows(connection, [change.row for change in changes if change.row.key not in ids], now)


def _hand_over(connection: Connection, change: Confirmed) -> None:
    """Give a row and its memberships to another key; a row that this key has already is superseded."""
    if change.replaces is None or change.replaces == change.row.key:
        return
    ids = _ids(connection, [change.replaces])
    if change.replaces in ids:
        _forget(connection, [change.row.key])
        connection.execute(update(snapshot).where(snapshot.c.id == ids[change.replaces]).values(key=change.row.key))


def _forget(connection: Connection, keys: Sequence[Key]) -> None:
    for piece in chunks(keys):
        # Essence and memberships go with it (ON DELETE CASCADE).
        connection.execute(delete(snapshot).where(snapshot.c.key.in_(piece)))


def _change_members(connection: Connection, changes: Sequence[MembersChanged]) -> None:
    _unlink(connection, [(change.group, member) for change in changes for member in change.removed])
    link(connection, [(change.group, member) for change in changes for member in change.added])
    _UPDATE_VERSION.execute(connection, [(change.group, change.version) for change in changes])


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
