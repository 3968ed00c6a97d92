"""Reading a directory to the proven end, over connections that `client` opens. The `DirectoryReader` of LDAP."""

import logging
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Self

from ldap2scim.directory import extended_dn, filters, results, schema
from ldap2scim.directory.addresses import Address
from ldap2scim.directory.controls import Control
from ldap2scim.directory.conversation import Answer, Conversation
from ldap2scim.directory.decoder import Done
from ldap2scim.directory.encoder import Scope, SearchRequest
from ldap2scim.directory.entry import LdapEntry
from ldap2scim.directory.ldapsearch import ldapsearch_command
from ldap2scim.directory.range_retrieval import RangeRetrieval
from ldap2scim.directory.reader import Pages, Search, SearchProof
from ldap2scim.directory.settings import DirectorySettings
from ldap2scim.directory.syntaxes import ValueSyntaxError
from ldap2scim.errors import DirectoryUnavailable, ReadIncomplete

_LOGGER = logging.getLogger("ldap2scim.directory")
_ANY_ENTRY = filters.Present("objectClass")


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
        self._ranges = RangeRetrieval(self.server, self._ask_one)

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
        entry, done = self._ask_one(SearchRequest(dn, Scope.BASE, _ANY_ENTRY, attributes), what)
        if done.code == results.NO_SUCH_OBJECT:
            return None
        if done.code != results.SUCCESS:
            raise results.refused_read(done, what, self.server)
        if entry is None:
            raise ReadIncomplete(
                f"{self.server} does not show {dn}, and does not say that it is gone.",
                "Give the bind DN the right to read it.",
            )
        return self._ranges.join(entry)[0]

    def reread(self, name: str, search: Search) -> LdapEntry | None:
        """Read one entry by name as `search` would see it; None where it is not there, or its filter does not hold.

        Raises:
            DirectoryUnavailable: the connection was lost or the server is busy.
            ReadIncomplete: the server would not say (no rights, a referral).
            FilterError: the filter of the search cannot be read.
        """
        what = f"the look-up of {name}"
        wanted = filters.parse(search.filter)
        request = SearchRequest(name, Scope.BASE, wanted, search.attributes, _controls(search))
        entry, done = self._ask_one(request, what)
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
        root_dse = SearchRequest("", Scope.BASE, _ANY_ENTRY, ("subschemaSubentry",))
        root, _ = self._ask_one(root_dse, "the look-up of the root DSE")
        places = root.attributes.get("subschemasubentry", ()) if root is not None else ()
        if not places:
            return frozenset()
        place, subschema = places[0].decode("utf-8", "replace"), filters.equals("objectClass", "subschema")
        request = SearchRequest(place, Scope.BASE, subschema, ("attributeTypes",))
        entry, _ = self._ask_one(request, "the look-up of the schema")
        if entry is None or "attributetypes" not in entry.attributes:
            return frozenset()
        return schema.attribute_names(self._ranges.join(entry)[0].attributes["attributetypes"])

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
            return self._ranges.join(entry)
        keep = tuple(name.lower() for name in search.extended)
        try:
            named = LdapEntry(extended_dn.parse(entry.dn).dn, entry.attributes)
            joined, ranged = self._ranges.join(named, _controls(search))
            return extended_dn.without_extension(joined, keep), ranged
        except ValueSyntaxError as error:
            raise ReadIncomplete(
                f"{self.server} sent a name that cannot be read, at {entry.dn}: {error}.",
                "Nothing can be concluded from what it sent. Look into the server's log, and report it.",
            ) from error

    def _ask_one(self, request: SearchRequest, what: str) -> tuple[LdapEntry | None, Done]:
        """Search one entry on a connection that no read uses; return it, if it came, and how the search ended."""
        conversation = self._connection_beside()
        conversation.ask(request, what)
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
