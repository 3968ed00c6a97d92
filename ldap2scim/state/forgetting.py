"""The data of one person is removed from everything that is kept; the numbers of what was done stay.

Operations stay in the journal without name, ids and fingerprints, so that the accounts of past runs keep their sense.
What others have of the person (their own entries in the directory) is none of it.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Table, delete, func, or_, select, update

from ldap2scim.essence import from_essence
from ldap2scim.model import Key, anchor_of
from ldap2scim.state import rewriting
from ldap2scim.state.chunks import chunks
from ldap2scim.state.history_entries import Kind, rows_before
from ldap2scim.state.lease import Lease
from ldap2scim.state.schema import (
    UNSETTLED,
    departed,
    findings,
    history,
    image,
    journal,
    kept_ids,
    metadata,
    plan_files,
    plan_pieces,
    snapshot,
)
from ldap2scim.state.snapshot_rows import SnapshotRow, Status
from ldap2scim.state.store import Store

FORGOTTEN: Final = "forgotten"
"""In the place of a key."""
SHORTEST: Final = 4
"""Characters of a name by which findings are recognised: a shorter one is in many that are about others."""
_LISTS: Final = ("added", "removed", "groups", "members")
_BY_THEMSELVES: Final = frozenset({"image", "snapshot", "journal", "history", "kept_ids"})
"""Tables with a column `key` that are more than rows about it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the state says of somebody who shall be forgotten."""

    dn_in_image: str | None
    row: SnapshotRow | None
    unsettled: int
    """Operations in doubt."""

    @property
    def is_managed(self) -> bool:
        """Say whether the resource is ours and wanted."""
        return self.row is not None and self.row.status is Status.MANAGED


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was removed, or would be."""

    operations: int
    """Of the journal, which stay without names."""
    history: int
    findings: int
    plans: int
    resources: int
    """Rows of accounts that had left."""
    others: int
    """Rows of other tables: held operations, last names, decisions about IDs."""


def standing(store: Store, key: Key) -> Standing:
    """Return what the state says of a key."""
    with store.read() as connection:
        dn = connection.scalar(select(image.c.dn).where(image.c.key == key))
        unsettled = select(func.count()).select_from(journal).where(UNSETTLED, journal.c.key == key)
        row = rows_before(connection, [key]).get(key)
        return Standing(dn, row, connection.scalar(unsettled) or 0)


def look(store: Store, key: Key) -> Forgotten:
    """Count what would be removed."""
    with store.read() as connection:
        return _count(connection, key, _names(connection, key))


def forget(lease: Lease, key: Key) -> Forgotten:
    """Remove the data of somebody whom nothing else needs any more.

    Raises:
        RunRefused: a run took the lease meanwhile.
        StateError: the state cannot be written and nothing is removed; or it is removed, and the state cannot be
            written anew yet, as the message says.
    """
    with lease.write() as connection:
        names = _names(connection, key)
        counted = _count(connection, key, names)
        for row in _lists_with(connection, key):
            _without(connection, row.entry_no, Kind(row.kind), orjson.loads(row.detail), key)
        for row in _renamed_from(connection, key):
            connection.execute(
                update(history).where(history.c.entry_no == row.entry_no).values(kind=Kind.CREATED, detail=None)
            )
        connection.execute(delete(history).where(history.c.key == key))
        connection.execute(update(journal).where(journal.c.key == key).values(key=FORGOTTEN, **_NOTHING))
        connection.execute(update(journal).where(journal.c.replaces == key).values(replaces=None))
        for piece in chunks(_plans_with(connection, key)):
            connection.execute(delete(plan_files).where(plan_files.c.plan_id.in_(piece)))
        for run_id, number in _findings_with(connection, names):
            connection.execute(delete(findings).where(findings.c.run_id == run_id, findings.c.number == number))
        connection.execute(delete(kept_ids).where(_kept(key, names)))
        connection.execute(delete(snapshot).where(snapshot.c.key == key))
        for table in _plain_tables():
            connection.execute(delete(table).where(table.c.key == key))
        rewriting.ask_for(connection)
    rewriting.finish(lease)
    return counted


def _count(connection: Connection, key: Key, names: Sequence[str]) -> Forgotten:
    def number(table: Table, *conditions: Any) -> int:  # noqa: ANN401 (SQLAlchemy's union)
        return connection.scalar(select(func.count()).select_from(table).where(*conditions)) or 0

    entries = number(history, history.c.key == key)
    entries += len(_lists_with(connection, key)) + len(_renamed_from(connection, key))
    return Forgotten(
        operations=number(journal, journal.c.key == key),
        history=entries,
        findings=len(_findings_with(connection, names)),
        plans=len(_plans_with(connection, key)),
        resources=number(snapshot, snapshot.c.key == key),
        others=sum(number(table, table.c.key == key) for table in _plain_tables())
        + number(kept_ids, _kept(key, names)),
    )


def _plain_tables() -> Iterator[Table]:
    return (table for table in metadata.sorted_tables[::-1] if "key" in table.c and table.name not in _BY_THEMSELVES)


