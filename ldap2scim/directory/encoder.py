"""Search requests as octets (RFC 4511 §4.5.1, BER of §5.1). Pure.

ldap3 builds requests too, but its filter reader strips spaces from values, refuses `(&)` and knows no order of
`:dn:rule` but one; ours sends exactly what `filters.parse` read.
"""

from dataclasses import dataclass
from enum import IntEnum

from ldap2scim.directory import controls
from ldap2scim.directory.ber import ENUMERATED, OCTETS, SEQUENCE, integer, tlv
from ldap2scim.directory.controls import Control
from ldap2scim.directory.filters import (
    And,
    Comparison,
    Extensible,
    Filter,
    Not,
    Operator,
    Or,
    Present,
    Substrings,
)

_SEARCH_REQUEST, _BOOLEAN = 0x63, 0x01
_NEVER_DEREFERENCE = 0
_COMPARISONS = {Operator.EQUAL: 0xA3, Operator.AT_LEAST: 0xA5, Operator.AT_MOST: 0xA6, Operator.APPROXIMATE: 0xA8}


class Scope(IntEnum):
    """How deep a search goes (RFC 4511 §4.5.1.2)."""

    BASE = 0
    SUBTREE = 2


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """One search as it is sent. No limit of size or time is asked for."""

    base: str
    scope: Scope
    filter: Filter
    attributes: tuple[str, ...]
    controls: tuple[Control, ...] = ()
    """Besides the one of paged results."""


def encode_search(message_id: int, request: SearchRequest, page_size: int | None = None, cookie: bytes = b"") -> bytes:
    """Return the LDAPMessage of a search; with a page size it asks for paged results, besides its own controls."""
    body = tlv(
        _SEARCH_REQUEST,
        _text(request.base),
        tlv(ENUMERATED, bytes([request.scope])),
        tlv(ENUMERATED, bytes([_NEVER_DEREFERENCE])),
        integer(0),
        integer(0),
        tlv(_BOOLEAN, b"\x00"),
        encode_filter(request.filter),
        tlv(SEQUENCE, *map(_text, request.attributes)),
    )
    asked = request.controls
    if page_size is not None:
        asked += (controls.paged_results(page_size, cookie),)
    return tlv(SEQUENCE, integer(message_id), body, controls.encode(asked))


def encode_filter(found: Filter) -> bytes:
    """Return a Filter (RFC 4511 §4.5.1.7)."""
    match found:
        case And(filters) | Or(filters):
            return tlv(0xA0 if isinstance(found, And) else 0xA1, *map(encode_filter, filters))
        case Not(inner):
            return tlv(0xA2, encode_filter(inner))
        case Comparison(attribute, operator, value):
            return tlv(_COMPARISONS[operator], _text(attribute), tlv(OCTETS, value))
        case Present(attribute):
            return tlv(0x87, attribute.encode())
        case Substrings(attribute, initial, middle, final):
            parts = [tlv(0x80, initial)] if initial else []
            parts += [tlv(0x81, part) for part in middle]
            parts += [tlv(0x82, final)] if final else []
            return tlv(0xA4, _text(attribute), tlv(SEQUENCE, *parts))
        case Extensible(attribute, dn_attributes, rule, value):
            words = [tlv(0x81, rule.encode())] if rule else []
            words += [tlv(0x82, attribute.encode())] if attribute else []
            words.append(tlv(0x83, value))
            words += [tlv(0x84, b"\xff")] if dn_attributes else []
            return tlv(0xA9, *words)


def _text(text: str) -> bytes:
    return tlv(OCTETS, text.encode())
