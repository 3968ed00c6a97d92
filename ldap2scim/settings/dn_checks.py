"""Readers of distinguished names: each must parse, and stays as it was written. No I/O."""

from ldap2scim.directory.dn import DnError, parse
from ldap2scim.settings.reading import Field, Unfit
from ldap2scim.settings.values import filled


def dn(field: Field) -> str:
    """Return a DN (RFC 4514) of at least one part."""
    value = filled(field)
    try:
        parse(value)
    except DnError as error:
        raise Unfit(
            f"is no DN (RFC 4514) such as `dc=example,dc=com`: column {error.column} of its text: "
            f"expected {error.expected}."
        ) from error
    return value
