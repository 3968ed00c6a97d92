"""Entries of the image by the names that they have. Reads only."""

from sqlalchemy import ColumnElement, Connection, select

from ldap2scim.model import Key, ResourceType
from ldap2scim.state.image_rows import KnownName
from ldap2scim.state.schema import image

_NAMED = select(image.c.id, image.c.key, image.c.resource_type, image.c.dn, image.c.dn_normalised, image.c.uuid)


def names(connection: Connection, *conditions: ColumnElement[bool]) -> tuple[KnownName, ...]:
    """Return the entries for which all conditions hold, in no order."""
    return tuple(
        KnownName(row.id, None if row.key is None else Key(row.key), ResourceType(row.resource_type), *row[3:])
        for row in connection.execute(_NAMED.where(*conditions))
    )
