"""What the directory image has of a page of entries, what changes, and the statements that write it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, case, null, select, update

from ldap2scim.state.bulk import Bulk
from ldap2scim.state.image_rows import ImageRow
from ldap2scim.state.schema import image, image_entries


@dataclass(slots=True)
class Known:
    """What the image holds of an entry, as of this read."""

    id: int
    resource_type: str
    dn_normalised: str
    digest: bytes
    members_digest: bytes | None


@dataclass(frozen=True, slots=True)
class Page:
    """What of one page has to be written, as parameters of the statements below."""

    inserted: list[tuple[object, ...]] = field(default_factory=list)
    new_entries: list[tuple[int, bytes]] = field(default_factory=list)
    updated: list[tuple[object, ...]] = field(default_factory=list)
    changed_entries: list[tuple[int, bytes]] = field(default_factory=list)
    members: list[tuple[int, bytes | None, int]] = field(default_factory=list)

    def write(self, connection: Connection) -> None:
        """Write it, in the transaction of the read."""
        _INSERT.execute(connection, self.inserted)
        _INSERT_ENTRY.execute(connection, self.new_entries)
        _UPDATE.execute(connection, self.updated)
        _UPDATE_ENTRY.execute(connection, self.changed_entries)
        _UPDATE_MEMBERS.execute(connection, self.members)


def known_of(connection: Connection, directory: str, rows: Sequence[ImageRow]) -> dict[str, Known]:
    """Return what the image has of these entries, by `name_of`."""
    keys = [row.key for row in rows if row.key is not None]
    known = {row.key: Known(*row[1:]) for row in connection.execute(_KNOWN.where(image.c.key.in_(keys))).all()}
    keyless = [row.dn_normalised for row in rows if row.key is None]
    if keyless:
        query = _KNOWN.where(image.c.dn_normalised.in_(keyless), image.c.key.is_(None))
        for row in connection.execute(query.where(image.c.directory == directory)):
            known[_nameless(row.dn_normalised)] = Known(*row[1:])
    return known


def name_of(row: ImageRow) -> str:
    """Return the key of an entry, or what stands for one."""
    return row.key if row.key is not None else _nameless(row.dn_normalised)


def _nameless(dn_normalised: str) -> str:
    """Return what stands for the key of an entry that has none; no key starts with a colon."""
    return f":{dn_normalised}"


_KNOWN = select(
    image.c.key, image.c.id, image.c.resource_type, image.c.dn_normalised, image.c.digest, image.c.members_digest
)
_NAMES = ("dn", "dn_normalised", "uid", "uuid", "sid", "primary_group")
_COLUMNS = ("resource_type", *_NAMES, "digest", "members_digest", "changed_in")
_INSERT = Bulk.insert(image, ("id", "key", "directory", *_COLUMNS))
_INSERT_ENTRY = Bulk.insert(image_entries, ("id", "entry"))
_OF_ROW = image.c.id == bindparam("row_id")
_UPDATE = Bulk(
    update(image)
    .where(_OF_ROW)
    .values(
        {
            **{name: bindparam(name) for name in _COLUMNS},
            "former_dn": case(
                (image.c.dn_normalised != bindparam("dn_normalised"), image.c.dn_normalised), else_=image.c.former_dn
            ),
            "mapped_with": null(),
        }
    ),
    ("row_id", *_COLUMNS),
)
_UPDATE_ENTRY = Bulk(
    update(image_entries).where(image_entries.c.id == bindparam("row_id")).values(entry=bindparam("entry")),
    ("row_id", "entry"),
)
_UPDATE_MEMBERS = Bulk(
    update(image).where(_OF_ROW).values(members_digest=bindparam("members_digest"), changed_in=bindparam("changed_in")),
    ("row_id", "members_digest", "changed_in"),
)
