"""A proxy before an LDAP server that knows LDAP well enough to spoil one answer, or to do something between two.

It has a reader of BER of its own, so that a mistake in ours is not repeated here. No TLS.
"""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TypeAlias

from tests.servers.process import LOOPBACK

BUSY, UNAVAILABLE, SIZE_LIMIT, REFERRAL = 51, 52, 4, 10
_PAGED_RESULTS = b"1.2.840.113556.1.4.319"
SYNC_REQUEST = b"1.3.6.1.4.1.4203.1.9.1.1"
"""Of a search for changes (RFC 4533 §2.2): a marker that makes it count, though it has no pages."""
_SEQUENCE, _INTEGER, _OCTETS, _ENUMERATED, _CONTROLS, _REFERRALS = 0x30, 0x02, 0x04, 0x0A, 0xA0, 0xA3
_BIND_REQUEST, _BIND_RESPONSE, _SEARCH_REQUEST, _ENTRY, _DONE = 0x60, 0x61, 0x63, 0x64, 0x65
_OTHER_COOKIE = b"another"
_PAGE = 10
"""Entries of the page after one that was empty."""


class Fault(Enum):
    """What happens in the place of a message."""

    CUT = auto()
    """The connection is closed after half of the message."""
    STALL = auto()
    """Nothing comes any more; the connection stays."""
    EMPTY_PAGE = auto()
    """Once a page without entries comes in between, with another cookie, and the search can go on after it."""
    SAME_EMPTY_PAGE = auto()
    """A page without entries comes, with the cookie that was sent, as often as the next one is asked for."""
    EARLY_END = auto()
    """The page is empty, has no cookie, and its search has ended with success."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The search ends with a result code."""

    code: int
    referral: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Which messages are spoilt, and how: every time, until another plan is made."""

    fault: Fault | Refusal
    marker: bytes
    """What the octets of the search contain, such as an object class of its filter. Of searches without pages only
    those for changes count."""
    position: int = 0
    """Entries that pass; the fault takes the place of what follows. Faults of pages strike the first page asked for
    after them."""
    searches: int | None = None
    """How many such searches are spoilt; None: every one."""


@dataclass(slots=True)
class _Asked:
    """A search in pages, from its first page on."""

    octets: bytes
    cookie: bytes
    number: int
    """Among the searches of the plan, from one on."""
    passed: int = 0
    had_empty_page: bool = False
    is_over: bool = False
    """The client was told so; what the server still sends is kept from it."""


@dataclass(slots=True)
class _Line:
    """One client's connection and what it has asked."""

    client: socket.socket
    server: socket.socket
    searches: dict[int, _Asked] = field(default_factory=dict)
    latest: _Asked | None = None
    released: threading.Event = field(default_factory=threading.Event)

    def close(self) -> None:
        self.released.set()
        for each in (self.client, self.server):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


Hook: TypeAlias = Callable[[], None]


