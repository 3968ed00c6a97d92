"""Who was removed lately, and who left a group: what the limits of a day count beside a plan.

Each question costs what it asks about: removals have an index of their own, and the history one by key.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Select, or_, select

from ldap2scim.essence import from_essence
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.accounts import Result
from ldap2scim.planning.dimensions import text_at
from ldap2scim.planning.population import Removed
from ldap2scim.state.chunks import chunks
from ldap2scim.state.history_entries import Kind
from ldap2scim.state.journal import OF_ENTRIES
from ldap2scim.state.schema import REMOVAL, UNSETTLED, history, journal, memberships, snapshot
from ldap2scim.state.snapshot_rows import Status


def removed_since(connection: Connection, kind: ResourceType, since: datetime) -> Removed:
    """Return whose removal was begun since a moment and was applied, or is in doubt."""
    query = _removals(select(journal.c.key), since).where(journal.c.resource_type == kind.value)
    keys = frozenset(map(Key, connection.scalars(query)))
    managed: set[Key] = set()
    for piece in chunks(keys):
        here = select(snapshot.c.key).where(snapshot.c.key.in_(piece), snapshot.c.status == Status.MANAGED.value)
        managed.update(map(Key, connection.scalars(here)))
    return Removed(keys, frozenset(managed))


def departments_before(connection: Connection, since: datetime, path: str) -> Mapping[Key, str]:
    """Return the department of each who was removed since a moment, as it was before, where that is written down."""
    query = _removals(select(history.c.key, history.c.kind, history.c.detail), since).join(
        history, history.c.op_no == journal.c.op_no
    )
    found: dict[Key, str] = {}
    for key, kind, detail in connection.execute(query.order_by(history.c.entry_no.desc())):
        before = _before(Kind(kind), orjson.loads(detail) if detail else {}, path)
        if before is not None:
            found[Key(key)] = before  # the first of several removals is seen last
    return found


def _before(kind: Kind, detail: Mapping[str, Any], path: str) -> str | None:
    """Return the text that stood at a path of the essence before a change; None where the change does not tell."""
    whole = detail.get("row", {}).get("essence") if kind is Kind.GONE else detail.get("essence")
    if whole is not None:
        return text_at(from_essence(whole), path)
    changes = (one["old"] for one in detail.get("changes", ()) if one["path"] == path)
    return next((old for old in changes if isinstance(old, str)), None)


def left_since(connection: Connection, groups: Collection[Key], since: datetime) -> Mapping[Key, frozenset[Key]]:
    """Return who left each of some groups since a moment, and is not in it again."""
    left: defaultdict[Key, set[Key]] = defaultdict(set)
    for piece in chunks(groups):
        query = select(history.c.key, history.c.detail).where(
            history.c.key.in_(piece), history.c.kind == Kind.MEMBERS, history.c.at >= since
        )
        for group, detail in connection.execute(query):
            left[Key(group)].update(map(Key, orjson.loads(detail).get("removed", ())))
    found = {group: frozenset(keys) - _members(connection, group, keys) for group, keys in left.items()}
    return {group: keys for group, keys in found.items() if keys}


def _members(connection: Connection, group: Key, keys: Iterable[Key]) -> frozenset[Key]:
    """Return those of some keys who are members of a group."""
    owner = select(snapshot.c.id).where(snapshot.c.key == group).scalar_subquery()
    found: set[Key] = set()
    for piece in chunks(keys):
        query = select(snapshot.c.key).join(memberships, memberships.c.member_id == snapshot.c.id)
        found.update(
            map(Key, connection.scalars(query.where(memberships.c.group_id == owner, snapshot.c.key.in_(piece))))
        )
    return frozenset(found)


def _removals(query: Select[Any], since: datetime) -> Select[Any]:
    """Choose the removals that the limits of a day count (`JournalReader.recent_removals`)."""
    counted = or_(UNSETTLED, journal.c.outcome == Result.APPLIED.value)
    return query.where(REMOVAL, journal.c.started_at >= since, counted, OF_ENTRIES)
