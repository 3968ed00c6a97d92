"""By which groups somebody is a member of which: every way upwards, as the image has it. Reads only."""

from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, and_, or_, select

from ldap2scim.directory.dn import DnError, rdn_value
from ldap2scim.directory.settings import Nesting
from ldap2scim.explain.subjects import ImageEntry
from ldap2scim.model import Key, ResourceType
from ldap2scim.state.image_rows import BETWEEN_UIDS, ReferenceKind, Standing
from ldap2scim.state.schema import image, image_members
from ldap2scim.state.store import Store

MOST_GROUPS = 500
"""Groups above somebody that are followed."""


@dataclass(frozen=True, slots=True)
class Above:
    """A group that somebody is in, and the way there."""

    key: Key | None
    dn: str
    standing: Standing | None
    way: tuple[str, ...]
    """Names from the entry itself to this group, through the groups in between."""
    primary: bool = False
    """Her primary group, which does not list her."""


@dataclass(frozen=True, slots=True)
class _Named:
    row_id: int
    directory: str
    resource_type: str
    key: Key | None
    dn: str
    dn_normalised: str
    uid: str | None
    uuid: str | None
    sid: str | None
    standing: str | None


_COLUMNS = (
    image.c.id,
    image.c.directory,
    image.c.resource_type,
    image.c.key,
    image.c.dn,
    image.c.dn_normalised,
    image.c.uid,
    image.c.uuid,
    image.c.sid,
    image.c.standing,
)


def groups_above(store: Store, entry: ImageEntry) -> tuple[Above, ...]:
    """Return every group that lists somebody, or a group that does, the nearest first; each by its shortest way."""
    with store.read() as connection:
        start = _one(connection, entry.row_id)
        found: dict[int, Above] = {}
        waiting: deque[tuple[_Named, tuple[str, ...]]] = deque([(start, (short(start.dn),))])
        while waiting and len(found) < MOST_GROUPS:
            below, way = waiting.popleft()
            for group, primary in _lists(connection, below, entry):
                if group.row_id in found or group.row_id == start.row_id:
                    continue
                here = (*way, short(group.dn))
                standing = None if group.standing is None else Standing(group.standing)
                found[group.row_id] = Above(group.key, group.dn, standing, here, primary)
                waiting.append((group, here))
    return tuple(found.values())


def short(name: str) -> str:
    """Return the value of the first part of a DN, by which people call a group."""
    try:
        return rdn_value(name)
    except DnError:
        return name


def path_rows(
    above: Collection[Above], member_of: Collection[Key], nesting: Nesting, kind: ResourceType
) -> Iterator[tuple[str, str]]:
    """Yield each group with the way to it, and whether it counts.

    Args:
        above: the groups, of `groups_above`.
        member_of: the groups that the entry should be a member of.
        nesting: what a group in a group means in this directory.
        kind: of the entry itself.
    """
    for one in above:
        yield _counts(one, member_of, nesting, kind), " → ".join(one.way) + (" (primary group)" if one.primary else "")


def _counts(one: Above, member_of: Collection[Key], nesting: Nesting, kind: ResourceType) -> str:
    if one.key is not None and one.key in member_of:
        return "member"
    match one.standing:
        case Standing.OUT_OF_SCOPE:
            return "not synchronised: the group is out of scope"
        case Standing.HELD:
            return "left as it is: the group is held"
        case None:
            return "not known yet: the group was not mapped since it changed"
        case Standing.DESIRED if kind is ResourceType.GROUP and nesting is Nesting.IGNORE:
            return "no member: a group in a group does not count (`nesting: ignore`)"
        case Standing.DESIRED if kind is ResourceType.GROUP and nesting is Nesting.FLATTEN:
            return "no member itself: its members are (`nesting: flatten`)"
        case Standing.DESIRED if len(one.way) > 2:
            return f"no member: groups in groups count as `nesting: {nesting.value}` says"
        case _:
            return "no member: the entry itself is not synchronised, or is held"


def _one(connection: Connection, row_id: int) -> _Named:
    return _Named(*connection.execute(select(*_COLUMNS).where(image.c.id == row_id)).one())


def _lists(connection: Connection, below: _Named, entry: ImageEntry) -> Iterator[tuple[_Named, bool]]:
    uids = below.uid.split(BETWEEN_UIDS) if below.uid is not None else ()
    names = [(ReferenceKind.DN, below.dn_normalised), *((ReferenceKind.UID, uid) for uid in uids)]
    own = [
        and_(
            image.c.directory == below.directory, image_members.c.kind == kind.value, image_members.c.reference == name
        )
        for kind, name in names
    ]
    anywhere = [
        and_(image_members.c.kind == kind.value, image_members.c.reference == name)
        for kind, name in ((ReferenceKind.GUID, below.uuid), (ReferenceKind.SID, below.sid))
        if name is not None
    ]
    query = (
        select(*_COLUMNS)
        .join(image_members, image_members.c.group_id == image.c.id)
        .where(image.c.resource_type == ResourceType.GROUP.value, or_(*own, *anywhere))
        .order_by(image.c.dn_normalised)
    )
    for row in connection.execute(query):
        yield _Named(*row), False
    if below.row_id == entry.row_id and entry.primary_group is not None:
        primary = select(*_COLUMNS).where(
            image.c.resource_type == ResourceType.GROUP.value, image.c.sid == entry.primary_group
        )
        for row in connection.execute(primary):
            yield _Named(*row), True
