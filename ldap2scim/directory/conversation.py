"""One connection's questions and answers: a request is sent, its answer is awaited to the end.

Works on a `Wire`, of which `client` has the real one; no socket is opened here.
"""

import gc
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from ldap2scim.directory import encoder, results
from ldap2scim.directory.ber import DecodeError
from ldap2scim.directory.controls import Control
from ldap2scim.directory.decoder import (
    Decoder,
    Done,
    Intermediate,
    Notice,
    Reference,
    done_prefix,
    entry_controls,
    entry_prefix,
)
from ldap2scim.directory.encoder import SearchRequest
from ldap2scim.directory.entry import LdapEntry
from ldap2scim.directory.framing import Framer
from ldap2scim.errors import DirectoryUnavailable, ReadIncomplete


class Wire(Protocol):
    """A connection that is open and bound. Its errors are those of sockets (OSError)."""

    def send(self, data: bytes) -> None:
        """Send all of `data`."""

    def receive(self) -> bytes:
        """Wait for octets and return some; none at all when the other side has closed."""

    def close(self) -> None:
        """Unbind and close. May be called twice."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the results of a search, not decoded yet, and its end where that has arrived."""

    message_id: int
    messages: list[bytes]
    done: Done | None


@dataclass(frozen=True, slots=True)
class Found:
    """An entry, and the controls that came with it."""

    entry: LdapEntry
    controls: tuple[Control, ...]


Answer: TypeAlias = Found | Intermediate | Reference | Done
"""What a search with controls is answered with, in the order of arrival; `Done` is the last."""


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Pause the cyclic garbage collector: entries hold no cycles, and it would walk a page dozens of times.

    Measured as a sixth of the time of a read.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


_MOST_OCTETS = 4 << 20
"""Results that wait to be decoded: a page of ordinary entries, or a few large groups, so that memory stays flat."""


@dataclass(slots=True)
class Conversation:
    """Questions on one connection, one at a time."""

    wire: Wire
    server: str
    """`host:port`, for messages."""
    decoder: Decoder = field(default_factory=Decoder)
    _framer: Framer = field(default_factory=Framer)
    _ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1 << 16))
    """Beyond the few that the library uses for StartTLS and bind."""
    _id: int = 0
    _what: str = ""

    def ask(self, request: SearchRequest, what: str, page_size: int | None = None, cookie: bytes = b"") -> None:
        """Send a search. Its answer must be received to the end before the next one is sent.

        Args:
            request: the search.
            what: the search in the administrator's words, for messages.
            page_size: for paged results (RFC 2696).
            cookie: of the page before.

        Raises:
            DirectoryUnavailable: the connection is lost.
        """
        self._id, self._what = next(self._ids), what
        try:
            self.wire.send(encoder.encode_search(self._id, request, page_size, cookie))
        except OSError as error:
            raise self._lost(str(error)) from error

    def receive(self) -> Part:
        """Wait until the answer has ended, or some megabytes of it are there.

        The results are cut into messages and not yet decoded, so that the next page can be asked for first: the
        server works on it while this one is decoded and used.

        Raises:
            DirectoryUnavailable: the connection is lost, or the server is closing it.
            ReadIncomplete: what arrived is not LDAP.
        """
        end = done_prefix(self._id)
        messages: list[bytes] = []
        octets = 0
        while octets < _MOST_OCTETS:
            chunk = self._next_octets(messages)
            octets += len(chunk)
            try:
                messages += self._framer.feed(chunk)
                # An answer ends with its last message, and nothing was asked after it.
                if messages and messages[-1].startswith(end):
                    done = self.decoder.other(messages.pop())[1]
                    return Part(self._id, messages, done if isinstance(done, Done) else None)
            except DecodeError as error:
                raise self._garbled(error) from error
        return Part(self._id, messages, None)

    def decode(self, part: Part) -> tuple[list[LdapEntry], list[str]]:
        """Return the entries of a part, and the URIs of the continuation references in it.

        Raises:
            DirectoryUnavailable: a notice of disconnection is in it.
            ReadIncomplete: it holds something else than results of its search.
        """
        prefix, decode = entry_prefix(part.message_id), self.decoder.entry
        entries: list[LdapEntry] = []
        references: list[str] = []
        try:
            with _collector_paused():
                for message in part.messages:
                    entry = decode(message, prefix)
                    if entry is not None:
                        entries.append(entry)
                    else:
                        references += self._reference(message, part.message_id)
        except DecodeError as error:
            raise self._garbled(error) from error
        return entries, references

    def answers(self, part: Part) -> list[Answer]:
        """Return all that is in a part, the controls of entries and the end of the search included.

        Raises:
            DirectoryUnavailable: a notice of disconnection is in it.
            ReadIncomplete: it holds something else than results of its search.
        """
        prefix = entry_prefix(part.message_id)
        found: list[Answer] = []
        try:
            for message in part.messages:
                entry = self.decoder.entry(message, prefix)
                if entry is not None:
                    found.append(Found(entry, entry_controls(message, prefix)))
                else:
                    found.append(self._other(message, part.message_id))
        except DecodeError as error:
            raise self._garbled(error) from error
        return found if part.done is None else [*found, part.done]

    def close(self) -> None:
        """Unbind and close."""
        self.wire.close()

    def _next_octets(self, so_far: list[bytes]) -> bytes:
        try:
            chunk = self.wire.receive()
        except TimeoutError as error:
            raise DirectoryUnavailable(
                f"{self.server} did not answer in time during {self._what}.",
                "Run again; if the server needs longer, raise the time-out of the directory in the settings.",
            ) from error
        except OSError as error:
            raise self._lost(str(error)) from error
        if chunk:
            return chunk
        if so_far:
            self.decode(Part(self._id, so_far[-1:], None))  # a notice of disconnection says why
        raise self._lost("the server closed it")

    def _reference(self, message: bytes, message_id: int) -> tuple[str, ...]:
        found = self._other(message, message_id)
        if isinstance(found, Reference):
            return found.uris
        raise DecodeError("an intermediate response arrived, and none was asked for")

    def _other(self, message: bytes, message_id: int) -> Reference | Intermediate:
        found_id, found = self.decoder.other(message)
        match found:
            case Notice():
                raise results.disconnected(found, self._what, self.server)
            case Reference() | Intermediate() if found_id == message_id:
                return found
        raise DecodeError(f"an answer to message {found_id} arrived while {message_id} was awaited")

    def _lost(self, why: str) -> DirectoryUnavailable:
        return DirectoryUnavailable(
            f"The connection to {self.server} was lost during {self._what}: {why}.",
            "Nothing can be concluded from what was read so far. Run again; if it stays so, see the server's log.",
        )

    def _garbled(self, error: DecodeError) -> ReadIncomplete:
        return ReadIncomplete(
            f"{self.server} sent something that is not LDAP during {self._what}: {error}.",
            "Check that the address and port are those of an LDAP server, with nothing in between that changes data.",
        )
