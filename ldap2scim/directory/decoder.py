"""Search results out of LDAP messages: one walk over the BER (RFC 4511 §4.5.2). Pure.

This is where reading a directory spends its time, so the walk uses integer offsets into the message, makes no
object for a tag or a length, spells each attribute description once, and leaves values as octets. What does not
fit together raises `DecodeError`.
"""

import re
from dataclasses import dataclass, field
from typing import TypeAlias

from ldap2scim.directory import controls
from ldap2scim.directory.ber import ENUMERATED, INTEGER, OCTETS, SEQUENCE, SET, DecodeError, inner
from ldap2scim.directory.controls import Control
from ldap2scim.directory.entry import LdapEntry

__all__ = ["DecodeError", "Decoder", "Done", "Intermediate", "Message", "Notice", "Reference"]

_ENTRY, _DONE, _REFERENCE, _EXTENDED, _INTERMEDIATE = 0x64, 0x65, 0x73, 0x78, 0x79
_REFERRAL, _RESPONSE_NAME = 0xA3, 0x8A
_INTERMEDIATE_NAME, _INTERMEDIATE_VALUE = 0x80, 0x81
_NOT_UTF8 = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True, slots=True)
class Reference:
    """A continuation reference (RFC 4511 §4.5.3)."""

    uris: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """The end of a search."""

    code: int
    """resultCode of RFC 4511 §4.1.9; 0 is success."""
    matched_dn: str
    diagnostic: str
    referral: tuple[str, ...]
    cookie: bytes | None
    """Of paged results (RFC 2696); empty at the end, None where the server did not page."""
    controls: tuple[Control, ...] = ()
    """The other controls."""


@dataclass(frozen=True, slots=True)
class Intermediate:
    """An intermediate response (RFC 4511 §4.13). Only searches with a control that says so get any."""

    name: str
    """Object identifier of what it is; empty where the server left it out."""
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Notice:
    """An unsolicited notification (RFC 4511 §4.4), such as the notice of disconnection."""

    code: int
    diagnostic: str
    name: str
    """Its object identifier."""


Message: TypeAlias = LdapEntry | Reference | Done | Intermediate | Notice


@dataclass(slots=True)
class Decoder:
    """Decodes the messages of one connection; it remembers the attribute names that it met."""

    ranged: set[str] = field(default_factory=set)
    """Names seen so far that carry a range option (MS-ADTS §3.1.1.3.1.3.3)."""
    _headers: dict[bytes, str] = field(default_factory=dict)
    """Attribute names in lower case by the octets in which they arrive, their tags included."""

    def entry(self, message: bytes, prefix: bytes) -> LdapEntry | None:
        """Return the entry in a message that begins with `prefix` (see `entry_prefix`), or None.

        The hot loop. An attribute is SEQUENCE { OCTET STRING description, SET OF OCTET STRING }. Where it is shorter
        than 128 octets, the octets from the description's tag to the SET's are looked up at once: that they are
        known proves those tags, and that all lengths are of one octet. Any other attribute goes the careful way.

        Raises:
            DecodeError: the message is not what it says.
        """
        if not message.startswith(prefix):
            return None
        position, stop = inner(message, len(prefix) - 1, _ENTRY, len(message))
        start, position = inner(message, position, OCTETS, stop)
        try:
            dn = message[start:position].decode()
        except UnicodeDecodeError:
            dn = _dn(message[start:position])
        position, end = inner(message, position, SEQUENCE, stop)
        if end != stop:
            raise DecodeError("the attributes of an entry do not fill it")
        try:
            return LdapEntry(dn, self._attributes(message, position, end))
        except IndexError:  # it is cut off, or ends with an attribute without values
            return LdapEntry(dn, self._carefully(message, position, end))

    def other(self, message: bytes) -> tuple[int, Message]:
        """Return the message ID and the value of any message that a search is answered with.

        Raises:
            DecodeError: the message is no result of a search.
        """
        end = len(message)
        start, position = inner(message, 0, INTEGER, end)
        message_id = int.from_bytes(message[start:position], "big")
        tag = message[position] if position < end else -1
        match tag:
            case 0x64:
                entry = self.entry(message, message[: position + 1])
                if entry is None:  # pragma: no cover - the prefix is the message's own
                    raise DecodeError("an entry is missing")
                return message_id, entry
            case 0x65:
                return message_id, _done(message, *inner(message, position, _DONE, end))
            case 0x73:
                return message_id, Reference(_texts(message, *inner(message, position, _REFERENCE, end)))
            case 0x78:
                return message_id, _notice(message, *inner(message, position, _EXTENDED, end))
            case 0x79:
                return message_id, _intermediate(message, *inner(message, position, _INTERMEDIATE, end))
            case -1:
                raise DecodeError("a message is empty")
        raise DecodeError(f"a message of kind 0x{tag:02x} is no result of a search")

    def _attributes(self, data: bytes, position: int, end: int) -> dict[str, tuple[bytes, ...]]:
        headers = self._headers
        attributes: dict[str, tuple[bytes, ...]] = {}
        first, count = position, 0
        while position < end:
            count += 1
            value = position + 6 + data[position + 3]
            try:
                name = headers[data[position + 2 : value - 1]]
            except KeyError:
                position = self._attribute(data, position, end, attributes)
                continue
            following = position + 2 + data[position + 1]
            # One value, the usual case. Tags are written as numbers: this line runs for each value of a directory.
            if value + 2 + data[value + 1] == following and data[value] == 0x04 and data[position] == 0x30:
                attributes[name] = (data[value + 2 : following],)
                position = following
                continue
            values = []
            while value < following and data[value] == OCTETS:
                start = value + 2
                value = start + data[value + 1]
                values.append(data[start:value])
            if value == following and values and data[position] == SEQUENCE:
                attributes[name] = tuple(values)
                position = following
            else:
                position = self._attribute(data, position, end, attributes)
        if position != end:
            raise DecodeError("the attributes of an entry do not fill it")
        if len(attributes) != count:  # one came twice, or without values
            return self._carefully(data, first, end)
        return attributes

    def _carefully(self, data: bytes, position: int, end: int) -> dict[str, tuple[bytes, ...]]:
        attributes: dict[str, tuple[bytes, ...]] = {}
        try:
            while position < end:
                position = self._attribute(data, position, end, attributes)
        except IndexError:
            raise DecodeError("an entry ends before its attributes do") from None
        return attributes

    def _attribute(self, data: bytes, position: int, end: int, attributes: dict[str, tuple[bytes, ...]]) -> int:
        """Read any attribute into `attributes`; return where it ends."""
        position, stop = inner(data, position, SEQUENCE, end)
        start, position = inner(data, position, OCTETS, stop)
        name = self._name(data[start:position])
        position, values_end = inner(data, position, SET, stop)
        if values_end != stop:
            raise DecodeError("the values of an attribute do not fill it")
        values = []
        while position < stop:
            # The members of a large group pass here: a short length is read in place.
            length = data[position + 1]
            if length < 0x80 and data[position] == OCTETS:
                start = position + 2
                position = start + length
            else:
                start, position = inner(data, position, OCTETS, stop)
            values.append(data[start:position])
        if position != stop:
            raise DecodeError("the values of an attribute do not fill it")
        # An attribute may be sent without values; where a range option says so, that is an answer.
        if values or name in self.ranged:
            attributes[name] = attributes.get(name, ()) + tuple(values)
        return stop

    def _name(self, raw: bytes) -> str:
        try:
            name = raw.decode("ascii").lower()
        except UnicodeDecodeError:
            raise DecodeError("an attribute description is not ASCII") from None
        if ";range=" in name:
            self.ranged.add(name)
        elif len(raw) < 0x80:
            self._headers[bytes((OCTETS, len(raw))) + raw + bytes((SET,))] = name
        return name


