"""What a rebuilt snapshot has other than the one before, for the history: no operation made it, it was seen."""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Index, MetaData, Select, Table, insert, or_, select

from ldap2scim.model import Key
from ldap2scim.state.chunks import chunks
from ldap2scim.state.history_entries import Entries, row_of
from ldap2scim.state.schema import Instant, Text, memberships, snapshot, snapshot_essences

_aside = MetaData()
_ROW = ("id", "key", "resource_type", "service_id", "external_id", "login", "fingerprint", "version", "status")
former = Table(
    "former_snapshot",
    _aside,
    Column("id", BigInteger),
    *(Column(name, Text) for name in _ROW[1:]),
    Column("managed_since", Instant),
    Column("essence", Text),
    Index("former_snapshot_key", "key"),
    Index("former_snapshot_id", "id"),
    prefixes=["TEMPORARY"],
)
former_memberships = Table(
    "former_memberships",
    _aside,
    Column("group_id", BigInteger),
    Column("member_id", BigInteger),
    prefixes=["TEMPORARY"],
)
_NAMES = (*_ROW, "managed_since")


def put_aside(connection: Connection) -> None:
    """Copy the snapshot, before it is replaced in the same transaction."""
    _aside.create_all(connection)
    whole = select(*(snapshot.c[name] for name in _NAMES), snapshot_essences.c.essence).join(snapshot_essences)
    connection.execute(insert(former).from_select([*_NAMES, "essence"], whole))
    pairs = select(memberships.c.group_id, memberships.c.member_id)
    connection.execute(insert(former_memberships).from_select(["group_id", "member_id"], pairs))


def compare(connection: Connection, entries: Entries) -> None:
    """Write down what differs from the copy, and drop the copy.

    In an order that can be walked back: who leaves groups, what is gone, what changed, what is new, who enters.
    """
    before, now = _pairs(former, former_memberships), _pairs(snapshot, memberships)
    _members(connection, before.except_(now).subquery(), entries, entering=False)
    gone = select(former).outerjoin(snapshot, snapshot.c.key == former.c.key).where(snapshot.c.key.is_(None))
    for piece in chunks(connection.execute(gone).all()):
        for row in piece:
            entries.gone(None, row_of(row), (), ())
        entries.write()
    for keys in chunks(connection.scalars(_changed()).all()):
        was = {row.key: row_of(row) for row in connection.execute(select(former).where(former.c.key.in_(keys)))}
        _now = select(snapshot, snapshot_essences.c.essence).join(snapshot_essences).where(snapshot.c.key.in_(keys))
        for row in connection.execute(_now).all():
            entries.changed(None, was[row.key], row_of(row))
        entries.write()
    new = select(snapshot.c.key).outerjoin(former, snapshot.c.key == former.c.key).where(former.c.key.is_(None))
    for keys in chunks(connection.scalars(new).all()):
        entries.seen(map(Key, keys))
        entries.write()
    _members(connection, now.except_(before).subquery(), entries, entering=True)
    _aside.drop_all(connection)


def _changed() -> Select[tuple[str]]:
    differs = or_(
        *(snapshot.c[name].is_distinct_from(former.c[name]) for name in _ROW if name not in {"id", "key", "version"})
    )
    return select(snapshot.c.key).join(former, former.c.key == snapshot.c.key).where(differs)


def _pairs(rows: Table, edges: Table) -> Select[tuple[str, str]]:
    group, member = rows.alias(), rows.alias()
    return (
        select(group.c.key.label("group_key"), member.c.key.label("member_key"))
        .select_from(edges)
        .join(group, group.c.id == edges.c.group_id)
        .join(member, member.c.id == edges.c.member_id)
    )


def _members(connection: Connection, pairs: Any, entries: Entries, *, entering: bool) -> None:  # noqa: ANN401 (a subquery)
    query = select(pairs.c.group_key, pairs.c.member_key).order_by(pairs.c.group_key, pairs.c.member_key)
    for group, members in _by_group(connection.execute(query).tuples()):
        entries.members(None, group, members if entering else (), () if entering else members)
    entries.write()


def _by_group(rows: Any) -> Iterator[tuple[Key, list[Key]]]:  # noqa: ANN401 (SQLAlchemy's result)
    for group, pairs in groupby(rows, key=itemgetter(0)):
        yield Key(group), [Key(member) for _, member in pairs]
