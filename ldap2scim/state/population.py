"""Where everybody stands who is managed: what the guards by dimension ask of the state (`planning.population.Places`).

Each question costs what it asks about, but for the sizes of units (a scan of names) and of departments (a scan of
essences); those are asked only when more operations touch one of them than its limit lets flow anyway.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, ColumnElement, Connection, Select, cast, func, select, union_all

from ldap2scim.model import Key, ResourceType, directory_of
from ldap2scim.planning.policy import Dimension
from ldap2scim.planning.population import NOBODY, Removed
from ldap2scim.state.bulk import BulkSelect
from ldap2scim.state.frames import read_frame
from ldap2scim.state.last_day import departments_before, left_since, removed_since
from ldap2scim.state.schema import departed, image, memberships, snapshot, snapshot_essences
from ldap2scim.state.snapshot_rows import Status
from ldap2scim.state.store import Store

if TYPE_CHECKING:
    from pandas import Series

_FIRST_RDN = r"^(?:[^,\\]|\\.)*,"
"""The entry's own part of a normalised DN, with the comma behind it."""


class StatePlaces:
    """The places of the managed, from the image, the snapshot and the names of who has gone."""

    def __init__(self, store: Store, department: str, since: datetime | None = None) -> None:
        self._store = store
        self._department = department
        """Path of the attribute."""
        self._since = since
        """From when on removals count beside those of a plan; None: none does."""

    def dns(self, keys: Collection[Key]) -> Mapping[Key, str]:
        """Return the DN of each entry; of one that has gone, the last."""
        return self._names(keys, "dn")

    def parts(self, dimension: Dimension, keys: Collection[Key]) -> Mapping[Key, str]:
        """Return the directory, the unit (its normalised DN) or the department of each entry that has one.

        Of who was removed lately: the department before that, and the last unit that the directory showed.
        """
        match dimension:
            case Dimension.DIRECTORY:
                return {key: directory_of(key) for key in keys}
            case Dimension.UNIT:
                names = self._names(keys, "dn_normalised")
                return dict(zip(names, _parents(names.values()), strict=True))
            case Dimension.DEPARTMENT | Dimension.GROUP:
                return self._departments(keys)

    def sizes(self, dimension: Dimension, kind: ResourceType, parts: Collection[str]) -> Mapping[str, int]:
        """Count the managed of some directories, units or departments; one that has none may be missing."""
        with self._store.read() as connection:
            match dimension:
                case Dimension.DIRECTORY:
                    return {name: _in_directory(connection, kind, name) for name in parts}
                case Dimension.UNIT:
                    return _in_units(connection, kind, parts)
                case Dimension.DEPARTMENT | Dimension.GROUP:
                    return self._in_departments(connection, parts)

    def groups_of(self, members: Collection[Key]) -> Mapping[Key, frozenset[Key]]:
        """Return the groups, as last confirmed, that have any of these members, with those of them."""
        group = snapshot.alias()
        query = (
            select(group.c.key, snapshot.c.key)
            .join(memberships, memberships.c.member_id == snapshot.c.id)
            .join(group, group.c.id == memberships.c.group_id)
        )
        found: defaultdict[Key, set[Key]] = defaultdict(set)
        for of_group, member in self._rows(query, snapshot.c.key, members):
            found[Key(of_group)].add(Key(member))
        return {of_group: frozenset(own) for of_group, own in found.items()}

    def group_sizes(self, groups: Collection[Key]) -> Mapping[Key, int]:
        """Count the members of groups, as last confirmed."""
        query = select(snapshot.c.key, func.count()).join(memberships, memberships.c.group_id == snapshot.c.id)
        return {Key(key): count for key, count in self._rows(query.group_by(snapshot.c.key), snapshot.c.key, groups)}

    def logins(self, keys: Collection[Key]) -> Mapping[Key, str]:
        """Return the login, or the name of a group, of those that are known."""
        query = select(snapshot.c.key, snapshot.c.login).where(snapshot.c.login.is_not(None))
        return {Key(key): login for key, login in self._rows(query, snapshot.c.key, keys)}

    def memberships(self) -> int:
        """Count all memberships, as last confirmed."""
        with self._store.read() as connection:
            return connection.scalar(select(func.count()).select_from(memberships)) or 0

    def removed(self, kind: ResourceType) -> Removed:
        """Return who was removed lately."""
        if self._since is None:
            return NOBODY
        with self._store.read() as connection:
            return removed_since(connection, kind, self._since)

    def left_recently(self, groups: Collection[Key]) -> Mapping[Key, frozenset[Key]]:
        """Return who left groups lately, and is not in them again."""
        if self._since is None:
            return {}
        with self._store.read() as connection:
            return left_since(connection, groups, self._since)

    def _names(self, keys: Collection[Key], column: str) -> dict[Key, str]:
        last = self._rows(select(departed.c.key, departed.c[column]), departed.c.key, keys)
        now = self._rows(select(image.c.key, image.c[column]), image.c.key, keys)
        return {Key(key): name for rows in (last, now) for key, name in rows}

    def _departments(self, keys: Collection[Key]) -> Mapping[Key, str]:
        with self._store.read() as connection:
            value = _value(connection, self._department)
        query = select(snapshot.c.key, value).join(snapshot_essences).where(value.is_not(None))
        found = {Key(key): str(name) for key, name in self._rows(query, snapshot.c.key, keys)}
        if self._since is not None:
            with self._store.read() as connection:
                before = departments_before(connection, self._since, self._department)
            found.update((key, before[key]) for key in before.keys() & frozenset(keys))
        return found

    def _in_departments(self, connection: Connection, parts: Collection[str]) -> Mapping[str, int]:
        value = _value(connection, self._department)
        query = select(value, func.count()).select_from(snapshot).join(snapshot_essences).where(value.in_(parts))
        managed = query.where(*_managed(ResourceType.USER)).group_by(value)
        return {str(name): count for name, count in connection.execute(managed)}

    def _rows(self, query: Select[Any], column: ColumnElement[str], keys: Collection[Key]) -> Iterator[tuple[Any, ...]]:
        with self._store.read() as connection:
            yield from BulkSelect(query, column).rows(connection, keys)


