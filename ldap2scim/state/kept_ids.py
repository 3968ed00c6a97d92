"""IDs that people keep though their directory account was re-created: who decided so, and when.

A decision is about one entry, by its key; an entry that is re-created once more has another key, and is decided anew.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, or_, select, update

from ldap2scim.model import Key, ResourceType
from ldap2scim.state.image_rows import Standing
from ldap2scim.state.lease import Lease
from ldap2scim.state.schema import image, image_essences, kept_ids, snapshot, snapshot_essences
from ldap2scim.state.store import Store


@dataclass(frozen=True, slots=True)
class KeptIds:
    """What one entry goes on being called at the service, whatever the mapping says."""

    key: Key
    external_id: str
    linking_id: str | None
    """The application-linking ID; None: the old account had none, and the new one gets none."""
    login: str
    """Of the old account, for messages."""
    decided_at: datetime
    decided_by: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A person in the image."""

    key: Key
    dn: str
    essence: str


@dataclass(frozen=True, slots=True)
class Unclaimed:
    """A user of the snapshot, managed or left, whose entry is not in scope any more."""

    key: Key
    service_id: str
    external_id: str | None
    login: str
    essence: str


def read_kept_ids(store: Store) -> Mapping[Key, KeptIds]:
    """Return every decision by the key of its entry, the oldest first."""
    with store.read() as connection:
        rows = connection.execute(select(kept_ids).order_by(kept_ids.c.decided_at, kept_ids.c.key)).all()
    return {
        Key(row.key): KeptIds(
            Key(row.key), row.external_id, row.linking_id, row.login, row.decided_at, row.decided_by
        )
        for row in rows
    }  # fmt: skip


def keep_ids(lease: Lease, kept: KeptIds) -> None:
    """Record a decision in the place of an earlier one, and have the entry mapped again.

    Raises:
        RunRefused: the lease was lost.
        StateError: the state cannot be written.
    """
    values = {
        "key": kept.key,
        "external_id": kept.external_id,
        "linking_id": kept.linking_id,
        "login": kept.login,
        "decided_at": kept.decided_at,
        "decided_by": kept.decided_by,
    }
    with lease.write() as connection:
        connection.execute(delete(kept_ids).where(kept_ids.c.key == kept.key))
        connection.execute(insert(kept_ids), values)
        connection.execute(update(image).where(image.c.key == kept.key).values(mapped_with=None))


def end_keeping(lease: Lease, key: Key) -> bool:
    """Take a decision back; say whether there was one. The mapping decides about the entry again.

    Raises:
        RunRefused: the lease was lost.
        StateError: the state cannot be written.
    """
    with lease.write() as connection:
        ended = connection.execute(delete(kept_ids).where(kept_ids.c.key == key)).rowcount > 0
        connection.execute(update(image).where(image.c.key == key).values(mapped_with=None))
    return ended


def people_called(store: Store, name: str, dn_normalised: str | None) -> tuple[Entry, ...]:
    """Return the people in scope with this login or DN, at most two of them."""
    called = [func.lower(image.c.login) == name.lower(), image.c.login == name]
    if dn_normalised is not None:
        called.append(image.c.dn_normalised == dn_normalised)
    query = (
        select(image.c.key, image.c.dn, image_essences.c.essence)
        .join(image_essences, image_essences.c.id == image.c.id)
        .where(image.c.resource_type == ResourceType.USER.value, image.c.standing == Standing.DESIRED.value)
        .where(or_(*called))
        .order_by(image.c.id)
        .limit(2)
    )
    with store.read() as connection:
        return tuple(Entry(Key(row.key), row.dn, row.essence) for row in connection.execute(query))


def is_at_the_service(store: Store, key: Key) -> bool:
    """Say whether the snapshot has a resource of this entry."""
    with store.read() as connection:
        return connection.scalar(select(snapshot.c.id).where(snapshot.c.key == key)) is not None


def unclaimed_users(store: Store) -> Iterator[Unclaimed]:
    """Yield the users whose entry has gone, those that became ours last first; one that is held has not."""
    here = image.c.standing.is_(None) | (image.c.standing != Standing.OUT_OF_SCOPE.value)
    query = (
        select(
            snapshot.c.key, snapshot.c.service_id, snapshot.c.external_id, snapshot.c.login, snapshot_essences.c.essence
        )
        .join(snapshot_essences, snapshot_essences.c.id == snapshot.c.id)
        .outerjoin(image, (image.c.key == snapshot.c.key) & here)
        .where(snapshot.c.resource_type == ResourceType.USER.value, image.c.id.is_(None))
        .order_by(snapshot.c.managed_since.desc(), snapshot.c.id.desc())
    )
    with store.read() as connection:
        for row in connection.execute(query):
            yield Unclaimed(Key(row.key), row.service_id, row.external_id, row.login or "", row.essence)
