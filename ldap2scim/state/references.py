"""Who belongs to which group, groups in groups included, and which references lead to nobody."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from ldap2scim.model import Key
from ldap2scim.state.image_rows import ReferenceKind
from ldap2scim.state.listed import (
    Entries,
    Listing,
    NestedGroups,
    Part,
    Reason,
    joined,
    read_entries,
    scope_groups,
)
from ldap2scim.state.nesting import Inside, chain, reachable
from ldap2scim.state.schema import image

if TYPE_CHECKING:
    from pandas import DataFrame

    from ldap2scim.state.listed import Mask, Places

UNKNOWN = "unknown"
AMBIGUOUS = "ambiguous"
NESTED = "group"
_WORDS = {
    Reason.HELD: "held",
    Reason.OUT_OF_SCOPE: "out of scope",
    Reason.UNKNOWN: UNKNOWN,
    Reason.AMBIGUOUS: AMBIGUOUS,
    Reason.NESTED: NESTED,
}
_COLUMNS = ("group", "reference", "kind", "target", "reason", "listed_by")
NOTHING_NESTED = NestedGroups()


@dataclass(frozen=True, slots=True, eq=False)
class References:
    """Where the references of all groups in scope lead."""

    memberships: "DataFrame"
    """group, member (keys, str): both in scope, each pair once."""
    unresolved: "DataFrame"
    """group (key), reference, kind (`ReferenceKind`), target (key or NaN), reason (str), listed_by (id in the image of
    the group that lists it), for everything that is not a membership. What an inner group lists counts for the outer
    one where groups are flattened.

    Reasons: `unknown` (no entry of the image has this name), `held`, `out of scope`, `group` (a nested group),
    `ambiguous` (several entries have this name)."""
    across: frozenset[Key]
    """Groups that list, where they are flattened at whatever depth, somebody whom their own directory does not have: it
    may be somebody, or a whole group, of another one, so that every directory's read counts for who leaves them."""
    nesting: tuple[tuple[Key, Key], ...] = ()
    """Group, group that it lists, whatever nesting means for its directory."""


@dataclass(frozen=True, slots=True)
class Link:
    """A group on the way from a group to its member."""

    key: Key | None
    dn: str


@dataclass(frozen=True, slots=True, eq=False)
class _Listed:
    entries: Entries
    parts: tuple[Part, ...]
    inside: Inside


def read_references(
    connection: Connection, directories: Collection[str] | None = None, nested: NestedGroups = NOTHING_NESTED
) -> References:
    """Match every reference of the groups in scope of `directories` (None: of all) with the entries.

    Names that a directory gives (DN, uid) are looked for in the group's own directory, identities (GUID, SID) in its
    own and then in all of `directories`.
    """
    listed = _read(connection, directories, nested)
    reach = _reach(scope_groups(listed.entries), listed.inside)
    outside = joined(
        part.group[part.foreign]
        for part in listed.parts
        if part.kind is ReferenceKind.SID or part.directory in nested.flattened
    )
    across = reach.outer[_is_among(reach.inner, outside)]
    return References(
        memberships=_memberships(listed, reach),
        unresolved=_unresolved(listed, reach, nested),
        across=frozenset(Key(key) for key in listed.entries.frame["key"].array.take(across)),
        nesting=tuple(_nesting(listed)),
    )


def read_chain(
    connection: Connection,
    group: Key,
    member: Key,
    directories: Collection[str] | None = None,
    nested: NestedGroups = NOTHING_NESTED,
) -> tuple[Link, ...] | None:
    """Return the shortest way by which somebody is a member of a group.

    The first is the group itself, the last one lists the member (or is her primary group); None: she is no member.
    """
    listed = _read(connection, directories, nested)
    keys = listed.entries.frame["key"]
    starts, ends = keys.index[keys == group], keys.index[keys == member]
    if not len(starts) or not len(ends):
        return None
    listing = joined(part.group[(part.target == ends[0]) & (part.reason == Reason.NONE)] for part in listed.parts)
    way = chain(listed.inside, int(starts[0]), frozenset(listing.tolist()))
    if way is None:
        return None
    ids = [int(listed.entries.frame["id"].iloc[place]) for place in way]
    query = select(image.c.id, image.c.key, image.c.dn).where(image.c.id.in_(ids))
    links = {row.id: Link(row.key, row.dn) for row in connection.execute(query)}
    return tuple(links[row_id] for row_id in ids)


@dataclass(frozen=True, slots=True, eq=False)
class _Reach:
    """Which groups' references count for which group in scope; each counts for itself."""

    outer: "Places"
    inner: "Places"


