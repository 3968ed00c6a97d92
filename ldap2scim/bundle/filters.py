"""Filters without names: their structure, attributes and schema words stay, and equal values stay equal. Pure."""

import re

import orjson

from ldap2scim.bundle.pseudonyms import Pseudonyms
from ldap2scim.directory.filters import (
    And,
    Comparison,
    Extensible,
    Filter,
    FilterError,
    Not,
    Or,
    Present,
    Substrings,
    parse,
    render,
)

_SCHEMA_WORDS = frozenset({"objectclass", "objectcategory", "structuralobjectclass"})
_FLAG = re.compile(rb"-?[0-9]+|TRUE|FALSE", re.IGNORECASE)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


def ldap_without_names(text: str, pseudonyms: Pseudonyms) -> str:
    """Return an LDAP filter with its values replaced; one that cannot be read is left out."""
    if not text.strip():
        return text
    try:
        return render(_replaced(parse(text), pseudonyms))
    except FilterError:
        return ""


def scim_without_names(text: str, pseudonyms: Pseudonyms) -> str:
    """Return a SCIM filter with the texts between its quotation marks replaced."""

    def replace(match: re.Match[str]) -> str:
        try:
            return orjson.dumps(pseudonyms.reference(orjson.loads(match.group()))).decode()
        except orjson.JSONDecodeError:
            return '""'

    return _QUOTED.sub(replace, text)


def _replaced(found: Filter, pseudonyms: Pseudonyms) -> Filter:
    match found:
        case And(inner):
            return And(tuple(_replaced(one, pseudonyms) for one in inner))
        case Or(inner):
            return Or(tuple(_replaced(one, pseudonyms) for one in inner))
        case Not(one):
            return Not(_replaced(one, pseudonyms))
        case Present():
            return found
        case Comparison(attribute, operator, value):
            return Comparison(attribute, operator, _value(attribute, value, pseudonyms))
        case Substrings(attribute, initial, middle, final):
            parts = tuple(_value(attribute, part, pseudonyms) for part in middle)
            return Substrings(
                attribute, _value(attribute, initial, pseudonyms), parts, _value(attribute, final, pseudonyms)
            )
        case Extensible(attribute, dn_attributes, rule, value):
            kept = value if _FLAG.fullmatch(value) else _value(attribute, value, pseudonyms)
            return Extensible(attribute, dn_attributes, rule, kept)


def _value(attribute: str, value: bytes, pseudonyms: Pseudonyms) -> bytes:
    if attribute.lower() in _SCHEMA_WORDS or value.upper() in {b"TRUE", b"FALSE"}:
        return value
    try:
        return pseudonyms.reference(value.decode()).encode()
    except UnicodeDecodeError:
        return bytes(len(value))
