"""LDAP controls as octets (RFC 4511 §4.1.11), and the one of paged results (RFC 2696). Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from ldap2scim.directory.ber import INTEGER, OCTETS, SEQUENCE, DecodeError, inner, integer, tlv

PAGED_RESULTS = "1.2.840.113556.1.4.319"
CONTROLS = 0xA0
"""Tag of the controls behind the operation of a message."""
_BOOLEAN = 0x01


@dataclass(frozen=True, slots=True)
class Control:
    """A control of a request or of an answer."""

    oid: str
    critical: bool = False
    """Whether a server that does not know it must refuse the request."""
    value: bytes | None = None
    """As the control's own document has it, usually BER."""


def encode(controls: Iterable[Control]) -> bytes:
    """Return the controls of a message; no octets at all where there are none."""
    encoded = [_encode(control) for control in controls]
    return tlv(CONTROLS, *encoded) if encoded else b""


def decode(data: bytes, position: int) -> tuple[Control, ...]:
    """Return the controls that begin at `position` and end with the message; none where it has ended there.

    Raises:
        DecodeError: something else is there.
    """
    if position == len(data):
        return ()
    position, end = inner(data, position, CONTROLS, len(data))
    if end != len(data):
        raise DecodeError("the controls do not end with their message")
    found = []
    while position < end:
        start, position = inner(data, position, SEQUENCE, end)
        found.append(_decode(data, start, position))
    return tuple(found)


def paged_results(size: int, cookie: bytes) -> Control:
    """Return the control that asks for the page behind `cookie` (RFC 2696 §2).

    It is not critical: a server without paging answers everything at once, which is complete as well.
    """
    return Control(PAGED_RESULTS, value=tlv(SEQUENCE, integer(size), tlv(OCTETS, cookie)))


def paged_results_cookie(value: bytes | None) -> bytes:
    """Return the cookie in the value of the server's control of paged results.

    Raises:
        DecodeError: the value is another one.
    """
    if value is None:
        raise DecodeError("the control of paged results has no value")
    position, end = inner(value, 0, SEQUENCE, len(value))
    position = inner(value, position, INTEGER, end)[1]
    start, stop = inner(value, position, OCTETS, end)
    return value[start:stop]


def _encode(control: Control) -> bytes:
    parts = [tlv(OCTETS, control.oid.encode())]
    if control.critical:  # FALSE is the default, and is left out
        parts.append(tlv(_BOOLEAN, b"\xff"))
    if control.value is not None:
        parts.append(tlv(OCTETS, control.value))
    return tlv(SEQUENCE, *parts)


def _decode(data: bytes, position: int, end: int) -> Control:
    start, position = inner(data, position, OCTETS, end)
    oid = data[start:position].decode("ascii", "replace")
    critical, value = False, None
    if position < end and data[position] == _BOOLEAN:
        start, position = inner(data, position, _BOOLEAN, end)
        critical = any(data[start:position])
    if position < end:
        start, position = inner(data, position, OCTETS, end)
        value = data[start:position]
    if position != end:
        raise DecodeError("a control holds more than its value")
    return Control(oid, critical, value)
