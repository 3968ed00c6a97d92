"""Rows and clocks for the tests of the state."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ldap2scim.essence import fingerprint, to_essence
from ldap2scim.model import Key, ResourceType, make_key
from ldap2scim.state.encoding import pack
from ldap2scim.state.image import image_writer
from ldap2scim.state.image_rows import Evidence, ImageChanges, ImageRow, MappedRow, PendingRow, Standing
from ldap2scim.state.lease import Lease
from ldap2scim.state.mapped import pending, store_mapped
from ldap2scim.state.snapshot_rows import SnapshotRow, Status

CORP = "corp"
MONDAY = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)


@dataclass
class FakeClock:
    """A clock that moves when a test says so."""

    now: datetime = field(default=MONDAY)

    def __call__(self) -> datetime:
        """Return the moment that it stands at."""
        return self.now

    def advance(self, by: timedelta) -> None:
        """Move it."""
        self.now += by


def key(name: str) -> Key:
    """Return the key of somebody in the directory of these tests."""
    return make_key(CORP, name)


def person(name: str, title: str = "engineer", *, anchored: bool = True, dn: str | None = None) -> ImageRow:
    """Return a person as read; one without anchor has no key."""
    dn = dn or f"uid={name},ou=people,dc=example,dc=com"
    entry = pack({"uid": (name.encode(),), "title": (title.encode(),)})
    return ImageRow(key(name) if anchored else None, dn, dn.lower(), entry, uid=name)


def group(name: str, members: Iterable[str] = (), uids: Iterable[str] = ()) -> ImageRow:
    """Return a group as read, with members by DN and by uid."""
    dn = f"cn={name},ou=groups,dc=example,dc=com"
    references = tuple(f"uid={member},ou=people,dc=example,dc=com" for member in members)
    return ImageRow(key(name), dn, dn, pack({"cn": (name.encode(),)}), members=references, member_uids=tuple(uids))


def read(
    lease: Lease, people: Iterable[ImageRow] = (), groups: Iterable[ImageRow] = (), directory: str = CORP
) -> ImageChanges:
    """Store one proven read of a directory."""
    people, groups = list(people), list(groups)
    with image_writer(lease, directory) as image:
        image.put(ResourceType.USER, people)
        image.put(ResourceType.GROUP, groups)
        return image.commit_full(
            {ResourceType.USER: len(people), ResourceType.GROUP: len(groups)}, Evidence("ldap.example.com:389")
        )


def map_all(
    lease: Lease, others: Mapping[str, MappedRow] | None = None, mapped_with: str = "m1", directory: str = CORP
) -> list[PendingRow]:
    """Map everything pending: in scope, but for the DNs in `others`, whose row says what to make of them."""
    done: list[PendingRow] = []
    for batch in pending(lease.store, directory, mapped_with, MONDAY, size=200):
        store_mapped(
            lease, [desired(row) if row.dn not in (others or {}) else _as(row, others) for row in batch], mapped_with
        )
        done += batch
    return done


def _as(row: PendingRow, others: Mapping[str, MappedRow] | None) -> MappedRow:
    like = (others or {})[row.dn]
    return MappedRow(row.id, like.standing, like.findings)


def desired(row: PendingRow, valid_until: datetime | None = None) -> MappedRow:
    """Return a row in scope."""
    essence = to_essence({"user_name": row.dn})
    name = row.dn.partition(",")[0].partition("=")[2]
    return MappedRow(
        id=row.id,
        standing=Standing.DESIRED,
        essence=essence,
        fingerprint=fingerprint(essence),
        external_id=f"x-{name}",
        login=name,
        email=None,
        active=row.resource_type is ResourceType.USER or None,
        valid_until=valid_until,
    )


def known(
    name: str,
    title: str = "engineer",
    resource_type: ResourceType = ResourceType.USER,
    service_id: str | None = None,
    status: Status = Status.MANAGED,
) -> SnapshotRow:
    """Return a row that the service confirmed."""
    essence = to_essence({"user_name": name, "title": title})
    return SnapshotRow(
        key=key(name),
        resource_type=resource_type,
        service_id=service_id or f"id-{name}",
        external_id=None,
        login=name,
        fingerprint=fingerprint(essence),
        essence=essence,
        version=None,
        status=status,
    )
