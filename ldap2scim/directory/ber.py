"""Lengths and tags of BER as LDAP restricts it (RFC 4511 §5.1: definite lengths only). Pure."""

INTEGER, OCTETS, ENUMERATED, SEQUENCE, SET = 0x02, 0x04, 0x0A, 0x30, 0x31
_MOST_LENGTH_OCTETS = 5
"""Five octets of length reach beyond any message that fits into memory."""


class DecodeError(ValueError):
    """The octets are not LDAP."""


def outer(data: bytes, position: int) -> tuple[int, int] | None:
    """Return where the contents of the message at `position` begin and end; None where its header is cut off.

    The end may lie beyond the data.

    Raises:
        DecodeError: no LDAPMessage begins here.
    """
    if len(data) - position < 2:
        return None
    if data[position] != SEQUENCE:
        raise DecodeError(f"a message was expected, and an octet 0x{data[position]:02x} arrived")
    length = data[position + 1]
    content = position + 2
    if length < 0x80:
        return content, content + length
    content += _length_octets(length)
    if content > len(data):
        return None
    return content, content + int.from_bytes(data[position + 2 : content], "big")


def inner(data: bytes, position: int, tag: int, end: int) -> tuple[int, int]:
    """Return where the contents of the element at `position` begin and end.

    Raises:
        DecodeError: no element with this tag is there, or it does not fit before `end`.
    """
    if end - position < 2 or data[position] != tag:
        raise DecodeError(f"an element with tag 0x{tag:02x} is missing")
    length = data[position + 1]
    content = position + 2
    if length >= 0x80:
        content += _length_octets(length)
        length = int.from_bytes(data[position + 2 : content], "big")
    stop = content + length
    if stop > end:
        raise DecodeError("an element is longer than the one around it")
    return content, stop


def tlv(tag: int, *contents: bytes) -> bytes:
    """Return an element of the joined `contents`."""
    content = b"".join(contents)
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def integer(number: int) -> bytes:
    """Return an INTEGER that is not negative."""
    return tlv(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _length_octets(first: int) -> int:
    octets = first & 0x7F
    if not 1 <= octets <= _MOST_LENGTH_OCTETS:
        raise DecodeError("a length has a form that LDAP does not allow")
    return octets
