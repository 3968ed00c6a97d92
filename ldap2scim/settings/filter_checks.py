"""Readers of the two kinds of filter: each must parse, and stays as it was written. No I/O."""

from collections.abc import Iterator

from ldap2scim.directory import dn
from ldap2scim.directory.filters import (
    And,
    Comparison,
    Extensible,
    Filter,
    FilterError,
    Not,
    Operator,
    Or,
)
from ldap2scim.directory.filters import parse as parse_ldap
from ldap2scim.scim.filter_parser import FilterProblem
from ldap2scim.scim.filter_parser import parse as parse_scim
from ldap2scim.settings.reading import Field, Unfit
from ldap2scim.settings.values import text

_NAMES_ENTRIES = frozenset(
    {
        *("member", "uniquemember", "memberof", "ismemberof", "manager", "directreports", "owner", "secretary"),
        *("seealso", "managedby", "roleoccupant", "distinguishedname", "entrydn"),
    }
)
"""Attributes whose values are DNs in every directory. A comparison with anything else holds for nobody."""


def ldap_filter(field: Field) -> str:
    """Return an LDAP search filter (RFC 4515), with or without outer parentheses; the DNs in it are DNs."""
    value = text(field).strip()
    if value:
        try:
            found = parse_ldap(value)
        except FilterError as error:
            raise Unfit(
                f"is no LDAP filter (RFC 4515): column {error.column} of its text: expected {error.expected}."
            ) from error
        for attribute, name in _names_in(found):
            _check_name(attribute, name)
    return value


def _names_in(found: Filter) -> Iterator[tuple[str, bytes]]:
    """Yield the attributes that hold DNs, with what each is compared with."""
    match found:
        case And(inner) | Or(inner):
            for one in inner:
                yield from _names_in(one)
        case Not(one):
            yield from _names_in(one)
        case Comparison(attribute, Operator.EQUAL, value) | Extensible(attribute, _, _, value):
            if attribute.lower() in _NAMES_ENTRIES:
                yield attribute, value
        case _:
            pass


def _check_name(attribute: str, value: bytes) -> None:
    try:
        dn.parse(value.decode())
    except UnicodeDecodeError:
        raise Unfit(f"compares `{attribute}` with a text that is not UTF-8.") from None
    except dn.DnError as error:
        # In a filter a backslash of a DN is itself written as an escape (RFC 4515 §3).
        raise Unfit(
            f"compares `{attribute}` with `{value.decode()[:120]}`, which is no DN (RFC 4514): column {error.column} "
            f"of it: expected {error.expected}. (A backslash in a DN is written `\\5c` in a filter.)"
        ) from error


def scim_filter(field: Field) -> str:
    """Return a SCIM filter (RFC 7644 §3.4.2.2)."""
    value = text(field).strip()
    found = parse_scim(value) if value else None
    if isinstance(found, FilterProblem):
        raise Unfit(f"is no SCIM filter (RFC 7644 §3.4.2.2): column {found.column} of its text: {found.message}.")
    return value