def _managed(kind: ResourceType) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return snapshot.c.resource_type == kind.value, snapshot.c.status == Status.MANAGED.value


def _in_directory(connection: Connection, kind: ResourceType, directory: str) -> int:
    own = func.substr(snapshot.c.key, 1, len(directory) + 1) == f"{directory}:"
    return connection.scalar(select(func.count()).select_from(snapshot).where(*_managed(kind), own)) or 0


def _in_units(connection: Connection, kind: ResourceType, parts: Collection[str]) -> Mapping[str, int]:
    """Count in Arrow: a hundred thousand names are a fifth of a second, and none becomes an object."""
    columns = (
        select(table.c.dn_normalised).join(snapshot, snapshot.c.key == table.c.key).where(*_managed(kind))
        for table in (image, departed)
    )
    both = union_all(*columns).subquery()
    names = read_frame(connection, select(both.c.dn_normalised), ("text",))["dn_normalised"]
    units: Series[str] = names.str.replace(_FIRST_RDN, "", n=1, regex=True)
    counts = units[units.isin(list(parts))].value_counts()
    return {str(unit): int(count) for unit, count in counts.items()}


def _parents(names: Collection[str]) -> Iterator[str]:
    first = re.compile(_FIRST_RDN)
    return (first.sub("", name, count=1) for name in names)


def _value(connection: Connection, path: str) -> ColumnElement[str]:
    """Return the text at a path of the essence, in the words of the database."""
    steps = path.split(".")
    if connection.dialect.name == "postgresql":
        return func.json_extract_path_text(cast(snapshot_essences.c.essence, JSON), *steps)
    quoted = "".join(f'."{step}"' for step in steps)
    return func.json_extract(snapshot_essences.c.essence, f"${quoted}")
