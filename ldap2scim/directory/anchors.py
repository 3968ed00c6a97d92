"""The source anchor: the text that names an entry for life. Pure."""

import unicodedata
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence

from ldap2scim.directory import syntaxes
from ldap2scim.directory.entry import LdapEntry
from ldap2scim.directory.settings import DirectoryKind, DirectorySettings

UUID_ATTRIBUTES: Mapping[DirectoryKind, str] = {
    DirectoryKind.ACTIVE_DIRECTORY: "objectGUID",
    DirectoryKind.OPENLDAP: "entryUUID",
}
"""What a server itself names its entries by. Other makes have other names, and their changes are not read."""
GUID_ATTRIBUTES = frozenset({"objectguid", "ms-ds-consistencyguid"})
"""Attributes that hold the 16 octets of a Windows GUID, in lower case."""


def source_anchor(entry: LdapEntry, settings: DirectorySettings) -> str | None:
    """Return the source anchor of an entry, or None where it has none, or more than one value of it.

    objectGUID and mS-DS-ConsistencyGuid become hyphenated GUIDs, whatever form they have at the service, so that
    another form never makes another key. entryUUID (RFC 4530) its text in lower case;
    any other attribute its text, or base64 where it is not printable UTF-8.
    """
    return anchor_reader(settings)(entry.attributes)


def anchor_reader(settings: DirectorySettings) -> Callable[[Mapping[str, Sequence[bytes | str]]], str | None]:
    """Return what reads the source anchor from the attributes of any entry, with values as octets or as text."""
    attribute = settings.source_anchor.lower()
    form = _guid if attribute in GUID_ATTRIBUTES else _uuid if attribute == "entryuuid" else _as_text

    def read(attributes: Mapping[str, Sequence[bytes | str]]) -> str | None:
        values = attributes.get(attribute, ())
        # Values of an attribute have no order (RFC 4511 §4.1.7): of several none can be chosen for life.
        return form(values[0]) if len(values) == 1 and values[0] else None

    return read


def _guid(value: bytes | str) -> str:
    octets = _octets(value)
    return syntaxes.guid_text(octets) if len(octets) == 16 else _as_text(octets)


def _uuid(value: bytes | str) -> str:
    if isinstance(value, str) and value.isascii():
        return value.lower()
    return _octets(value).decode("ascii", "replace").lower()


def _as_text(value: bytes | str) -> str:
    try:
        found = value if isinstance(value, str) else value.decode()
    except UnicodeDecodeError:
        return b64encode(_octets(value)).decode()
    if any(unicodedata.category(character) == "Cc" for character in found):
        return b64encode(_octets(value)).decode()
    return found


def _octets(value: bytes | str) -> bytes:
    return value.encode() if isinstance(value, str) else value


def entry_uuid(entry: LdapEntry, settings: DirectorySettings) -> str | None:
    """Return the server's own name of an entry, hyphenated and in lower case; None where it has or shows none."""
    attribute = UUID_ATTRIBUTES.get(settings.kind)
    values = entry.attributes.get(attribute.lower(), ()) if attribute else ()
    if len(values) != 1:
        return None
    if settings.kind is DirectoryKind.ACTIVE_DIRECTORY:
        return syntaxes.guid_text(values[0]) if len(values[0]) == 16 else None
    return values[0].decode("ascii", "replace").lower()