class LdapProxy:
    """Passes every connection on, as the plan says."""

    def __init__(self, port: int, host: str = LOOPBACK) -> None:
        self._target = (host, port)
        self._listener = socket.create_server((LOOPBACK, 0))
        self.host = LOOPBACK
        self.port: int = self._listener.getsockname()[1]
        self.plan: Plan | None = None
        self.bind_refusal: int | None = None
        """Result code that every bind ends with; the server hears nothing of it."""
        self.struck = 0
        """How often the plan was carried out."""
        self._begun = 0
        self.failed: list[BaseException] = []
        """What went wrong in a hook."""
        self._hooks: dict[bytes, Hook] = {}
        self._lines: list[_Line] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def spoil(self, plan: Plan | None) -> None:
        """Do so from now on; None: pass everything on."""
        self.plan, self.struck, self._begun = plan, 0, 0

    def once_ended(self, marker: bytes, hook: Hook) -> None:
        """Call `hook` once, after the next search in pages that contains `marker` and before its client knows."""
        self._hooks[marker] = hook

    def close(self) -> None:
        """End every connection."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for line in self._lines:
            line.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    line = _Line(client, socket.create_connection(self._target))
                except OSError:
                    client.close()
                    continue
                self._lines.append(line)
                for work in (self._questions, self._answers):
                    thread = threading.Thread(target=self._until_closed, args=(work, line), daemon=True)
                    self._threads.append(thread)
                    thread.start()

    @staticmethod
    def _until_closed(work: Callable[[_Line], None], line: _Line) -> None:
        with contextlib.suppress(OSError):
            work(line)
        line.close()

    def _questions(self, line: _Line) -> None:
        for message in _messages(line.client):
            number, tag = _head(message)
            if tag == _BIND_REQUEST and self.bind_refusal is not None:
                line.client.sendall(_message(number, _result(_BIND_RESPONSE, self.bind_refusal)))
            elif tag == _SEARCH_REQUEST and (cookie := _cookie(message)) is not None:
                self._search(line, number, message, cookie)
            elif tag == _SEARCH_REQUEST and SYNC_REQUEST in message:
                self._search(line, number, message, b"")
            else:
                line.server.sendall(message)

    def _search(self, line: _Line, number: int, message: bytes, cookie: bytes) -> None:
        if not cookie or line.latest is None:
            self._begun += self.plan is not None and self.plan.marker in message
            line.latest = _Asked(message, cookie, self._begun)
        asked, plan = line.latest, self.plan
        line.searches[number] = asked
        if cookie == _OTHER_COOKIE:
            message = _with_cookie(message, asked.cookie)
        else:
            asked.cookie = cookie
        if plan is None or not self._is_due(plan, asked):
            line.server.sendall(message)
            return
        match plan.fault:
            case Fault.EMPTY_PAGE if not asked.had_empty_page:
                asked.had_empty_page = True
                self._end_page(line, number, _OTHER_COOKIE)
            case Fault.SAME_EMPTY_PAGE:
                self._end_page(line, number, cookie or _OTHER_COOKIE)
            case Fault.EARLY_END:
                self._end_page(line, number, b"")
            case _:
                line.server.sendall(message)

    @staticmethod
    def _is_due(plan: Plan, asked: _Asked) -> bool:
        chosen = plan.marker in asked.octets and (plan.searches is None or asked.number <= plan.searches)
        return chosen and asked.passed >= plan.position

    def _end_page(self, line: _Line, number: int, cookie: bytes) -> None:
        self.struck += 1
        line.client.sendall(_message(number, _result(_DONE, 0), _paged(cookie)))

    def _answers(self, line: _Line) -> None:
        for message in _messages(line.server):
            number, tag = _head(message)
            asked, plan = line.searches.get(number), self.plan
            if asked is not None and asked.is_over:
                continue
            if asked is None or tag not in {_ENTRY, _DONE}:
                line.client.sendall(message)
            elif plan is None or not self._is_due(plan, asked) or not self._spoilt(plan.fault, line, asked, message):
                self._pass(line, asked, tag, message)

    def _pass(self, line: _Line, asked: _Asked, tag: int, message: bytes) -> None:
        if tag == _ENTRY:
            asked.passed += 1
        elif not _cookie(message):
            self._call_hooks(asked.octets)
        line.client.sendall(message)

    def _call_hooks(self, octets: bytes) -> None:
        for marker in [marker for marker in self._hooks if marker in octets]:
            try:
                self._hooks.pop(marker)()
            except BaseException as error:  # noqa: BLE001 - the test looks at it
                self.failed.append(error)

    def _spoilt(self, fault: Fault | Refusal, line: _Line, asked: _Asked, message: bytes) -> bool:
        number, _ = _head(message)
        match fault:
            case Refusal(code, referral):
                self.struck += 1
                asked.is_over = True
                line.client.sendall(_message(number, _result(_DONE, code, referral)))
            case Fault.CUT:
                self.struck += 1
                line.client.sendall(message[: len(message) // 2])
                line.close()
            case Fault.STALL:
                self.struck += 1
                line.released.wait()
            case _:
                return False
        return True


@contextmanager
def ldap_proxy(port: int, host: str = LOOPBACK) -> Iterator[LdapProxy]:
    """Run a proxy before the server at an address of this machine."""
    proxy = LdapProxy(port, host)
    try:
        yield proxy
    finally:
        proxy.close()


def _messages(source: socket.socket) -> Iterator[bytes]:
    """Yield each LDAPMessage (RFC 4511 §4.1.1) with its header, until the other side closes."""
    rest = b""
    while True:
        while len(rest) < 2 or len(rest) < (end := _element(rest, 0)[2]):
            chunk = source.recv(1 << 16)
            if not chunk:
                return
            rest += chunk
        yield rest[:end]
        rest = rest[end:]


def _element(octets: bytes, at: int) -> tuple[int, int, int]:
    """Return tag, begin and end of the contents of an element; its end may lie beyond the octets."""
    first = octets[at + 1]
    if first < 0x80:
        return octets[at], at + 2, at + 2 + first
    begin = at + 2 + (first & 0x7F)
    if begin > len(octets):
        return octets[at], begin, begin + 1  # the length itself has not arrived: one octet more than there is
    return octets[at], begin, begin + int.from_bytes(octets[at + 2 : begin], "big")


def _elements(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and contents of the elements that follow each other."""
    at = 0
    while at < len(octets):
        tag, begin, at = _element(octets, at)
        yield tag, octets[begin:at]


