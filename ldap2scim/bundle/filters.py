"""Filters without names: their structure, attributes and schema words stay, and equal values stay equal. Pure."""

import re

import orjson

from ldap2scim.bundle.pseudonyms import Pseudonyms
from ldap2scim.directory.active_directory import BIT_AND
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
from ldap2scim.scim import filter_parser
from ldap2scim.scim.filter_parser import FilterProblem

_SCHEMA_WORDS = frozenset({"objectclass", "objectcategory", "structuralobjectclass"})
_BIT_OR = "1.2.840.113556.1.4.804"
"""LDAP_MATCHING_RULE_BIT_OR (MS-ADTS §3.1.1.3.4.4.2): any of these bits is set."""
_BIT_RULES = frozenset({BIT_AND, _BIT_OR})
"""Their values are flags, which are the same everywhere; under any other rule digits may be somebody's number."""
_BITS = re.compile(rb"-?[0-9]+")
_VALUE = re.compile(r""""(?:[^"\\]|\\.)*"|(?<![^\s(\[])-?[0-9][^\s()\[\]"]*""")
"""A text or a number of a SCIM filter that can be read: no attribute begins with a digit."""
_DIGITS = re.compile("[0-9]+")


def ldap_without_names(text: str, pseudonyms: Pseudonyms) -> str:
    """Return an LDAP filter with its values replaced; one that cannot be read is left out."""
    if not text.strip():
        return text
    try:
        return render(_replaced(parse(text), pseudonyms))
    except FilterError:
        return ""


def scim_without_names(text: str, pseudonyms: Pseudonyms) -> str:
    """Return a SCIM filter with its texts and numbers replaced; one that cannot be read is left out."""
    if isinstance(filter_parser.parse(text), FilterProblem):
        return ""

    def replace(match: re.Match[str]) -> str:
        value = match.group()
        if not value.startswith('"'):
            return _DIGITS.sub(lambda digits: str(pseudonyms.number(int(digits.group()))), value)
        return orjson.dumps(pseudonyms.reference(orjson.loads(value))).decode()

    return _VALUE.sub(replace, text)


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
            flag = rule in _BIT_RULES and _BITS.fullmatch(value)
            kept = value if flag else _value(attribute, value, pseudonyms)
            return Extensible(attribute, dn_attributes, rule, kept)


def _value(attribute: str, value: bytes, pseudonyms: Pseudonyms) -> bytes:
    if attribute.lower() in _SCHEMA_WORDS or value.upper() in {b"TRUE", b"FALSE"}:
        return value
    try:
        return pseudonyms.reference(value.decode()).encode()
    except UnicodeDecodeError:
        return bytes(len(value))
