"""Readers of the two kinds of filter: each must parse, and stays as it was written. No I/O."""

from ldap2scim.directory.filters import FilterError
from ldap2scim.directory.filters import parse as parse_ldap
from ldap2scim.scim.filter_parser import FilterProblem
from ldap2scim.scim.filter_parser import parse as parse_scim
from ldap2scim.settings.reading import Field, Unfit
from ldap2scim.settings.values import text


def ldap_filter(field: Field) -> str:
    """Return an LDAP search filter (RFC 4515), with or without outer parentheses."""
    value = text(field).strip()
    if value:
        try:
            parse_ldap(value)
        except FilterError as error:
            raise Unfit(
                f"is no LDAP filter (RFC 4515): column {error.column} of its text: expected {error.expected}."
            ) from error
    return value


def scim_filter(field: Field) -> str:
    """Return a SCIM filter (RFC 7644 §3.4.2.2)."""
    value = text(field).strip()
    found = parse_scim(value) if value else None
    if isinstance(found, FilterProblem):
        raise Unfit(f"is no SCIM filter (RFC 7644 §3.4.2.2): column {found.column} of its text: {found.message}.")
    return value
