"""The last names of managed people and groups whose entries have gone: what they are protected and counted by."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection, delete, exists, insert, literal, select

from ldap2scim.state.lease import Lease
from ldap2scim.state.schema import REMOVAL, departed, image, journal, snapshot
from ldap2scim.state.store import Clock

_DAY = timedelta(hours=24)


def remember_departing(connection: Connection, ids: Sequence[int], clock: Clock) -> None:
    """Keep the DNs of those rows of the image, about to be deleted, whose resources are known to the service."""
    # Asked of each, through the index: a list of all that is known would be made for every thousand.
    leaving = image.c.id.in_(ids) & exists().where(snapshot.c.key == image.c.key)
    connection.execute(delete(departed).where(departed.c.key.in_(select(image.c.key).where(leaving))))
    kept = select(image.c.key, image.c.dn, image.c.dn_normalised, literal(clock(), departed.c.at.type)).where(leaving)
    connection.execute(insert(departed).from_select(["key", "dn", "dn_normalised", "at"], kept))


def forget_departed(lease: Lease) -> None:
    """Drop those who are not known to the service any more, or have come back into the image.

    Who was deleted in the last 24 hours is kept: limits of a day count the people of one unit by their names.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the store cannot be written.
    """
    with lease.store.read() as connection:
        if connection.execute(select(departed.c.key).limit(1)).first() is None:
            return
    since = lease.store.clock() - _DAY
    lately = exists().where(REMOVAL, journal.c.started_at >= since, journal.c.key == departed.c.key)
    unknown = ~exists().where(snapshot.c.key == departed.c.key) & ~lately
    back = exists().where(image.c.key == departed.c.key)
    with lease.write() as connection:
        connection.execute(delete(departed).where(unknown | back))
