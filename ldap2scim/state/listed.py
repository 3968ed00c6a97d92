"""What the groups of the image list, every reference matched with the entry that it leads to.

References are matched in Arrow: the same join in SQLite fetches a row of the image for every reference and builds
every group's key anew. An entry is its place in one frame here, 8 bytes instead of a key for each membership.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy import Connection, case, literal, select

from ldap2scim.model import ResourceType
from ldap2scim.state.frames import read_frame
from ldap2scim.state.image_rows import BETWEEN_UIDS, ReferenceKind, Standing
from ldap2scim.state.schema import image, image_members

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame, Series

    Places: TypeAlias = NDArray[np.int64]
    """Places in `Entries`; -1 for none."""
    Mask: TypeAlias = NDArray[np.bool_]

_NAME = {
    ReferenceKind.DN: image.c.dn_normalised,
    ReferenceKind.UID: image.c.uid,
    ReferenceKind.GUID: image.c.uuid,
    ReferenceKind.SID: image.c.sid,
}
_ANYWHERE = frozenset({ReferenceKind.GUID, ReferenceKind.SID})
"""Names that no two directories give to different entries."""


class Reason(IntEnum):
    """Why a reference is no membership."""

    NONE = 0
    HELD = 1
    OUT_OF_SCOPE = 2
    UNKNOWN = 3
    AMBIGUOUS = 4
    NESTED = 5


_STANDING = {Standing.DESIRED: Reason.NONE, Standing.HELD: Reason.HELD, Standing.OUT_OF_SCOPE: Reason.OUT_OF_SCOPE}


@dataclass(frozen=True, slots=True)
class NestedGroups:
    """What a group in a group means, by the directory of the outer one. In all others it means nothing."""

    flattened: frozenset[str] = frozenset()
    """Directories where the members of an inner group are members of the outer one."""
    kept: frozenset[str] = frozenset()
    """Directories where the inner group is a member as it is."""


@dataclass(frozen=True, slots=True, eq=False)
class Entries:
    """Every entry of the directories that count."""

    frame: "DataFrame"
    """id (sorted), key, is_group, standing (`Reason`)."""

    def places(self, ids: "Places") -> "Places":
        """Return where the entries with these ids are."""
        import numpy as np

        return np.searchsorted(self.frame["id"].to_numpy(), ids)

    @property
    def is_group(self) -> "Mask":
        """Say of each whether it is a group."""
        found: Mask = self.frame["is_group"].to_numpy() == 1
        return found

    @property
    def standing(self) -> "Places":
        """Return of each why it would be no member."""
        return self.frame["standing"].to_numpy()


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The references of one kind that the groups of one directory list."""

    directory: str
    kind: ReferenceKind
    group: "Places"
    target: "Places"
    reason: "Places"
    """`Reason` of each; nested groups that are flattened have `NESTED`."""
    reference: "Series[str]"
    foreign: "Mask"
    """Not found in the group's own directory, though it may be of another."""


