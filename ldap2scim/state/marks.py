"""Short texts that are remembered from run to run, each under a name."""

from sqlalchemy import Connection, delete, insert, select

from ldap2scim.state.lease import Lease
from ldap2scim.state.schema import meta
from ldap2scim.state.store import Store


def remember(lease: Lease, name: str, value: str) -> bool:
    """Remember a short text under a name; say whether it is another one than before.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the state cannot be written.
    """
    with lease.write() as connection:
        return mark(connection, name, value)


def mark(connection: Connection, name: str, value: str) -> bool:
    """As `remember`, as part of a transaction."""
    before = connection.scalar(select(meta.c.value).where(meta.c.name == name))
    if before == value:
        return False
    connection.execute(delete(meta).where(meta.c.name == name))
    connection.execute(insert(meta), {"name": name, "value": value})
    return True


def remembered_mark(store: Store, name: str) -> str | None:
    """Return what is remembered under a name; None: nothing.

    Raises:
        StateError: the state cannot be read.
    """
    with store.read() as connection:
        value: str | None = connection.scalar(select(meta.c.value).where(meta.c.name == name))
    return value
