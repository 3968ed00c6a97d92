"""Turning the references that groups list into keys of people.

References are matched in pandas: the same join in SQLite fetches a row of the image for every reference and builds
every group's key anew.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, case, func, select

from ldap2scim.model import ResourceType
from ldap2scim.state.frames import read_frame
from ldap2scim.state.image_rows import ReferenceKind, Standing
from ldap2scim.state.schema import image, image_members

if TYPE_CHECKING:
    from pandas import DataFrame

UNKNOWN = "unknown"
AMBIGUOUS = "ambiguous"
NESTED = "group"


@dataclass(frozen=True, slots=True, eq=False)
class References:
    """Where the references of all groups in scope lead."""

    memberships: "DataFrame"
    """group, member (keys, str): both in scope, each pair once."""
    unresolved: "DataFrame"
    """group (key), reference, target (key or NaN), reason (str), for everything that is not a membership.

    Reasons: `unknown` (no entry of the image has this name), `held`, `out of scope`, `group` (a nested group),
    `ambiguous` (several entries have this name)."""


def read_references(connection: Connection, directories: Collection[str] | None = None) -> References:
    """Match every reference of the groups in scope of `directories` (None: of all) with their directory's entries."""
    import pandas as pd

    known = connection.scalars(select(image.c.directory).distinct().order_by(image.c.directory)).all()
    chosen = [directory for directory in known if directories is None or directory in directories]
    parts = [_match(connection, directory, kind) for directory in chosen for kind in ReferenceKind]
    if not parts:
        parts = [pd.DataFrame({name: pd.array([], dtype="str") for name in ("group", "reference", "target", "reason")})]
    matched = pd.concat(parts, ignore_index=True)
    resolved = matched["reason"].isna()
    memberships = matched.loc[resolved, ["group", "target"]].rename(columns={"target": "member"})
    return References(
        # Somebody listed both by DN and by uid is one member.
        memberships.drop_duplicates(ignore_index=True),
        matched.loc[~resolved].reset_index(drop=True),
    )


def _match(connection: Connection, directory: str, kind: ReferenceKind) -> "DataFrame":
    """Return one row a reference of one kind: group, reference, target, reason (NaN for a person in scope)."""
    import pandas as pd

    references = _references(connection, directory, kind)
    if references.empty:
        return references
    entries = _entries(connection, directory, kind)
    repeated = entries["name"].duplicated(keep=False)
    several = pd.Index(entries.loc[repeated, "name"].drop_duplicates())
    entries = entries.loc[~repeated]
    names = pd.Index(references["reference"])
    position = pd.Index(entries["name"]).get_indexer(names)
    references["target"] = entries["key"].array.take(position, allow_fill=True)
    references["reason"] = entries["reason"].array.take(position, allow_fill=True)
    references.loc[position < 0, "reason"] = UNKNOWN
    references.loc[several.get_indexer(names) >= 0, "reason"] = AMBIGUOUS
    return references


def _references(connection: Connection, directory: str, kind: ReferenceKind) -> "DataFrame":
    """Return group, reference, target, reason; the last two empty."""
    import pandas as pd

    in_scope = (
        image.c.directory == directory,
        image.c.resource_type == ResourceType.GROUP.value,
        image.c.standing == Standing.DESIRED.value,
    )
    groups = read_frame(connection, select(image.c.id, image.c.key).where(*in_scope), ("integer", "text"))
    listed = read_frame(
        connection,
        select(image_members.c.group_id, image_members.c.reference)
        .join(image, image.c.id == image_members.c.group_id)
        .where(*in_scope, image_members.c.kind == kind.value),
        ("integer", "text"),
    )
    # A key is repeated here, in Arrow, and not fetched once for every reference.
    position = pd.Index(groups["id"]).get_indexer(pd.Index(listed["group_id"]))
    nothing = pd.array([None] * len(listed), dtype="str")
    return pd.DataFrame(
        {
            "group": groups["key"].array.take(position),
            "reference": listed["reference"],
            "target": nothing,
            "reason": nothing,
        }
    )


def _entries(connection: Connection, directory: str, kind: ReferenceKind) -> "DataFrame":
    """Return name, key, reason of every entry that has a name of this kind; no reason: a person in scope."""
    name = image.c.dn_normalised if kind is ReferenceKind.DN else image.c.uid
    reason = case(
        (image.c.resource_type == ResourceType.GROUP.value, NESTED),
        (image.c.standing == Standing.DESIRED.value, None),
        else_=func.coalesce(image.c.standing, UNKNOWN),
    )
    query = select(name.label("name"), image.c.key, reason.label("reason"))
    return read_frame(
        connection,
        query.where(image.c.directory == directory, name.is_not(None)),
        ("text", "nullable text", "nullable text"),
    )
