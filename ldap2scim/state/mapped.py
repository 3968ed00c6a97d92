"""The mapping's way into and out of the directory image: rows that must be mapped, and what became of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, bindparam, case, delete, func, literal_column, null, or_, select, update

from ldap2scim.model import Key, ResourceType
from ldap2scim.state.bulk import Bulk
from ldap2scim.state.chunks import STATEMENT_ROWS, chunks
from ldap2scim.state.encoding import pack_findings
from ldap2scim.state.image_rows import MappedRow, PendingRow, Standing
from ldap2scim.state.lease import Lease
from ldap2scim.state.marks import mark, remember, remembered_mark
from ldap2scim.state.schema import image, image_entries, image_essences, micros
from ldap2scim.state.store import Store

_MAPPED_AT: Final = "mapped at, "
"""Beginning of a name in `meta`; the directory's follows."""
_CLOCKS_APART: Final = timedelta(minutes=5)
"""Hosts that share a state have clocks of their own."""


def pending(
    store: Store, directory: str, mapped_with: str, now: datetime, size: int = STATEMENT_ROWS
) -> Iterator[list[PendingRow]]:
    """Yield the rows that must be mapped, in batches: changed, mapped by another mapping, or run out by the clock.

    Each batch is a short read of its own, so the caller stores the results of one before it takes the next.

    Args:
        store: where the image is.
        directory: whose entries.
        mapped_with: digest of the mapping that holds now.
        now: the time of evaluation.
        size: rows in a batch.
    """
    query = (
        _ROWS.where(image.c.directory == directory, image.c.id > bindparam("after"))
        .where(
            or_(image.c.mapped_with.is_(None), image.c.mapped_with != mapped_with, image.c.valid_until <= now),
        )
        .order_by(image.c.id)
        .limit(size)
    )
    after = 0
    while True:
        with store.read() as connection:
            found = connection.execute(query, {"after": after}).all()
        if not found:
            return
        after = found[-1].id
        yield _rows(found)


def undo_the_future(lease: Lease, directory: str, now: datetime) -> None:
    """Let the entries of a directory be mapped anew, where some were at a later time than this.

    What a clock that was ahead had let expire would stay so: nothing more was to change by the clock.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the store cannot be written.
    """
    latest = remembered_mark(lease.store, _MAPPED_AT + directory)
    if latest is not None and datetime.fromisoformat(latest) > now + _CLOCKS_APART:
        with lease.write() as connection:
            connection.execute(update(image).where(image.c.directory == directory).values(mapped_with=None))
            mark(connection, _MAPPED_AT + directory, now.isoformat())


def note_time(lease: Lease, directory: str, now: datetime) -> None:
    """Remember that entries of a directory were mapped as of a moment.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the store cannot be written.
    """
    remember(lease, _MAPPED_AT + directory, now.isoformat())


def rows_of(store: Store, keys: Iterable[Key]) -> Iterator[PendingRow]:
    """Yield the entries with some keys, as they would be mapped."""
    for piece in chunks(keys):
        with store.read() as connection:
            found = connection.execute(_ROWS.where(image.c.key.in_(piece))).all()
        yield from _rows(found)


_ROWS = select(image.c.id, image.c.key, image.c.resource_type, image.c.dn, image_entries.c.entry).join(
    image_entries, image_entries.c.id == image.c.id
)


def _rows(found: Iterable[Any]) -> list[PendingRow]:
    return [PendingRow(row_id, key, _KINDS[kind], dn, entry) for row_id, key, kind, dn, entry in found]


_KINDS: Mapping[str, ResourceType] = {kind.value: kind for kind in ResourceType}


def store_mapped(lease: Lease, rows: Sequence[MappedRow], mapped_with: str) -> None:
    """Write what became of one batch of pending rows, in one transaction.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the store cannot be written.
        ValueError: a row has no essence and is desired, or has one and is not (a mistake of the program).
    """
    if not rows:
        return
    now = micros(lease.store.clock())
    stored = [_stored(row, now, mapped_with) for row in rows]
    with lease.write() as connection:
        _STORE.execute(connection, stored)
        # Delete and insert is the upsert that every database knows.
        _DELETE_ESSENCE.execute(connection, [(row.id,) for row in rows])
        _INSERT_ESSENCE.execute(connection, [(row.id, row.essence) for row in rows if row.essence is not None])


def _stored(row: MappedRow, now: int, mapped_with: str) -> tuple[object, ...]:
    """Return the parameters of `_STORE`."""
    row_id, standing, findings, essence, fingerprint, external_id, login, email, active, until = row
    if (standing is Standing.DESIRED) != (essence is not None and fingerprint is not None):
        raise ValueError("a row has an essence and a fingerprint if, and only if, it is desired")
    packed = pack_findings(findings) if findings else None
    valid_until = None if until is None else micros(until)
    names = (fingerprint, external_id, login, email, active, valid_until, packed)
    return (row_id, now, mapped_with, _WORDS[standing], *names)


_WORDS: Mapping[Standing, str] = {standing: standing.value for standing in Standing}
_MAPPED_COLUMNS = (
    "mapped_with",
    "standing",
    "fingerprint",
    "external_id",
    "login",
    "email",
    "active",
    "valid_until",
    "findings",
)
_HELD: ColumnElement[str] = literal_column(f"'{Standing.HELD.value}'")
_STORE = Bulk(
    update(image)
    .where(image.c.id == bindparam("row_id"))
    .values(
        {
            **{name: bindparam(name) for name in _MAPPED_COLUMNS},
            # An entry that stays held keeps the time since when; so a block older than a day can be seen.
            "held_since": case(
                (bindparam("standing") == _HELD, func.coalesce(image.c.held_since, bindparam("now"))), else_=null()
            ),
        }
    ),
    ("row_id", "now", *_MAPPED_COLUMNS),
)
_DELETE_ESSENCE = Bulk(delete(image_essences).where(image_essences.c.id == bindparam("row_id")), ("row_id",))
_INSERT_ESSENCE = Bulk.insert(image_essences, ("id", "essence"))
