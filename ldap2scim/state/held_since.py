"""Since when each held operation has been held, over runs and plans: by key and verb, whatever else moved."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import and_, bindparam, delete, insert, select

from ldap2scim.model import Key, directory_of
from ldap2scim.state.chunks import chunks
from ldap2scim.state.lease import Lease
from ldap2scim.state.schema import held_operations, held_since
from ldap2scim.state.store import Store


def note_held(
    lease: Lease, held: Collection[tuple[Key, str]], now: datetime, unread: Collection[str] = frozenset()
) -> Mapping[tuple[Key, str], datetime]:
    """Write down what a run holds, and return since when.

    What is held no more is forgotten, so that it is new when it is held again.

    Args:
        lease: of the run.
        held: key and verb of every held operation.
        now: the time of evaluation.
        unread: directories that could not be read: what was held of them is neither held nor free now.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the store cannot be written.
    """
    before = _all(lease.store)
    known = {name: since for name, since in before.items() if name in held}
    over = [name for name in before if name not in known and directory_of(name[0]) not in unread]
    new = [name for name in held if name not in known]
    if over or new:
        with lease.write() as connection:
            for piece in chunks(over):
                connection.execute(_FORGET, [{"of_key": key, "of_verb": verb} for key, verb in piece])
            for fresh in chunks(new):
                connection.execute(
                    insert(held_since), [{"key": key, "verb": verb, "since": now} for key, verb in fresh]
                )
    return known | dict.fromkeys(new, now)


def held_since_of(store: Store, plan_id: str) -> Sequence[datetime]:
    """Return since when the operations of a stored plan have been held, those that still are."""
    same = and_(held_since.c.key == held_operations.c.key, held_since.c.verb == held_operations.c.verb)
    query = select(held_since.c.since).join(held_operations, same).where(held_operations.c.plan_id == plan_id)
    with store.read() as connection:
        return connection.scalars(query).all()


def _all(store: Store) -> dict[tuple[Key, str], datetime]:
    with store.read() as connection:
        return {(Key(row.key), row.verb): row.since for row in connection.execute(select(held_since))}


_FORGET = delete(held_since).where(held_since.c.key == bindparam("of_key"), held_since.c.verb == bindparam("of_verb"))
