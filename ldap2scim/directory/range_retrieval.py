"""An attribute of many values that a server sends in pieces, fetched to its last (MS-ADTS §3.1.1.3.1.3.3)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ldap2scim.directory import filters, ranges, results
from ldap2scim.directory.controls import Control
from ldap2scim.directory.decoder import Done
from ldap2scim.directory.encoder import Scope, SearchRequest
from ldap2scim.directory.entry import LdapEntry
from ldap2scim.errors import ReadIncomplete

_ANY_ENTRY: Final = filters.Present("objectClass")
_TRIES: Final = 5
"""How often an attribute is fetched that changes meanwhile."""


@dataclass(frozen=True, slots=True)
class RangeRetrieval:
    """Fetches what is missing of an entry from the server that sent it."""

    server: str
    ask_one: Callable[[SearchRequest, str], tuple[LdapEntry | None, Done]]
    """Searches one entry; a clause says for messages what is looked for."""

    def join(self, entry: LdapEntry, asked: tuple[Control, ...] = ()) -> tuple[LdapEntry, int]:
        """Return the entry with all values of its ranged attributes, and how many attributes that were.

        Args:
            entry: as it came.
            asked: the controls that it was asked for with.

        Raises:
            DirectoryUnavailable: the connection was lost or the server is busy.
            ReadIncomplete: the pieces do not join, or the server would not send them.
        """
        found = [(name, part) for name in entry.attributes if (part := ranges.read_range(name)) is not None]
        if not found:
            return entry, 0
        attributes = dict(entry.attributes)
        for name, part in found:
            values = attributes.pop(name)
            self._check(entry.dn, part, 0, len(values))
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
                part, more = self._next(dn, part.attribute, part.high, asked)
                if more[:1] != (joined[-1],) or (len(more) == 1 and part.high is not None):
                    break
                joined += more[1:]
            else:
                return tuple(joined)
            part, values = self._next(dn, part.attribute, 0, asked)
        raise self._changed(dn, part.attribute)

    def _next(
        self, dn: str, attribute: str, low: int, asked: tuple[Control, ...]
    ) -> tuple[ranges.Range, tuple[bytes, ...]]:
        what = f"the look-up of more values of {attribute} of {dn}"
        request = SearchRequest(dn, Scope.BASE, _ANY_ENTRY, (ranges.from_index(attribute, low),), asked)
        entry, done = self.ask_one(request, what)
        if done.code != results.SUCCESS:
            raise results.refused_read(done, what, self.server)
        for name, values in entry.attributes.items() if entry is not None else ():
            part = ranges.read_range(name)
            if part is not None and part.attribute == attribute:
                self._check(dn, part, low, len(values))
                return part, values
        raise self._changed(dn, attribute)

    def _check(self, dn: str, part: ranges.Range, low: int, count: int) -> None:
        if part.low != low or (part.high is not None and part.high - part.low + 1 != count):
            raise self._changed(dn, part.attribute)

    def _changed(self, dn: str, attribute: str) -> ReadIncomplete:
        return ReadIncomplete(
            f"{self.server} did not send all values of {attribute} of {dn}: the pieces do not join.",
            "The entry was probably changed during the read. Run again.",
        )
