"""The state is written anew after somebody was forgotten; where that fails, it is remembered and done later.

Until then the deleted data can be read in free parts of the file, or in the log beside it.
"""

from typing import Final

from sqlalchemy import Connection, delete

from ldap2scim.errors import StateError
from ldap2scim.state.lease import Lease
from ldap2scim.state.marks import mark, remembered_mark
from ldap2scim.state.schema import meta
from ldap2scim.state.store import Store

PENDING: Final = "rewrite_pending"
"""Name, in `meta`, of what is there until it is done."""


def ask_for(connection: Connection) -> None:
    """Remember, in the transaction that deletes, that the state is to be written anew."""
    mark(connection, PENDING, "1")


def is_pending(store: Store) -> bool:
    """Say whether something that was deleted may still be readable."""
    return remembered_mark(store, PENDING) is not None


def finish(lease: Lease) -> bool:
    """Write the state anew where that is pending; return whether it was.

    Raises:
        RunRefused: a run took the lease meanwhile.
        StateError: it cannot be done now; it stays pending.
    """
    if not is_pending(lease.store):
        return False
    try:
        lease.store.rewrite()
    except StateError as error:
        raise StateError(
            "The data is deleted, but can still be read in parts of the state that are free, which could not be "
            f"written anew: {error.message}",
            f"{error.remedy} The same `ldap2scim forget WHO --apply` finishes it, and so does the next run that "
            "applies something.",
        ) from error
    with lease.write() as connection:
        connection.execute(delete(meta).where(meta.c.name == PENDING))
    return True