def read_entries(connection: Connection, directories: Collection[str]) -> Entries:
    """Return the entries of these directories."""
    standing = case(
        *((image.c.standing == name.value, literal(reason.value)) for name, reason in _STANDING.items()),
        else_=literal(Reason.UNKNOWN.value),  # not mapped yet
    )
    is_group = case((image.c.resource_type == ResourceType.GROUP.value, literal(1)), else_=literal(0))
    query = (
        select(image.c.id, image.c.key, is_group.label("is_group"), standing.label("standing"))
        .where(image.c.directory.in_(directories))
        .order_by(image.c.id)
    )
    return Entries(read_frame(connection, query, ("integer", "nullable text", "integer", "integer")))


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """Reads what the groups of `directories` list: of those in scope, and where groups are flattened of all."""

    connection: Connection
    entries: Entries
    directories: Sequence[str]
    nested: NestedGroups

    def parts(self) -> Iterator[Part]:
        """Yield the references by directory and kind; nothing for kinds that none of its groups uses."""
        for directory in self.directories:
            for kind in ReferenceKind:
                listed = self._references(directory, kind)
                if not listed.empty:
                    yield self._part(directory, kind, listed)
            people = self._people_with_primary_group(directory)
            if not people.empty:
                yield self._primary_part(directory, people)

    def _part(self, directory: str, kind: ReferenceKind, listed: "DataFrame") -> Part:
        target, several = self._find([directory], kind, listed["reference"])
        foreign = (target < 0) & ~several & (kind in _ANYWHERE)
        if foreign.any():
            others = [one for one in self.directories if one != directory]
            target[foreign], several[foreign] = self._find(others, kind, listed["reference"][foreign])
        reason = _reasons(self.entries, target, kept=directory in self.nested.kept)
        reason[several] = Reason.AMBIGUOUS
        group = self.entries.places(listed["group_id"].to_numpy())
        return Part(directory, kind, group, target, reason, listed["reference"], foreign)

    def _primary_part(self, directory: str, people: "DataFrame") -> Part:
        """Return people as members of their primary groups, which do not list them ([MS-ADTS] §3.1.1.4.5.17)."""
        import numpy as np

        group, _ = self._find([directory], ReferenceKind.SID, people["sid"])
        elsewhere = group < 0
        if elsewhere.any():
            others = [one for one in self.directories if one != directory]
            group[elsewhere], _ = self._find(others, ReferenceKind.SID, people["sid"][elsewhere])
        known = np.flatnonzero(group >= 0)
        known = known[self.entries.is_group[group[known]]]
        target = self.entries.places(people["id"].to_numpy()[known])
        reason = _reasons(self.entries, target, kept=False)
        nowhere = np.zeros(len(target), dtype=np.bool_)
        return Part(directory, ReferenceKind.SID, group[known], target, reason, people["sid"].iloc[known], nowhere)

    def _references(self, directory: str, kind: ReferenceKind) -> "DataFrame":
        query = (
            select(image_members.c.group_id, image_members.c.reference)
            .join(image, image.c.id == image_members.c.group_id)
            .where(image.c.directory == directory, image.c.resource_type == ResourceType.GROUP.value)
            .where(image_members.c.kind == kind.value)
        )
        if directory not in self.nested.flattened:
            query = query.where(image.c.standing == Standing.DESIRED.value)
        return read_frame(self.connection, query, ("integer", "text"))

    def _people_with_primary_group(self, directory: str) -> "DataFrame":
        query = select(image.c.id, image.c.primary_group.label("sid")).where(
            image.c.directory == directory, image.c.primary_group.is_not(None)
        )
        return read_frame(self.connection, query, ("integer", "text"))

    def _find(
        self, directories: Sequence[str], kind: ReferenceKind, references: "Series[str]"
    ) -> "tuple[Places, Mask]":
        """Return the entry that each reference leads to, and of which references there are several."""
        name = _NAME[kind]
        query = select(name.label("name"), image.c.id).where(image.c.directory.in_(directories), name.is_not(None))
        named = read_frame(self.connection, query, ("text", "integer"))
        return _match(self.entries, _by_each(named) if kind is ReferenceKind.UID else named, references)


def _by_each(named: "DataFrame") -> "DataFrame":
    """Give each of several names of one entry a row of its own."""
    if not named["name"].str.contains(BETWEEN_UIDS, regex=False).any():
        return named
    return named.assign(name=named["name"].str.split(BETWEEN_UIDS)).explode("name", ignore_index=True)


def _match(entries: Entries, named: "DataFrame", references: "Series[str]") -> "tuple[Places, Mask]":
    import numpy as np

    from ldap2scim.planning.matching import contains, positions, repeated

    several = repeated(named["name"])
    if len(several):
        named = named[~contains(named["name"], several)]
    found = positions(references, named["name"])
    target = np.full(len(references), -1, dtype=np.int64)
    known = found >= 0
    target[known] = entries.places(named["id"].to_numpy()[found[known]])
    return target, contains(references, several) if len(several) else np.zeros(len(references), dtype=np.bool_)


def _reasons(entries: Entries, target: "Places", *, kept: bool) -> "Places":
    import numpy as np

    reason = np.full(len(target), Reason.UNKNOWN.value, dtype=np.int64)
    known = target >= 0
    reason[known] = entries.standing[target[known]]
    if not kept:
        reason[known] = np.where(entries.is_group[target[known]], Reason.NESTED.value, reason[known])
    return reason


def scope_groups(entries: Entries) -> "Places":
    """Return the groups in scope."""
    import numpy as np

    return np.flatnonzero(entries.is_group & (entries.standing == Reason.NONE.value))


def joined(parts: "Iterable[Places]") -> "Places":
    """Return arrays one after the other."""
    import numpy as np

    return np.concatenate([np.empty(0, dtype=np.int64), *parts])
