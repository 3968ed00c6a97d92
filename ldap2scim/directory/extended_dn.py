"""DNs that carry the GUID and the SID of what they name ([MS-ADTS] §3.1.1.3.4.1.5). Pure.

With the control all DNs of an answer come so: the entries' own, and the values of every attribute with DN syntax, the
pieces of range retrieval included. A plain DN cannot begin with "<", which RFC 4514 has escaped.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from ldap2scim.directory.ber import SEQUENCE, integer, tlv
from ldap2scim.directory.controls import Control
from ldap2scim.directory.entry import LdapEntry
from ldap2scim.directory.sids import sid_text
from ldap2scim.directory.syntaxes import ValueSyntaxError, guid_text

OID = "1.2.840.113556.1.4.529"
_AS_TEXT = 1
_EXPECTED = "a DN, or one with <GUID=…>; before it"

_USUAL = re.compile(
    r"<GUID=([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})>;(?:<SID=(S-1-[0-9]+(?:-[0-9]+)*)>;)?([^<].*)",
    re.DOTALL,
)
_PART = re.compile(r"<([A-Za-z_]+)=([^<>]*)>(?:;|$)")
_SID_TEXT = re.compile(r"S-1-(?:[0-9]+|0x[0-9A-F]+)(?:-[0-9]+)*", re.IGNORECASE)
_VALUE = re.compile(rb"<GUID=[0-9A-Fa-f-]{32,36}>;")


@dataclass(frozen=True, slots=True)
class ExtendedDn:
    """A name, and what it says of the entry it names."""

    guid: str | None
    """objectGUID, hyphenated and in lower case; None for a plain DN."""
    sid: str | None
    """objectSid as text; None where the entry has none."""
    dn: str
    """RFC 4514; empty where only the GUID was given."""


def control() -> Control:
    """Return the control that asks for extended DNs with GUID and SID as text.

    It is not critical: a server that does not know it sends plain DNs, which `parse` reads as well.
    """
    return Control(OID, value=tlv(SEQUENCE, integer(_AS_TEXT)))


def parse(text: str) -> ExtendedDn:
    """Read an extended DN in its string or its hexadecimal form, or a plain DN. The DN itself is not examined.

    Raises:
        ValueSyntaxError: it begins like an extended DN and is none.
    """
    usual = _USUAL.fullmatch(text)
    if usual is not None:
        return ExtendedDn(*usual.groups())
    return _parse_any(text)


def without_extension(entry: LdapEntry, keep: Collection[str] = ()) -> LdapEntry:
    """Return an entry as it would have come without the control, but for the attributes in `keep`.

    Which attributes hold DNs only the schema says; a value is taken for an extended DN if it begins like one.

    Args:
        entry: with extended DNs.
        keep: attribute descriptions in lower case whose values stay extended.

    Raises:
        ValueSyntaxError: its name begins like an extended DN and is none.
    """
    attributes = {
        name: values
        if name in keep or not values[:1] or _VALUE.match(values[0]) is None
        else tuple(map(_plain, values))
        for name, values in entry.attributes.items()
    }
    return LdapEntry(parse(entry.dn).dn, attributes)


def _plain(value: bytes) -> bytes:
    return parse(value.decode("utf-8", "surrogateescape")).dn.encode("utf-8", "surrogateescape")


def _parse_any(text: str) -> ExtendedDn:
    position = 0
    parts: dict[str, str] = {}
    while part := _PART.match(text, position):
        parts[part[1].upper()] = part[2]
        position = part.end()
    if text[position : position + 1] == "<":
        raise ValueSyntaxError(_EXPECTED)
    guid, identifier = parts.get("GUID"), parts.get("SID")
    return ExtendedDn(
        guid=None if guid is None else _guid(guid),
        sid=None if identifier is None else _sid(identifier),
        dn=text[position:],
    )


def _guid(text: str) -> str:
    try:
        return str(UUID(text)) if "-" in text else guid_text(bytes.fromhex(text))
    except ValueError:
        raise ValueSyntaxError(_EXPECTED) from None


def _sid(text: str) -> str:
    if _SID_TEXT.fullmatch(text):
        return f"S{text[1:].lower()}"
    try:
        return sid_text(bytes.fromhex(text))
    except ValueError:
        raise ValueSyntaxError(_EXPECTED) from None