def entry_controls(message: bytes, prefix: bytes) -> tuple[Control, ...]:
    """Return the controls of a message that holds an entry and begins with `prefix`.

    Raises:
        DecodeError: the message is not what it says.
    """
    return controls.decode(message, inner(message, len(prefix) - 1, _ENTRY, len(message))[1])


def entry_prefix(message_id: int) -> bytes:
    """Return how the contents of a message with an entry begin, when it answers `message_id`."""
    return message_prefix(message_id) + bytes((_ENTRY,))


def done_prefix(message_id: int) -> bytes:
    """Return how the contents of the message that ends the search begin."""
    return message_prefix(message_id) + bytes((_DONE,))


def message_prefix(message_id: int) -> bytes:
    """Return the message ID as it stands at the beginning of an answer."""
    octets = message_id.to_bytes(message_id.bit_length() // 8 + 1, "big")
    return bytes((INTEGER, len(octets))) + octets


def _texts(data: bytes, position: int, end: int) -> tuple[str, ...]:
    texts = []
    while position < end:
        start, position = inner(data, position, OCTETS, end)
        texts.append(data[start:position].decode("utf-8", "replace"))
    return tuple(texts)


def _result(data: bytes, position: int, end: int) -> tuple[int, str, str, int]:
    """Return resultCode, matchedDN, diagnosticMessage and where the LDAPResult goes on."""
    start, position = inner(data, position, ENUMERATED, end)
    code = int.from_bytes(data[start:position], "big")
    start, position = inner(data, position, OCTETS, end)
    matched = _dn(data[start:position])
    start, position = inner(data, position, OCTETS, end)
    return code, matched, data[start:position].decode("utf-8", "replace"), position


def _done(data: bytes, start: int, stop: int) -> Done:
    code, matched, diagnostic, position = _result(data, start, stop)
    referral: tuple[str, ...] = ()
    if position < stop and data[position] == _REFERRAL:
        referral = _texts(data, *inner(data, position, _REFERRAL, stop))
    found = controls.decode(data, stop)
    pages = [control for control in found if control.oid == controls.PAGED_RESULTS]
    cookie = controls.paged_results_cookie(pages[0].value) if pages else None
    return Done(code, matched, diagnostic, referral, cookie, tuple(each for each in found if each not in pages))


def _notice(data: bytes, start: int, stop: int) -> Notice:
    code, _, diagnostic, position = _result(data, start, stop)
    name = ""
    while position < stop:
        tag = data[position]
        start, position = inner(data, position, tag, stop)
        if tag == _RESPONSE_NAME:
            name = data[start:position].decode("ascii", "replace")
    return Notice(code, diagnostic, name)


def _intermediate(data: bytes, position: int, end: int) -> Intermediate:
    name, value = "", None
    if position < end and data[position] == _INTERMEDIATE_NAME:
        start, position = inner(data, position, _INTERMEDIATE_NAME, end)
        name = data[start:position].decode("ascii", "replace")
    if position < end:
        start, position = inner(data, position, _INTERMEDIATE_VALUE, end)
        value = data[start:position]
    if position != end:
        raise DecodeError("an intermediate response holds more than its value")
    return Intermediate(name, value)


def _dn(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        # One name that is not UTF-8 must not stop the read: RFC 4514 §2.4 can write any octet.
        text = raw.decode("utf-8", "surrogateescape")
        return _NOT_UTF8.sub(lambda match: f"\\{ord(match.group()) & 0xFF:02x}", text)
