"""Messages as bytes (RFC 4511 §4, BER). Pure.

Entries are encoded here, since ldaptor makes an object of every value.
"""

from collections.abc import Iterable
from typing import Any, TypeAlias

from ldaptor.protocols import pureber

from ldap2scim.sandbox.directory.entry import Attribute

Decoded: TypeAlias = Any
"""A message, request or filter as ldaptor decodes it; ldaptor has no types."""

PAGED_RESULTS = "1.2.840.113556.1.4.319"
MANAGE_DSA_IT = "2.16.840.1.113730.3.4.2"


def search_entry(message_id: int, dn: str, attributes: Iterable[Attribute]) -> bytes:
    """Encode a SearchResultEntry (§4.5.2)."""
    listed = b"".join(
        _tlv(
            0x30,
            _tlv(0x04, attribute.description.encode())
            + _tlv(0x31, b"".join([_tlv(0x04, v) for v in attribute.values])),
        )
        for attribute in attributes
    )
    return _message(message_id, _tlv(0x64, _tlv(0x04, dn.encode()) + _tlv(0x30, listed)))


def search_reference(message_id: int, urls: Iterable[bytes]) -> bytes:
    """Encode a SearchResultReference (§4.5.3)."""
    return _message(message_id, _tlv(0x73, b"".join(_tlv(0x04, url) for url in urls)))


def page_cookie(cookie: bytes) -> bytes:
    """Encode the value of the paged results control that the server answers (RFC 2696 §2); no size is estimated."""
    encoded: bytes = pureber.BERSequence([pureber.BERInteger(0), pureber.BEROctetString(cookie)]).toWire()
    return encoded


def read_page_request(value: bytes) -> tuple[int, bytes]:
    """Return the page size and the cookie of a paged results control."""
    decoded, _ = pureber.berDecodeObject(pureber.BERDecoderContext(), value)
    return decoded[0].value, decoded[1].value


def message_size(data: bytes) -> int | None:
    """Return how many bytes the first message has; None while that cannot be said.

    Raises:
        ValueError: no message begins so.
    """
    if data[:1] not in {b"", b"\x30"}:
        raise ValueError("not an LDAP message")
    try:
        length, size = pureber.berDecodeLength(data, offset=1)
    except pureber.BERExceptionInsufficientData:
        return None
    return 1 + int(size) + int(length)


def _message(message_id: int, operation: bytes) -> bytes:
    return _tlv(0x30, _tlv(0x02, message_id.to_bytes(message_id.bit_length() // 8 + 1, "big")) + operation)


def _tlv(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size, "big") + content
