"""Whether the service may hold resources that belong to our entries and are not ours yet.

A first run reads the whole service and adopts what it finds. Until all of it is adopted, the snapshot alone does not
say what exists: who trusted it would create again what only waits to be adopted.
"""

from sqlalchemy import delete

from ldap2scim.state.lease import Lease
from ldap2scim.state.marks import remember, remembered_mark
from ldap2scim.state.schema import meta
from ldap2scim.state.store import Store

_NAME = "adoption"
_OPEN = "open"


def open_adoption(lease: Lease) -> None:
    """Note that something may be left to adopt; before the first of it is.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the state cannot be written.
    """
    remember(lease, _NAME, _OPEN)


def close_adoption(lease: Lease) -> None:
    """Note that nothing is left to adopt: from now on the snapshot says what is ours.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the state cannot be written.
    """
    with lease.write() as connection:
        connection.execute(delete(meta).where(meta.c.name == _NAME))


def is_adoption_open(store: Store) -> bool:
    """Say whether something may be left to adopt."""
    return remembered_mark(store, _NAME) is not None