def _kept(key: Key, names: Sequence[str]) -> Any:  # noqa: ANN401 (SQLAlchemy's union)
    return or_(kept_ids.c.key == key, kept_ids.c.login.in_(names))


def _lists_with(connection: Connection, key: Key) -> Sequence[Any]:
    """Return the entries of others that name a key in a list."""
    named = history.c.detail.contains(orjson.dumps(key).decode(), autoescape=True)
    query = select(history.c.entry_no, history.c.kind, history.c.detail)
    return connection.execute(query.where(named, history.c.key != key, history.c.kind != Kind.RENAMED)).all()


def _renamed_from(connection: Connection, key: Key) -> Sequence[Any]:
    """Return the entries by which a re-created entry took over from a key: the history of that begins there."""
    named = history.c.detail.contains(orjson.dumps(key).decode(), autoescape=True)
    return connection.execute(
        select(history.c.entry_no).where(named, history.c.key != key, history.c.kind == Kind.RENAMED)
    ).all()


def _without(connection: Connection, entry_no: int, kind: Kind, detail: dict[str, Any], key: Key) -> None:
    for name in _LISTS:
        left = [one for one in detail.get(name, ()) if one != key]
        if left:
            detail[name] = left
        else:
            detail.pop(name, None)
    values = {
        "kind": Kind.NOTHING if kind is Kind.MEMBERS and not detail else kind,
        "detail": orjson.dumps(detail, option=orjson.OPT_SORT_KEYS).decode() if detail else None,
    }
    connection.execute(update(history).where(history.c.entry_no == entry_no).values(**values))


def _names(connection: Connection, key: Key) -> list[str]:
    """Return what findings may call somebody: ids, logins, addresses, names and the last DN."""
    found = {str(key), anchor_of(key)}
    row = rows_before(connection, [key]).get(key)
    essences = [] if row is None else [row.essence]
    if row is not None:
        found |= set(filter(None, (row.service_id, row.external_id, row.login)))
    columns = (journal.c.service_id, journal.c.external_id, journal.c.login)
    for known in connection.execute(select(*columns).where(journal.c.key == key).distinct()):
        found |= set(filter(None, known))
    for text in connection.scalars(select(history.c.detail).where(history.c.key == key, history.c.detail.is_not(None))):
        detail = orjson.loads(text)
        essences += [
            one for one in (detail.get("essence"), detail.get("row", {}).get("essence")) if isinstance(one, str)
        ]
        found |= set(_named_in_changes(detail))
    for essence in essences:
        found |= set(_named_in(from_essence(essence)))
    found |= set(connection.scalars(select(departed.c.dn).where(departed.c.key == key)))
    found |= {name.partition("@")[0] for name in found if "@" in name}
    return sorted(name for name in found if len(name) >= SHORTEST)


_NAMING: Final = (
    "user_name",
    "external_id",
    "display_name",
    "nick_name",
    "external_user_name",
    "subject",
    "downstream_id",
)


def _named_in(attributes: Mapping[str, Any]) -> Iterator[str]:
    for name in _NAMING:
        if isinstance(value := attributes.get(name), str):
            yield value
    if isinstance(names := attributes.get("name"), Mapping) and isinstance(names.get("formatted"), str):
        yield names["formatted"]
    yield from _addresses(attributes.get("emails"))


def _addresses(emails: object) -> Iterator[str]:
    if isinstance(emails, list):
        yield from (str(one["value"]) for one in emails if isinstance(one, Mapping) and one.get("value"))


def _named_in_changes(detail: Mapping[str, Any]) -> Iterator[str]:
    for change in (*detail.get("changes", ()), *detail.get("found", ())):
        for value in (change["old"], change["new"]):
            if change["path"] in {*_NAMING, "name.formatted"} and isinstance(value, str):
                yield value
            elif change["path"] == "emails":
                yield from _addresses(value)
    for name, values in detail.get("row", {}).items():
        if name in {"service_id", "external_id", "login"} and isinstance(values, list):
            yield from (value for value in values if isinstance(value, str))


def _findings_with(connection: Connection, names: Iterable[str]) -> list[tuple[str, int]]:
    found: set[tuple[str, int]] = set()
    for piece in chunks(names, 50):
        parts = [findings.c.finding.contains(orjson.dumps(one).decode()[1:-1], autoescape=True) for one in piece]
        rows = connection.execute(select(findings.c.run_id, findings.c.number).where(or_(*parts)))
        found.update((row.run_id, row.number) for row in rows)
    return sorted(found)


def _plans_with(connection: Connection, key: Key) -> list[str]:
    """Return the kept plans that have an operation on a key, or name it as a member."""
    named = orjson.dumps(key)
    rows = connection.execute(select(plan_pieces.c.plan_id, plan_pieces.c.piece))
    return sorted({plan_id for plan_id, piece in rows if named in zlib.decompress(piece)})


_NOTHING: Final = dict.fromkeys(("service_id", "external_id", "login", "fingerprint", "replaces"))
