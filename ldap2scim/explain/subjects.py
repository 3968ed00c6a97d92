"""Who goes by a name, as far as the state knows: entries of the image and resources of the snapshot. Reads only."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, or_, select

from ldap2scim.directory import dn
from ldap2scim.essence import from_essence
from ldap2scim.findings import Finding
from ldap2scim.model import Key, ResourceType
from ldap2scim.state import remembered
from ldap2scim.state.encoding import unpack, unpack_findings
from ldap2scim.state.image_rows import BETWEEN_UIDS, Standing
from ldap2scim.state.schema import image, image_entries, image_essences, journal, snapshot, snapshot_essences
from ldap2scim.state.snapshot_rows import SnapshotRow
from ldap2scim.state.store import Store

MOST = 10
"""Entries that one name leads to, and are explained."""


@dataclass(frozen=True, slots=True)
class ImageEntry:
    """An entry as the image has it."""

    row_id: int
    key: Key | None
    directory: str
    resource_type: ResourceType
    dn: str
    uid: str | None
    uuid: str | None
    sid: str | None
    primary_group: str | None
    standing: Standing | None
    """None: not mapped since it changed."""
    login: str | None
    external_id: str | None
    active: bool | None
    valid_until: datetime | None
    held_since: datetime | None
    findings: tuple[Finding, ...]
    attributes: Mapping[str, tuple[bytes, ...]]
    essence: str | None


@dataclass(frozen=True, slots=True)
class Subject:
    """One entry, one resource, or both under one key."""

    entry: ImageEntry | None
    resource: SnapshotRow | None
    """As the service last confirmed it."""
    key: Key | None

    @property
    def resource_type(self) -> ResourceType | None:
        """Say whether it is a person or a group; None where neither side has it."""
        side = self.entry or self.resource
        return side.resource_type if side is not None else None


def find(store: Store, who: str) -> tuple[Subject, ...]:
    """Return everybody who goes by a login, e-mail address, DN, identity, ID or key, at most `MOST`."""
    with store.read() as connection:
        keys: dict[Key, None] = {}
        keyless: list[int] = []
        for row in connection.execute(select(image.c.id, image.c.key).where(or_(*_names_of_entry(who))).limit(MOST)):
            if row.key is None:
                keyless.append(row.id)
            else:
                keys[Key(row.key)] = None
        for key in connection.scalars(select(snapshot.c.key).where(or_(*_names_of_resource(who))).limit(MOST)):
            keys[Key(key)] = None
        if not keys and not keyless:
            for row_id, own in _by_value(connection.execute(_UNDESIRED), who):
                if own is None:
                    keyless.append(row_id)
                else:
                    keys[own] = None
        if not keys and not keyless:
            keys.update((key, None) for key in islice(_left_with_address(connection, who), MOST))
        if not keys and not keyless:
            by_journal = select(journal.c.key).where(or_(*_names_in_journal(who))).distinct().limit(MOST)
            keys.update((Key(key), None) for key in connection.scalars(by_journal))
    found = [*of_keys(store, list(keys)), *_of_rows(store, keyless)]
    return tuple(found[:MOST])


def of_keys(store: Store, keys: Collection[Key]) -> tuple[Subject, ...]:
    """Return the subjects with these keys, in their order; one without entry and resource has its history left."""
    entries = {one.key: one for one in _entries(store, image.c.key.in_(keys))}
    resources = remembered.rows(store, keys)
    return tuple(Subject(entries.get(key), resources.get(key), key) for key in keys)


def of_dn(store: Store, directory: str, name: str, uuid: str | None) -> Subject | None:
    """Return the subject that an entry of a directory is in the image, by identity or else by DN."""
    names = [image.c.dn_normalised == dn.normalise(name)]
    if uuid is not None:
        names.append(image.c.uuid == uuid)
    entries = sorted(_entries(store, image.c.directory == directory, or_(*names)), key=lambda one: one.uuid != uuid)
    if not entries:
        return None
    entry = entries[0]
    return Subject(entry, None, None) if entry.key is None else of_keys(store, [entry.key])[0]


def _of_rows(store: Store, row_ids: Collection[int]) -> Iterator[Subject]:
    if row_ids:
        yield from (Subject(one, None, None) for one in _entries(store, image.c.id.in_(row_ids)))


def _names_of_entry(who: str) -> Iterator[ColumnElement[bool]]:
    # SQLite folds ASCII alone; a login in another script is compared as it is written.
    for column in (image.c.login, image.c.email):
        yield column == who
        yield func.lower(column) == who.lower()
    uids = BETWEEN_UIDS + image.c.uid + BETWEEN_UIDS
    yield uids.contains(f"{BETWEEN_UIDS}{who.casefold()}{BETWEEN_UIDS}", autoescape=True)
    yield from (image.c.external_id == who, image.c.key == who, image.c.uuid == who.lower(), image.c.sid == who)
    yield image.c.key.endswith(f":{who}", autoescape=True)
    if (name := normalised(who)) is not None:
        yield from (image.c.dn_normalised == name, image.c.former_dn == name)


def _names_of_resource(who: str) -> Iterator[ColumnElement[bool]]:
    yield from (snapshot.c.service_id == who, snapshot.c.external_id == who, snapshot.c.key == who)
    yield from (snapshot.c.login == who, func.lower(snapshot.c.login) == who.lower())
    yield snapshot.c.key.endswith(f":{who}", autoescape=True)


def _names_in_journal(who: str) -> Iterator[ColumnElement[bool]]:
    yield from (journal.c.service_id == who, journal.c.external_id == who, journal.c.key == who)
    yield from (journal.c.login == who, func.lower(journal.c.login) == who.lower())
    yield journal.c.key.endswith(f":{who}", autoescape=True)


_UNDESIRED = (
    select(image.c.id, image.c.key, image_entries.c.entry)
    .join(image_entries)
    .where(or_(image.c.standing.is_(None), image.c.standing != Standing.DESIRED.value))
)


def _by_value(rows: Iterable[Row[Any]], who: str) -> Iterator[tuple[int, Key | None]]:
    """Yield entries that were not mapped and have `who` among their values: their logins stand nowhere else."""
    wanted = who.casefold().encode()
    for row in rows:
        values = (value for of_one in unpack(row.entry).values() for value in of_one)
        if any(value.decode("utf-8", "replace").casefold().encode() == wanted for value in values):
            yield row.id, None if row.key is None else Key(row.key)


def _left_with_address(connection: Connection, who: str) -> Iterator[Key]:
    """Yield who has left with an e-mail address: no entry has it any more, and the service's word is what is known."""
    if "@" not in who:
        return
    without_entry = (
        select(snapshot.c.key, snapshot_essences.c.essence)
        .join(snapshot_essences, snapshot_essences.c.id == snapshot.c.id)
        .where(~select(image.c.id).where(image.c.key == snapshot.c.key).exists())
    )
    wanted = who.casefold()
    for row in connection.execute(without_entry):
        if wanted not in row.essence.casefold():
            continue  # most of them, without reading their JSON
        emails: Any = from_essence(row.essence).get("emails") or ()
        if any(str(one.get("value", "")).casefold() == wanted for one in emails):
            yield Key(row.key)


def normalised(name: str) -> str | None:
    """Return the comparable form of a DN; None where a text is none."""
    if "=" not in name:
        return None
    try:
        return dn.normalise(name)
    except dn.DnError:
        return None


def _entries(store: Store, *conditions: ColumnElement[bool]) -> list[ImageEntry]:
    query = (
        select(image, image_entries.c.entry, image_essences.c.essence)
        .join(image_entries, image_entries.c.id == image.c.id)
        .outerjoin(image_essences, image_essences.c.id == image.c.id)
        .where(*conditions)
        .order_by(image.c.id)
    )
    with store.read() as connection:
        return [
            ImageEntry(
                row_id=row.id,
                key=None if row.key is None else Key(row.key),
                directory=row.directory,
                resource_type=ResourceType(row.resource_type),
                dn=row.dn,
                uid=row.uid,
                uuid=row.uuid,
                sid=row.sid,
                primary_group=row.primary_group,
                standing=None if row.standing is None else Standing(row.standing),
                login=row.login,
                external_id=row.external_id,
                active=row.active,
                valid_until=row.valid_until,
                held_since=row.held_since,
                findings=unpack_findings(row.findings),
                attributes=unpack(row.entry),
                essence=row.essence,
            )
            for row in connection.execute(query)
        ]
