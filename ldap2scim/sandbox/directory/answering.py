"""Answers to the searches of one connection: entries, pages, references, and the faults in between."""

from collections.abc import Iterator, Mapping
from typing import Protocol, TypeAlias

from ldaptor.protocols import pureldap

from ldap2scim.sandbox.directory.accounts import Bound, Role
from ldap2scim.sandbox.directory.entry import Entry
from ldap2scim.sandbox.directory.faults import CutAfter, FailAfter, StallAfter
from ldap2scim.sandbox.directory.results import Refused, Result
from ldap2scim.sandbox.directory.root_dse import root_dse, select
from ldap2scim.sandbox.directory.searching import RunningSearch, begin, is_referral
from ldap2scim.sandbox.directory.state import State
from ldap2scim.sandbox.directory.wire import (
    MANAGE_DSA_IT,
    PAGED_RESULTS,
    Decoded,
    page_cookie,
    read_page_request,
    search_entry,
    search_reference,
)


class Transport(Protocol):
    """As much of Twisted's ITransport as is used."""

    def write(self, data: bytes) -> None:
        """Send bytes."""

    def loseConnection(self) -> None:  # noqa: N802 — Twisted's name
        """Close once everything is sent."""


class Cut(Exception):
    """The connection ends now, after these last bytes."""


class Stalled(Exception):
    """Nothing more is answered."""


Controls: TypeAlias = Mapping[str, bytes | None]
"""Control values by OID."""


class SearchAnswers:
    """Answers searches; a connection has at most one paged search at a time, as with slapd."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._cookies = 0
        self._paged: dict[bytes, RunningSearch] = {}

    def answer(self, message: Decoded, bound: Bound, transport: Transport) -> None:
        """Write the entries of one page, or all of them, and the result.

        Raises:
            Refused: the search ends with an error; what was found before has been written.
        """
        out: list[bytes] = []
        try:
            done = self._carry_out(message, bound, out)
            out.append(done)
        except Cut:
            transport.loseConnection()
        except Stalled:
            pass
        finally:
            transport.write(b"".join(out))

    def _carry_out(self, message: Decoded, bound: Bound, out: list[bytes]) -> bytes:
        request = message.value
        controls = {oid.decode(): value for oid, _, value in message.controls or ()}
        if not request.baseObject and request.scope == pureldap.LDAP_SCOPE_baseObject:
            names = [name.decode() for name in request.attributes]
            out.append(search_entry(message.id, "", select(root_dse(self._state.tree), names)))
            return _done(message.id)
        if bound.role is Role.NOBODY:
            raise Refused(Result.STRONGER_AUTH_REQUIRED, "a bind is required")
        page = controls.get(PAGED_RESULTS)
        if page is None:
            search = self._begin(request, bound)
            self._write(message.id, search, self._state.options.max_page_size, controls, out)
            if search.has_more():
                raise Refused(Result.SIZE_LIMIT_EXCEEDED, "more entries than one answer holds; ask for pages")
            return _done(message.id)
        return self._page(message, bound, read_page_request(page), controls, out)

    def _page(
        self,
        message: Decoded,
        bound: Bound,
        page: tuple[int, bytes],
        controls: Controls,
        out: list[bytes],
    ) -> bytes:
        size, cookie = page
        if not cookie:
            self._paged.clear()
            search = self._begin(message.value, bound)
        else:
            found = self._paged.pop(cookie, None)
            if found is None:
                raise Refused(Result.UNWILLING_TO_PERFORM, "the cookie of paged results is not valid any more")
            search = found
        largest = self._state.options.max_page_size
        self._write(message.id, search, min(size, largest or size), controls, out)
        # RFC 2696 §3: a size of zero gives the search up.
        if not size or not search.has_more():
            return _done(message.id, page_cookie(b""))
        self._cookies += 1
        next_cookie = b"page-%d" % self._cookies
        self._paged[next_cookie] = search
        return _done(message.id, page_cookie(next_cookie))

    def _begin(self, request: Decoded, bound: Bound) -> RunningSearch:
        return begin(request, bound, self._state.tree, self._state.options, self._state.faults)

    def _write(
        self, message_id: int, search: RunningSearch, most: int | None, controls: Controls, out: list[bytes]
    ) -> None:
        for entry in _up_to(search, most):
            if self._state.meanwhile is not None:
                self._state.meanwhile(search)
            if is_referral(entry) and MANAGE_DSA_IT not in controls:
                out.append(search_reference(message_id, entry.values("ref")))
                continue
            encoded = search_entry(message_id, entry.dn, search.selection.attributes(entry, self._state.tree))
            self._interrupt(search, encoded, out)
            out.append(encoded)
            search.sent += 1

    def _interrupt(self, search: RunningSearch, encoded: bytes, out: list[bytes]) -> None:
        match self._state.faults.interruption:
            case FailAfter(entries, code) if search.sent >= entries:
                raise Refused(code, "a fault of the sandbox")
            case CutAfter(entries) if search.sent >= entries:
                out.append(encoded[: len(encoded) // 2])
                raise Cut
            case StallAfter(entries) if search.sent >= entries:
                raise Stalled


def _up_to(search: RunningSearch, most: int | None) -> Iterator[Entry]:
    first = search.sent
    while most is None or search.sent - first < most:
        entry = search.next()
        if entry is None:
            return
        yield entry


def _done(message_id: int, page: bytes | None = None) -> bytes:
    controls = None if page is None else [(PAGED_RESULTS, None, page)]
    response = pureldap.LDAPSearchResultDone(resultCode=Result.SUCCESS)
    encoded: bytes = pureldap.LDAPMessage(response, controls=controls, id=message_id).toWire()
    return encoded
