"""LDAP messages out of a stream of octets. Pure."""

from dataclasses import dataclass, field

from ldap2scim.directory import ber


@dataclass(slots=True)
class Framer:
    """Cuts octets, as they arrive, into whole messages."""

    _chunks: list[bytes] = field(default_factory=list)
    _size: int = 0
    _needed: int = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take octets in; return the contents of each LDAPMessage that is now whole, without its own header.

        Raises:
            DecodeError: the octets are no LDAP messages.
        """
        self._chunks.append(chunk)
        self._size += len(chunk)
        # A group of a million members is one message: its parts are joined once, not once for each part.
        if self._size < self._needed:
            return []
        data = chunk if len(self._chunks) == 1 else b"".join(self._chunks)
        messages: list[bytes] = []
        position, size = 0, len(data)
        while True:
            found = ber.outer(data, position)
            if found is None:
                self._needed = size - position + 1
                break
            content, end = found
            if end > size:
                self._needed = end - position
                break
            messages.append(data[content:end])
            position = end
        self._chunks = [data[position:]] if position < size else []
        self._size = size - position
        return messages
