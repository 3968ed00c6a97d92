"""The member references that groups in the image list, kept one by one so that one new member is one new row."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Select, bindparam, delete, select

from ldap2scim.state.bulk import Bulk
from ldap2scim.state.encoding import digest
from ldap2scim.state.image_rows import ImageRow, ReferenceKind
from ldap2scim.state.schema import image_members


def members_digest(row: ImageRow) -> bytes | None:
    """Return what differs when a group's references differ, in whatever order they came; None for no reference."""
    if row.lists_nobody:
        return None
    guids = [guid for guid, _ in row.member_guids]  # a new name of the same member is no change of the group
    listed = [row.members, row.member_uids, guids, row.member_sids]
    return digest(*("\0".join(sorted(references)).encode("utf-8", "surrogateescape") for references in listed))


def groups_with(uuids: Sequence[str]) -> Select[tuple[int]]:
    """Return the question for the row numbers of groups that list one of some entries by GUID."""
    lists = (image_members.c.kind == ReferenceKind.GUID.value, image_members.c.reference.in_(uuids))
    return select(image_members.c.group_id).where(*lists)


class MemberChanges:
    """Collects what changes among the references of a page of groups, and writes it at once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._added: list[tuple[object, ...]] = []
        self._removed: list[tuple[object, ...]] = []

    def note_new(self, group_id: int, row: ImageRow) -> None:
        """Take in the references of a group that the image did not have."""
        if not row.lists_nobody:
            self._added += _parameters(group_id, _references(row), dict(row.member_guids))

    def note_changed(self, group_id: int, row: ImageRow) -> None:
        """Take in what differs from the references that are stored."""
        query = select(image_members.c.kind, image_members.c.reference).where(image_members.c.group_id == group_id)
        stored = {(kind, reference) for kind, reference in self._connection.execute(query).all()}
        wanted = _references(row)
        self._added += _parameters(group_id, wanted - stored, dict(row.member_guids))
        self._removed += [values[:3] for values in _parameters(group_id, stored - wanted, {})]

    def write(self) -> None:
        """Write and forget what was collected."""
        _DELETE.execute(self._connection, self._removed)
        _INSERT.execute(self._connection, self._added)
        self._added, self._removed = [], []


_COLUMNS = ("group_id", "kind", "reference")
_INSERT = Bulk.insert(image_members, (*_COLUMNS, "name"))
_DELETE = Bulk(delete(image_members).where(*(image_members.c[name] == bindparam(name) for name in _COLUMNS)), _COLUMNS)


def _references(row: ImageRow) -> set[tuple[int, str]]:
    return (
        _of_kind(ReferenceKind.DN, row.members)
        | _of_kind(ReferenceKind.UID, row.member_uids)
        | _of_kind(ReferenceKind.GUID, [guid for guid, _ in row.member_guids])
        | _of_kind(ReferenceKind.SID, row.member_sids)
    )


def _of_kind(kind: ReferenceKind, references: Sequence[str]) -> set[tuple[int, str]]:
    return {(kind.value, reference) for reference in references}


def _parameters(group_id: int, references: set[tuple[int, str]], names: Mapping[str, str]) -> list[tuple[object, ...]]:
    # Sorted: rows of a group lie together in the table in this order, and are written in one sweep.
    guid = ReferenceKind.GUID.value
    return [(group_id, kind, text, names.get(text) if kind == guid else None) for kind, text in sorted(references)]