def _parts(message: bytes) -> list[tuple[int, bytes]]:
    ((_, contents),) = _elements(message)
    return list(_elements(contents))


def _head(message: bytes) -> tuple[int, int]:
    """Return the message ID and the tag of the operation."""
    (_, number), (tag, _) = _parts(message)[:2]
    return int.from_bytes(number, "big"), tag


def _cookie(message: bytes) -> bytes | None:
    """Return the cookie of paged results (RFC 2696) in the message's controls; None where there is no such control."""
    controls = (contents for tag, contents in _parts(message)[2:] if tag == _CONTROLS)
    for _, control in (each for contents in controls for each in _elements(contents)):
        kind, *rest = _elements(control)
        if kind[1] == _PAGED_RESULTS:
            value = next(contents for tag, contents in rest if tag == _OCTETS)
            ((_, pair),) = _elements(value)
            return list(_elements(pair))[1][1]
    return None


def _with_cookie(message: bytes, cookie: bytes) -> bytes:
    """Return a search with another cookie of paged results."""
    (_, number), (tag, operation), *_ = _parts(message)
    return _tlv(_SEQUENCE, _tlv(_INTEGER, number), _tlv(tag, operation), _paged(cookie, _PAGE))


def _tlv(tag: int, *contents: bytes) -> bytes:
    whole = b"".join(contents)
    if len(whole) < 0x80:
        return bytes((tag, len(whole))) + whole
    length = len(whole).to_bytes(4, "big")
    return bytes((tag, 0x84)) + length + whole


def _result(tag: int, code: int, referral: str | None = None) -> bytes:
    """Return an LDAPResult (RFC 4511 §4.1.9)."""
    referrals = (_tlv(_REFERRALS, _tlv(_OCTETS, referral.encode())),) if referral else ()
    return _tlv(tag, _tlv(_ENUMERATED, bytes((code,))), _tlv(_OCTETS), _tlv(_OCTETS, b"by the proxy"), *referrals)


def _paged(cookie: bytes, size: int = 0) -> bytes:
    value = _tlv(_SEQUENCE, _tlv(_INTEGER, bytes((size,))), _tlv(_OCTETS, cookie))
    return _tlv(_CONTROLS, _tlv(_SEQUENCE, _tlv(_OCTETS, _PAGED_RESULTS), _tlv(_OCTETS, value)))


def _message(number: int, operation: bytes, controls: bytes = b"") -> bytes:
    octets = number.to_bytes(number.bit_length() // 8 + 1, "big")
    return _tlv(_SEQUENCE, _tlv(_INTEGER, octets), operation, controls)
