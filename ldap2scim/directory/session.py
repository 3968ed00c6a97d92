"""Reading a directory to the proven end, over connections that `client` opens. The `DirectoryReader` of LDAP."""

import logging
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Self

from ldap2scim.directory import extended_dn, filters, ranges, results, schema
from ldap2scim.directory.addresses import Address
from ldap2scim.directory.controls import Control
from ldap2scim.directory.conversation import Answer, Conversation
from ldap2scim.directory.decoder import Done
from ldap2scim.directory.encoder import Scope, SearchRequest
from ldap2scim.directory.entry import LdapEntry
from ldap2scim.directory.ldapsearch import ldapsearch_command
from ldap2scim.directory.reader import Pages, Search, SearchProof
from ldap2scim.directory.settings import DirectorySettings
from ldap2scim.directory.syntaxes import ValueSyntaxError
from ldap2scim.errors import DirectoryUnavailable, ReadIncomplete

_LOGGER = logging.getLogger("ldap2scim.directory")
_ANY_ENTRY = filters.Present("objectClass")
_TRIES = 5
"""How often an attribute in ranges is fetched that changes meanwhile."""


class Session:
    """A bound connection to one server, and a second one to the same server for questions in the middle of a read.

    A read keeps its connection busy: while a page is used the server prepares the next, and the cookie of paged
    results lives as long as its connection does. Ranges and look-ups therefore have a connection of their own.
    """

    def __init__(
        self, settings: DirectorySettings, address: Address, main: Conversation, again: Callable[[], Conversation]
    ) -> None:
        self._settings = settings
        self._address = address
        self._main: Conversation | None = main
        self._again = again
        self._second: Conversation | None = None
        self._reading = False

    @property
    def server(self) -> str:
        """`host:port` of the server that answers."""
        return str(self._address)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Unbind."""
        for conversation in (self._main, self._second):
            if conversation is not None:
                conversation.close()
        self._main = self._second = None

    def read(self, search: Search) -> Pages:
        """Read a search page by page; the generator returns the proof that it came to its end.

        A read that is given up, or fails, closes the connection: what the server still sends belongs to nobody.

        Raises:
            DirectoryUnavailable: the connection was lost or the server is busy.
            ReadIncomplete: the server ended the search with anything but success.
            FilterError: the filter of the search cannot be read.
        """
        if self._reading:
            raise RuntimeError("a session reads one search at a time")
        _LOGGER.info("%s", ldapsearch_command(self._settings, search, self._address))
        request = SearchRequest(
            search.base, Scope.SUBTREE, filters.parse(search.filter), search.attributes, _controls(search)
        )
        main = self._connection()
        self._reading = True
        try:
            proof = yield from self._pages(main, search, request)
        except BaseException:
            self.close()
            raise
        finally:
            self._reading = False
        _LOGGER.info("%s: %d entries in %d pages", self.server, proof.entries, proof.pages)
        return proof

    def ask(self, request: SearchRequest, what: str) -> Iterator[Answer]:
        """Run one search with its controls to the end; yield all answers as they arrive, and `Done` last.

        What the end means is for the caller to see: no result code is an error here. Ranges are not joined. A
        search that is given up, or fails, closes the connection: what the server still sends belongs to nobody.

        Args:
            request: the search, sent without paged results (its own controls may ask for pages).
            what: the search in the administrator's words, for messages ("the search for changes below dc=x").

        Raises:
            DirectoryUnavailable: the connection was lost.
            ReadIncomplete: what arrived is not LDAP.
        """
        if self._reading:
            raise RuntimeError("a session reads one search at a time")
        main = self._connection()
        self._reading, ended = True, False
        try:
            main.ask(request, what)
            while not ended:
                part = main.receive()
                found = main.answers(part)
                ended = part.done is not None
                # Another question may be asked while the end is being looked at.
                self._reading = not ended
                yield from found
        except BaseException:
            if not ended:
                self._reading = False
                self.close()
            raise

    def lookup(self, dn: str, attributes: tuple[str, ...]) -> LdapEntry | None:
        """Read one entry by name; None only where the server says noSuchObject.

        Raises:
            DirectoryUnavailable: the connection was lost or the server is busy.
            ReadIncomplete: the server would not say (no rights, a referral).
        """
        what = f"the look-up of {dn or 'the root DSE'}"
        entry, done = self._ask_one(dn, _ANY_ENTRY, attributes, what)
        if done.code == results.NO_SUCH_OBJECT:
            return None
        if done.code != results.SUCCESS:
            raise results.refused_read(done, what, self.server)
        if entry is None:
            raise ReadIncomplete(
                f"{self.server} does not show {dn}, and does not say that it is gone.",
                "Give the bind DN the right to read it.",
            )
        return self._join_ranges(entry)[0]

    def reread(self, name: str, search: Search) -> LdapEntry | None:
        """Read one entry by name as `search` would see it; None where it is not there, or its filter does not hold.

        Raises:
            DirectoryUnavailable: the connection was lost or the server is busy.
            ReadIncomplete: the server would not say (no rights, a referral).
            FilterError: the filter of the search cannot be read.
        """
        what = f"the look-up of {name}"
        entry, done = self._ask_one(name, filters.parse(search.filter), search.attributes, what, _controls(search))
        if done.code == results.NO_SUCH_OBJECT:
            return None
        if done.code != results.SUCCESS:
            raise results.refused_read(done, what, self.server)
        return None if entry is None else self._whole(entry, search)[0]

    def unknown_attributes(self, names: Iterable[str]) -> frozenset[str]:
        """Return those of `names` that the server's published schema does not define.

        None are returned where the server publishes no schema, or does not show it.

        Raises:
            DirectoryUnavailable: the connection was lost or the server is busy.
        """
        known = self.known_attributes()
        return frozenset(name for name in names if known and schema.without_options(name) not in known)

    def known_attributes(self) -> frozenset[str]:
        """Return what the server's published schema defines, in lower case; nothing where it publishes or shows none.

        Raises:
            DirectoryUnavailable: the connection was lost or the server is busy.
        """
        root, _ = self._ask_one("", _ANY_ENTRY, ("subschemaSubentry",), "the look-up of the root DSE")
        places = root.attributes.get("subschemasubentry", ()) if root is not None else ()
        if not places:
            return frozenset()
        subschema = filters.equals("objectClass", "subschema")
        what = "the look-up of the schema"
        entry, _ = self._ask_one(places[0].decode("utf-8", "replace"), subschema, ("attributeTypes",), what)
        if entry is None or "attributetypes" not in entry.attributes:
            return frozenset()
        return schema.attribute_names(self._join_ranges(entry)[0].attributes["attributetypes"])

    def _pages(self, main: Conversation, search: Search, request: SearchRequest) -> Pages:
        what = f"the search for {search.resource_type.lower()}s below {search.base}"
        entries = pages = joined = 0
        referrals: list[str] = []
        cookie: bytes = b""
        main.ask(request, what, search.page_size)
        while True:
            part = main.receive()
            following = b""
            if part.done is not None:
                pages += 1
                following = self._cookie_after(part.done, what, cookie, empty=not part.messages)
                if following:
                    main.ask(request, what, search.page_size, following)
            found, references = main.decode(part)
            referrals += references
            page: list[LdapEntry] = found
            if main.decoder.ranged or search.extended:
                page = []
                for entry in found:
                    whole, ranged = self._whole(entry, search)
                    page.append(whole)
                    joined += ranged
            entries += len(page)
            if page:
                yield page
            if part.done is not None and not following:
                return SearchProof(search, entries, pages, joined, tuple(referrals), self.server)
            cookie = following or cookie

    def _cookie_after(self, done: Done, what: str, cookie: bytes, *, empty: bool) -> bytes:
        """Return the cookie of the next page; empty where the search has come to its end with success."""
        if done.code != results.SUCCESS:
            raise results.refused_read(done, what, self.server)
        if done.cookie is None and cookie:
            raise ReadIncomplete(
                f"{self.server} stopped paging in the middle of {what}.",
                "Nothing can be concluded from what it sent. Run again; if it stays so, try another `page_size`.",
            )
        if done.cookie and done.cookie == cookie and empty:
            raise ReadIncomplete(
                f"{self.server} sends the same empty page again and again during {what}.",
                "Try another `page_size`, or look into the server's log.",
            )
        return done.cookie or b""

    def _whole(self, entry: LdapEntry, search: Search) -> tuple[LdapEntry, int]:
        """Return an entry of a search with all its values, under its plain name; and how many ranges were joined."""
        if not search.extended:
            return self._join_ranges(entry)
        keep = tuple(name.lower() for name in search.extended)
        try:
            named = LdapEntry(extended_dn.parse(entry.dn).dn, entry.attributes)
            joined, ranged = self._join_ranges(named, _controls(search))
            return extended_dn.without_extension(joined, keep), ranged
        except ValueSyntaxError as error:
            raise ReadIncomplete(
                f"{self.server} sent a name that cannot be read, at {entry.dn}: {error}.",
                "Nothing can be concluded from what it sent. Look into the server's log, and report it.",
            ) from error

    def _join_ranges(self, entry: LdapEntry, asked: tuple[Control, ...] = ()) -> tuple[LdapEntry, int]:
        """Return the entry with all values of its ranged attributes, and how many attributes that were."""
        found = [(name, part) for name in entry.attributes if (part := ranges.read_range(name)) is not None]
        if not found:
            return entry, 0
        attributes = dict(entry.attributes)
        for name, part in found:
            values = attributes.pop(name)
            self._check_range(entry.dn, part, 0, len(values))
            # Active Directory sends the plain attribute too, empty.
            attributes[part.attribute] = self._to_the_last(entry.dn, part, values, asked)
        return LdapEntry(entry.dn, attributes), len(found)

    def _to_the_last(
        self, dn: str, part: ranges.Range, values: tuple[bytes, ...], asked: tuple[Control, ...]
    ) -> tuple[bytes, ...]:
        """Return all values of an attribute of which the first range came.

        Ranges count values, so that one who leaves meanwhile moves the next range up, past somebody who stays. So each
        begins with the last value of the one before; where another one stands there, all of them are fetched anew.
        """
        for _ in range(_TRIES):
            joined = list(values)
            while part.high is not None:
                part, more = self._next_range(dn, part.attribute, part.high, asked)
                if more[:1] != (joined[-1],) or (len(more) == 1 and part.high is not None):
                    break
                joined += more[1:]
            else:
                return tuple(joined)
            part, values = self._next_range(dn, part.attribute, 0, asked)
        raise self._changed(dn, part.attribute)

    def _next_range(
        self, dn: str, attribute: str, low: int, asked: tuple[Control, ...]
    ) -> tuple[ranges.Range, tuple[bytes, ...]]:
        what = f"the look-up of more values of {attribute} of {dn}"
        entry, done = self._ask_one(dn, _ANY_ENTRY, (ranges.from_index(attribute, low),), what, asked)
        if done.code != results.SUCCESS:
            raise results.refused_read(done, what, self.server)
        for name, values in entry.attributes.items() if entry is not None else ():
            part = ranges.read_range(name)
            if part is not None and part.attribute == attribute:
                self._check_range(dn, part, low, len(values))
                return part, values
        raise self._changed(dn, attribute)

    def _check_range(self, dn: str, part: ranges.Range, low: int, count: int) -> None:
        if part.low != low or (part.high is not None and part.high - part.low + 1 != count):
            raise self._changed(dn, part.attribute)

    def _changed(self, dn: str, attribute: str) -> ReadIncomplete:
        return ReadIncomplete(
            f"{self.server} did not send all values of {attribute} of {dn}: the pieces do not join.",
            "The entry was probably changed during the read. Run again.",
        )

    def _ask_one(
        self, dn: str, wanted: filters.Filter, attributes: tuple[str, ...], what: str, asked: tuple[Control, ...] = ()
    ) -> tuple[LdapEntry | None, Done]:
        """Search one entry on a connection that no read uses; return it, if it came, and how the search ended."""
        conversation = self._connection_beside()
        conversation.ask(SearchRequest(dn, Scope.BASE, wanted, attributes, asked), what)
        entries: list[LdapEntry] = []
        while True:
            part = conversation.receive()
            entries += conversation.decode(part)[0]
            if part.done is not None:
                return (entries[0] if entries else None), part.done

    def _connection(self) -> Conversation:
        if self._main is None:
            raise DirectoryUnavailable(f"The connection to {self.server} is closed.", "Connect again.")
        return self._main

    def _connection_beside(self) -> Conversation:
        main = self._connection()
        if not self._reading:
            return main
        if self._second is None:
            self._second = self._again()
        return self._second


def _controls(search: Search) -> tuple[Control, ...]:
    return (extended_dn.control(),) if search.extended else ()
