"""What the snapshot remembers of single resources: whole rows, and ids that the service is known to have."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from ldap2scim.model import Key, ResourceType
from ldap2scim.state.chunks import chunks
from ldap2scim.state.history_entries import WHOLE_ROWS, Entries, row_of, rows_before
from ldap2scim.state.schema import memberships, snapshot
from ldap2scim.state.snapshot_rows import SnapshotRow, Status
from ldap2scim.state.snapshot_writer import link
from ldap2scim.state.store import Store

if TYPE_CHECKING:
    from ldap2scim.state.lease import Lease


def rows(store: Store, keys: Iterable[Key]) -> Mapping[Key, SnapshotRow]:
    """Return the rows of those of `keys` that are known."""
    with store.read() as connection:
        return rows_before(connection, keys)


def heirs(store: Store, past: Iterable[SnapshotRow]) -> Mapping[Key, SnapshotRow]:
    """Return, by the former key, the rows that have a resource under another key now: its entry was re-created."""
    former = {(row.resource_type, row.service_id): row.key for row in past}
    found: dict[Key, SnapshotRow] = {}
    with store.read() as connection:
        for kind in ResourceType:
            for piece in chunks(service_id for of, service_id in former if of is kind):
                of_kind = WHOLE_ROWS.where(snapshot.c.resource_type == kind.value, snapshot.c.service_id.in_(piece))
                for row in map(row_of, connection.execute(of_kind)):
                    if (old := former[kind, row.service_id]) != row.key:
                        found[old] = row
    return found


def keys_by_service_id(store: Store, resource_type: ResourceType) -> Mapping[str, tuple[Key, Status]]:
    """Return key and status of every row of one kind, by the service's id."""
    query = select(snapshot.c.service_id, snapshot.c.key, snapshot.c.status).where(
        snapshot.c.resource_type == resource_type.value
    )
    with store.read() as connection:
        return {row.service_id: (Key(row.key), Status(row.status)) for row in connection.execute(query).all()}


def owner_of(store: Store, resource_type: ResourceType, service_id: str) -> Key | None:
    """Return the key of the row with a service's id; None where there is none."""
    query = select(snapshot.c.key).where(
        snapshot.c.resource_type == resource_type.value, snapshot.c.service_id == service_id
    )
    with store.read() as connection:
        found = connection.scalar(query)
    return None if found is None else Key(found)


def groups_among(store: Store, keys: Iterable[Key]) -> frozenset[Key]:
    """Return those of `keys` that are groups of the snapshot."""
    found: set[Key] = set()
    query = select(snapshot.c.key).where(snapshot.c.resource_type == ResourceType.GROUP.value)
    with store.read() as connection:
        for piece in chunks(keys):
            found.update(map(Key, connection.scalars(query.where(snapshot.c.key.in_(piece)))))
    return frozenset(found)


def witnesses(store: Store) -> Mapping[ResourceType, tuple[str, ...]]:
    """Return two ids of each kind that the service is known to have, as far as there are any."""
    query = select(snapshot.c.service_id).where(snapshot.c.status == Status.MANAGED.value).limit(2)
    with store.read() as connection:
        return {
            kind: tuple(connection.scalars(query.where(snapshot.c.resource_type == kind.value)))
            for kind in ResourceType
        }


def members_of(store: Store, group: Key) -> Sequence[Key]:
    """Return the members of one group, as last confirmed, sorted."""
    group_id = select(snapshot.c.id).where(snapshot.c.key == group).scalar_subquery()
    query = (
        select(snapshot.c.key)
        .join(memberships, memberships.c.member_id == snapshot.c.id)
        .where(memberships.c.group_id == group_id)
        .order_by(snapshot.c.key)
    )
    with store.read() as connection:
        return [Key(key) for key in connection.scalars(query).all()]


def member_count(store: Store, group: Key) -> int:
    """Return how many members a group had as last confirmed."""
    group_id = select(snapshot.c.id).where(snapshot.c.key == group).scalar_subquery()
    query = select(func.count()).where(memberships.c.group_id == group_id)
    with store.read() as connection:
        return connection.scalar(query) or 0


def link_members(lease: "Lease", pairs: Iterable[tuple[Key, Key]]) -> None:
    """Remember memberships (group, member) that the service was seen to have; both have rows.

    Raises:
        RunRefused: the run lost its lease.
        StateError: a group or member has no row.
    """
    with lease.write() as connection:
        entries = Entries(connection, lease.store.clock())
        for piece in chunks(pairs):
            link(connection, piece, entries)
            entries.write()


def has_members(store: Store, directory: str) -> bool:
    """Say whether the service has members in groups of a directory, as far as it confirmed them."""
    query = (
        select(memberships.c.group_id)
        .join(snapshot, snapshot.c.id == memberships.c.group_id)
        .where(snapshot.c.key.startswith(f"{directory}:", autoescape=True))
        .limit(1)
    )
    with store.read() as connection:
        return connection.execute(query).first() is not None
