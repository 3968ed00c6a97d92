"""From where the changes of each directory are read next time, and what a read changed. Kept with the image."""

from sqlalchemy import Connection, delete, insert, select

from ldap2scim.state.image_names import names
from ldap2scim.state.image_rows import KnownName, Place
from ldap2scim.state.lease import Lease
from ldap2scim.state.schema import image, positions
from ldap2scim.state.store import Store

_COLUMNS = ("method", "cookie", "server", "identity", "asked", "full_read_at")


def place_of(store: Store, directory: str) -> Place | None:
    """Return from where the changes of a directory can be read; None: everything has to be."""
    query = select(*(positions.c[name] for name in _COLUMNS)).where(positions.c.directory == directory)
    with store.read() as connection:
        row = connection.execute(query).one_or_none()
    return None if row is None else Place(*row)


def store_place(connection: Connection, directory: str, place: Place | None) -> None:
    """Keep the place that goes with the image that this transaction writes."""
    connection.execute(delete(positions).where(positions.c.directory == directory))
    if place is not None:
        values = {name: getattr(place, name) for name in _COLUMNS}
        connection.execute(insert(positions), {"directory": directory, **values})


def forget_places(lease: Lease) -> None:
    """Let every directory be read in full next time.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the store cannot be written.
    """
    with lease.write() as connection:
        connection.execute(delete(positions))


def names_changed_in(store: Store, directory: str, read_no: int) -> tuple[KnownName, ...]:
    """Return the entries that a read brought into the image, or changed there."""
    with store.read() as connection:
        return names(connection, image.c.directory == directory, image.c.changed_in == read_no)
