"""The snapshot: what the service last confirmed of each managed resource."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, func, select

from ldap2scim.model import Key, ResourceType, Scope
from ldap2scim.state import history_rebuild
from ldap2scim.state.bulk import BulkSelect
from ldap2scim.state.chunks import chunks
from ldap2scim.state.frames import read_frame
from ldap2scim.state.history_entries import Entries
from ldap2scim.state.key_parts import directory_of_key
from ldap2scim.state.lease import Lease
from ldap2scim.state.schema import memberships, snapshot, snapshot_essences
from ldap2scim.state.snapshot_rows import SnapshotRow, Status
from ldap2scim.state.snapshot_writer import insert_rows, link
from ldap2scim.state.store import Clock, Store

if TYPE_CHECKING:
    from pandas import DataFrame


class SnapshotReader:
    """The snapshot as planning sees it, in frames; `remembered` has single rows. Nothing here writes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def known_frame(self, resource_type: ResourceType) -> "DataFrame":
        """Return every row, in the columns of `planning.frames.KNOWN_COLUMNS`."""
        query = select(
            snapshot.c.key,
            snapshot.c.fingerprint,
            snapshot.c.external_id,
            snapshot.c.login,
            snapshot.c.service_id,
            snapshot.c.version,
            snapshot.c.status,
        ).where(snapshot.c.resource_type == resource_type.value)
        with self._store.read() as connection:
            return read_frame(connection, query, ("text",) * 7)

    def memberships(self) -> "DataFrame":
        """Return who belongs to which group: group, member (keys, str)."""
        import pandas as pd

        with self._store.read() as connection:
            rows = read_frame(connection, select(snapshot.c.id, snapshot.c.key), ("integer", "text"))
            pairs = read_frame(
                connection, select(memberships.c.group_id, memberships.c.member_id), ("integer", "integer")
            )
        # Keys are repeated here, in Arrow, and not fetched once for every membership.
        ids = pd.Index(rows["id"])
        keys = rows["key"].array
        return pd.DataFrame(
            {
                "group": keys.take(ids.get_indexer(pd.Index(pairs["group_id"]))),
                "member": keys.take(ids.get_indexer(pd.Index(pairs["member_id"]))),
            }
        )

    def essences(self, keys: Iterable[Key]) -> dict[Key, str]:
        """Return the essences of those of `keys` that are known."""
        with self._store.read() as connection:
            return dict(_ESSENCES.rows(connection, keys))

    def service_ids(self, keys: Iterable[Key]) -> dict[Key, str]:
        """Return the service's ids of those of `keys` that are known."""
        found: dict[Key, str] = {}
        with self._store.read() as connection:
            for piece in chunks(keys):
                query = select(snapshot.c.key, snapshot.c.service_id).where(snapshot.c.key.in_(piece))
                found.update((Key(key), service_id) for key, service_id in connection.execute(query).all())
        return found

    def counts(self) -> Mapping[tuple[ResourceType, Status], int]:
        """Count the rows by kind and status."""
        query = select(snapshot.c.resource_type, snapshot.c.status, func.count()).group_by(
            snapshot.c.resource_type, snapshot.c.status
        )
        with self._store.read() as connection:
            return {(ResourceType(kind), Status(status)): count for kind, status, count in connection.execute(query)}

    def managed(self) -> Mapping[Scope, int]:
        """Count what is managed by the directory that it belongs to, configured or not, and by kind."""
        columns = (directory_of_key(snapshot.c.key), snapshot.c.resource_type)
        query = select(*columns, func.count()).where(snapshot.c.status == Status.MANAGED.value).group_by(*columns)
        with self._store.read() as connection:
            return {Scope(directory, ResourceType(kind)): count for directory, kind, count in connection.execute(query)}


class NewSnapshot:
    """A snapshot being built from the service; nobody sees it before it is complete."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    def add(self, rows: Iterable[SnapshotRow]) -> None:
        """Take in rows. Each key, and each id of the service, comes once.

        Raises:
            StateError: a key or an id came twice, or the store cannot be written.
        """
        for piece in chunks(rows):
            insert_rows(self._connection, piece, self._clock())

    def add_members(self, group: Key, members: Iterable[Key]) -> None:
        """Take in memberships between rows that were added.

        Raises:
            StateError: the group or a member was not added, or the store cannot be written.
        """
        self.add_memberships((group, member) for member in members)

    def add_memberships(self, pairs: Iterable[tuple[Key, Key]]) -> None:
        """Take in memberships, each a group and a member, between rows that were added.

        Raises:
            StateError: a group or member was not added, or the store cannot be written.
        """
        for piece in chunks(pairs):
            link(self._connection, piece)


@contextmanager
def replaced_snapshot(lease: Lease) -> Iterator[NewSnapshot]:
    """Build a new snapshot, which takes the place of the old one when the block ends well.

    After an error, or when the process dies, the old one stands as it was. What the new one has other than the old
    one is written into the history.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the store cannot be written.
    """
    with lease.write() as connection:
        entries = Entries(connection, lease.store.clock())
        history_rebuild.put_aside(connection)
        connection.execute(delete(memberships))
        connection.execute(delete(snapshot_essences))
        connection.execute(delete(snapshot))
        yield NewSnapshot(connection, lease.store.clock)
        history_rebuild.compare(connection, entries)


_ESSENCES = BulkSelect(select(snapshot.c.key, snapshot_essences.c.essence).join(snapshot_essences), snapshot.c.key)
