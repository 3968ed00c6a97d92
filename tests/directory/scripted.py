"""A server that answers from a script, in octets: what no real server can be made to say."""

from collections.abc import Callable

from ldap2scim.directory.ber import OCTETS, SEQUENCE, SET, inner, integer, tlv
from ldap2scim.directory.session import Session

Answer = Callable[[int], bytes]
"""A message, as soon as the ID of the request is known."""
Start = Callable[..., Session]
"""Makes a session of scripted wires: the main one, and the one beside it; keywords change the settings."""


def message(message_id: int, *parts: bytes) -> bytes:
    """Encode an LDAPMessage."""
    return tlv(SEQUENCE, integer(message_id), *parts)


def control(oid: str, value: bytes) -> bytes:
    """Encode a control that is not critical."""
    return tlv(SEQUENCE, tlv(OCTETS, oid.encode()), tlv(OCTETS, value))


def controlled(answer: Answer, *controls: bytes) -> Answer:
    """Put controls behind an answer that has none."""

    def encode(message_id: int) -> bytes:
        encoded = answer(message_id)
        start, end = inner(encoded, 0, SEQUENCE, len(encoded))
        return tlv(SEQUENCE, encoded[start:end], tlv(0xA0, *controls))

    return encode


def intermediate(oid: str, value: bytes) -> Answer:
    """Encode an intermediate response."""
    return lambda message_id: message(message_id, tlv(0x79, tlv(0x80, oid.encode()), tlv(0x81, value)))


def entry(dn: str, **attributes: list[bytes]) -> Answer:
    """Encode an entry; `_` in a name stands for `;range=`."""
    listed = [
        tlv(
            SEQUENCE,
            tlv(OCTETS, name.replace("_", ";range=").replace("to", "-").replace("end", "*").encode()),
            tlv(SET, *(tlv(OCTETS, value) for value in values)),
        )
        for name, values in attributes.items()
    ]
    return lambda message_id: message(message_id, tlv(0x64, tlv(OCTETS, dn.encode()), tlv(SEQUENCE, *listed)))


def done(code: int = 0, cookie: bytes | None = b"", diagnostic: str = "") -> Answer:
    """Encode the end of a search, with the control of paged results unless the cookie is None."""
    result = tlv(0x65, tlv(0x0A, bytes([code])), tlv(OCTETS), tlv(OCTETS, diagnostic.encode()))
    if cookie is None:
        return lambda message_id: message(message_id, result)
    value = tlv(SEQUENCE, integer(0), tlv(OCTETS, cookie))
    return controlled(lambda message_id: message(message_id, result), control("1.2.840.113556.1.4.319", value))


def reference(uri: str) -> Answer:
    """Encode a continuation reference."""
    return lambda message_id: message(message_id, tlv(0x73, tlv(OCTETS, uri.encode())))


def notice(text: str) -> Answer:
    """Encode a notice of disconnection."""
    name = tlv(0x8A, b"1.3.6.1.4.1.1466.20036")
    return lambda _: message(0, tlv(0x78, tlv(0x0A, b"\x34"), tlv(OCTETS), tlv(OCTETS, text.encode()), name))


class ScriptedWire:
    """A server that answers each request with the next answer of its script, then closes the connection."""

    def __init__(self, *script: list[Answer] | OSError) -> None:
        self.script = list(script)
        self.sent: list[bytes] = []
        self.waiting: list[bytes | OSError] = []
        self.closed = False

    def send(self, data: bytes) -> None:
        """Take a request."""
        assert not self.closed
        self.sent.append(data)
        content = inner(data, 0, SEQUENCE, len(data))[0]
        start, end = inner(data, content, 0x02, len(data))
        message_id = int.from_bytes(data[start:end], "big")
        match self.script.pop(0):
            case OSError() as error:
                self.waiting.append(error)
            case answers:
                self.waiting += [answer(message_id) for answer in answers]

    def receive(self) -> bytes:
        """Give what is waiting, one message at a time."""
        match self.waiting.pop(0) if self.waiting else b"":
            case OSError() as error:
                raise error
            case octets:
                return octets

    def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True
