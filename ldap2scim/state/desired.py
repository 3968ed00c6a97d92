"""Reading the directory image: what is desired, what is held, and why. Nothing here writes."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import Row, func, select

from ldap2scim.findings import Finding, Held
from ldap2scim.model import Key, ResourceType
from ldap2scim.state.bulk import BulkSelect
from ldap2scim.state.chunks import STATEMENT_ROWS, chunks
from ldap2scim.state.encoding import unpack_findings
from ldap2scim.state.frames import plain_rows, read_frame
from ldap2scim.state.image_rows import ReferenceKind, Standing
from ldap2scim.state.listed import NestedGroups
from ldap2scim.state.references import NOTHING_NESTED, Link, References, read_chain, read_references
from ldap2scim.state.schema import FOUND, image, image_essences, image_members
from ldap2scim.state.store import Store

if TYPE_CHECKING:
    from pandas import DataFrame

ImageCount: TypeAlias = tuple[str, ResourceType, Standing]
"""Directory, kind, and what the mapping made of the entry."""


class ImageReader:
    """The directory image as planning sees it. Read it when nothing is pending any more."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def desired_frame(self, resource_type: ResourceType, directories: Collection[str] | None = None) -> "DataFrame":
        """Return everybody in scope of `directories` (None: of all).

        Columns: key, fingerprint, external_id, login, dn, email (text), active (boolean).
        The first five are `planning.frames.DESIRED_COLUMNS`; text that is not there is `planning.frames.ABSENT`.
        """
        query = select(
            image.c.key,
            image.c.fingerprint,
            image.c.external_id,
            image.c.login,
            image.c.dn,
            image.c.email,
            image.c.active,
        ).where(image.c.resource_type == resource_type.value, image.c.standing == Standing.DESIRED.value)
        if directories is not None:
            query = query.where(image.c.directory.in_(directories))
        with self._store.read() as connection:
            return read_frame(connection, query, ("text",) * 6 + ("boolean",))

    def references(
        self, directories: Collection[str] | None = None, nested: NestedGroups = NOTHING_NESTED
    ) -> References:
        """Return who belongs to which group, and which references lead to nobody in scope, from one pass.

        `directories` are those whose groups and entries count; None: all.
        """
        with self._store.read() as connection:
            return read_references(connection, directories, nested)

    def chain(
        self,
        group: Key,
        member: Key,
        directories: Collection[str] | None = None,
        nested: NestedGroups = NOTHING_NESTED,
    ) -> tuple[Link, ...] | None:
        """Return the groups through which somebody is a member of a group, the outer one first; None: by none."""
        with self._store.read() as connection:
            return read_chain(connection, group, member, directories, nested)

    def name_of_guid(self, group_id: int, guid: str) -> str | None:
        """Return what an entry was called when a group was first seen to list it; None where that is not known.

        `group_id` is `References.unresolved["listed_by"]`.
        """
        query = select(image_members.c.name).where(
            image_members.c.group_id == group_id,
            image_members.c.kind == ReferenceKind.GUID.value,
            image_members.c.reference == guid,
        )
        with self._store.read() as connection:
            found: str | None = connection.scalar(query)
        return found

    def without_uuid(self) -> frozenset[str]:
        """Return the directories with an entry whose own name by the server is not known."""
        query = select(image.c.directory).where(image.c.uuid.is_(None)).distinct()
        with self._store.read() as connection:
            return frozenset(connection.scalars(query).all())

    def desired_memberships(self) -> "DataFrame":
        """Return `References.memberships` alone."""
        return self.references().memberships

    def unresolved_references(self) -> "DataFrame":
        """Return `References.unresolved` alone. Somebody `unknown` or `held` there has not left the group."""
        return self.references().unresolved

    def essences(self, keys: Collection[Key]) -> dict[Key, str]:
        """Return the essences of those of `keys` that are desired."""
        with self._store.read() as connection:
            if len(keys) < _MANY or len(keys) * 2 < (connection.scalar(select(func.max(image.c.id))) or 0):
                return dict(_ESSENCES.rows(connection, keys))
            # Most of them: one pass through the table takes half the time of looking for each.
            every: dict[Key, str] = {}
            for rows in plain_rows(connection, _EVERY_ESSENCE):
                every.update(rows)
        return {key: every[key] for key in keys if key in every}

    def former_holders(self, directory: str, names: Iterable[str]) -> Mapping[str, Key]:
        """Return who had a normalised DN before being renamed or moved, by that DN; nobody where several had it."""
        found: dict[str, set[Key]] = {}
        with self._store.read() as connection:
            for piece in chunks(names):
                query = select(image.c.former_dn, image.c.key).where(image.c.former_dn.in_(piece))
                mine = query.where(image.c.directory == directory, image.c.key.is_not(None))
                for name, key in connection.execute(mine).all():
                    found.setdefault(name, set()).add(Key(key))
        return {name: next(iter(keys)) for name, keys in found.items() if len(keys) == 1}

    def held(self) -> Iterator[Held]:
        """Yield the entries that are held, in the order in which they came into the image."""
        for row in self._with_findings(Standing.HELD):
            yield Held(
                None if row.key is None else Key(row.key),
                row.directory,
                ResourceType(row.resource_type),
                row.dn,
                unpack_findings(row.findings),
            )

    def notes(self) -> Iterator[Finding]:
        """Yield the findings about entries that are not held."""
        for standing in (Standing.DESIRED, Standing.OUT_OF_SCOPE):
            for row in self._with_findings(standing):
                yield from unpack_findings(row.findings)

    def keyless_since(self) -> Mapping[tuple[str, ResourceType], datetime]:
        """Say since when entries without any key block removals, by directory and kind."""
        query = (
            select(image.c.directory, image.c.resource_type, func.min(image.c.held_since))
            .where(image.c.key.is_(None), image.c.standing == Standing.HELD.value)
            .group_by(image.c.directory, image.c.resource_type)
        )
        with self._store.read() as connection:
            return {(directory, ResourceType(kind)): since for directory, kind, since in connection.execute(query)}

    def counts(self) -> Mapping[ImageCount, int]:
        """Count the mapped entries by directory, kind and standing."""
        columns = (image.c.directory, image.c.resource_type, image.c.standing)
        query = select(*columns, func.count()).where(image.c.standing.is_not(None)).group_by(*columns)
        with self._store.read() as connection:
            return {
                (directory, ResourceType(kind), Standing(standing)): count
                for directory, kind, standing, count in connection.execute(query)
            }

    def _with_findings(self, standing: Standing) -> "Iterator[Row[Any]]":
        query = (
            select(image.c.id, image.c.key, image.c.directory, image.c.resource_type, image.c.dn, image.c.findings)
            .where(image.c.standing == standing.value, FOUND)
            .order_by(image.c.id)
            .limit(STATEMENT_ROWS)
        )
        after = 0
        while True:
            with self._store.read() as connection:
                rows = connection.execute(query.where(image.c.id > after)).all()
            if not rows:
                return
            yield from rows
            after = rows[-1].id


_EVERY_ESSENCE = select(image.c.key, image_essences.c.essence).join(image_essences)
_ESSENCES = BulkSelect(_EVERY_ESSENCE, image.c.key)
_MANY = 10_000