def _read(connection: Connection, directories: Collection[str] | None, nested: NestedGroups) -> _Listed:
    every = select(image.c.directory).distinct()
    chosen = sorted(connection.scalars(every) if directories is None else directories)
    entries = read_entries(connection, chosen)
    parts = tuple(Listing(connection, entries, chosen, nested).parts())
    inside: defaultdict[int, list[int]] = defaultdict(list)
    for part in parts:
        if part.directory in nested.flattened:
            group, inner = part.group[part.reason == Reason.NESTED], part.target[part.reason == Reason.NESTED]
            for one, other in zip(group.tolist(), inner.tolist(), strict=True):
                inside[one].append(other)
    return _Listed(entries, parts, inside)


def _reach(scope: "Places", inside: Inside) -> _Reach:
    import numpy as np

    nesting = [group for group in scope.tolist() if group in inside]
    reached = [reachable(inside, group) for group in nesting]
    flat = scope[~np.isin(scope, nesting)]
    outer = np.repeat(np.array(nesting, dtype=np.int64), [len(groups) for groups in reached])
    inner = np.fromiter((group for groups in reached for group in groups), dtype=np.int64)
    return _Reach(joined([flat, outer]), joined([flat, inner]))


def _nesting(listed: _Listed) -> "Iterator[tuple[Key, Key]]":
    keys, is_group = listed.entries.frame["key"].array, listed.entries.is_group
    for part in listed.parts:
        found = part.target >= 0
        found[found] = is_group[part.target[found]]
        if found.any():
            outer, inner = keys.take(part.group[found]), keys.take(part.target[found])
            for one, other in zip(outer.tolist(), inner.tolist(), strict=True):
                if isinstance(one, str) and isinstance(other, str):
                    yield Key(one), Key(other)


def _memberships(listed: _Listed, reach: _Reach) -> "DataFrame":
    import numpy as np
    import pandas as pd

    member = [part.reason == Reason.NONE for part in listed.parts]
    group = joined(part.group[here] for part, here in zip(listed.parts, member, strict=True))
    target = joined(part.target[here] for part, here in zip(listed.parts, member, strict=True))
    outer, rows = _spread(group, reach)
    # Somebody listed both by DN and by uid, or by two inner groups, is one member.
    size = max(len(listed.entries.frame), 1)
    pairs = outer * size + target[rows]
    pairs.sort()  # `np.unique` hashes first, and takes ten times as long
    first = np.ones(len(pairs), dtype=np.bool_)
    np.not_equal(pairs[1:], pairs[:-1], out=first[1:])
    pairs = pairs[first]
    keys = listed.entries.frame["key"].array
    return pd.DataFrame({"group": keys.take(pairs // size), "member": keys.take(pairs % size)})


def _unresolved(listed: _Listed, reach: _Reach, nested: NestedGroups) -> "DataFrame":
    import numpy as np
    import pandas as pd

    frames = []
    keys = listed.entries.frame["key"].array
    for part in listed.parts:
        # A group that is flattened is no member, and its members are: nothing is left to be said of it.
        expanded = (part.reason == Reason.NESTED) & (part.directory in nested.flattened)
        left = np.flatnonzero((part.reason != Reason.NONE) & ~expanded)
        outer, rows = _spread(part.group[left], reach)
        left = left[rows]
        frames.append(
            pd.DataFrame(
                {
                    "group": keys.take(outer),
                    "reference": part.reference.array.take(left),
                    "kind": np.full(len(left), part.kind.value, dtype=np.int64),
                    "target": keys.take(part.target[left], allow_fill=True),
                    "reason": pd.array([_WORDS[Reason(reason)] for reason in part.reason[left].tolist()], dtype="str"),
                    "listed_by": listed.entries.frame["id"].to_numpy()[part.group[left]],
                }
            )
        )
    if not frames:
        return pd.DataFrame({name: pd.array([], dtype="str") for name in _COLUMNS}).astype(
            {"kind": np.int64, "listed_by": np.int64}
        )
    found = pd.concat(frames, ignore_index=True)
    return found.drop_duplicates(["group", "reference", "kind", "target"], ignore_index=True)


def _spread(group: "Places", reach: _Reach) -> "tuple[Places, Places]":
    """Return, for references of these groups, the groups in scope that they count for, and which reference each is."""
    import numpy as np

    order = np.argsort(group, kind="stable")
    ordered = group[order]
    first = np.searchsorted(ordered, reach.inner, side="left")
    counts = np.searchsorted(ordered, reach.inner, side="right") - first
    before = np.cumsum(counts) - counts
    rows = np.arange(counts.sum()) - np.repeat(before, counts) + np.repeat(first, counts)
    return np.repeat(reach.outer, counts), order[rows]


def _is_among(places: "Places", others: "Places") -> "Mask":
    import numpy as np

    found: Mask = np.isin(places, others)
    return found
