"""When is a listing by cursors complete (RFC 9865)? Pure.

The end is an answer without `nextCursor`. It proves nothing where the service has not looked at the cursor at all and
answered with the first page of an index listing, where it gives a cursor again that it gave before, or where its
total speaks of more; none of these is taken for an end.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ldap2scim.errors import NotScim
from ldap2scim.scim.layout import member_of
from ldap2scim.scim.paging import REMEDY, resources_of, total_of
from ldap2scim.scim.provider import Json
from ldap2scim.scim.wire import service_id

MOST_EMPTY_PAGES: Final = 1000
"""In a row: a service may sort out a whole page, but not forever."""


def is_by_index(page: Json) -> bool:
    """Say whether the answer to a first question with a cursor is one of RFC 7644: the cursor was not looked at."""
    return not next_cursor(page) and member_of(page, "startIndex") is not None


def next_cursor(page: Json) -> str | None:
    """Return the cursor of the next page; None on the last one."""
    value = member_of(page, "nextCursor")
    # RFC 9865 §2 says a text. Some give the number that they count by: it is no end.
    return str(value) if value else None


@dataclass(slots=True)
class CursorListing:
    """What was seen of a listing so far; grows page by page."""

    name: str
    """Of the end point, for messages: `/Users`."""
    cursor: str = ""
    """Of the next page; empty: the first (RFC 9865 §2)."""
    complete: bool = False
    _seen: set[str] = field(default_factory=set)
    _used: set[str] = field(default_factory=set)
    _empty_pages: int = 0

    def take(self, page: Json) -> list[Mapping[str, Any]]:
        """Return the resources of a page that are new, each with its `id` as text.

        Raises:
            NotScim: the pages contradict one another, or are no listing.
        """
        resources = resources_of(page, with_cursor=True)
        if resources is None:
            raise self._broken("is no list response")
        fresh: list[Mapping[str, Any]] = []
        for resource in resources:
            identifier = service_id(resource) if isinstance(resource, Mapping) else None
            if identifier is None:
                raise self._broken("holds a resource without an id")
            if identifier not in self._seen:
                self._seen.add(identifier)
                fresh.append({**resource, "id": identifier})
        self._go_on(next_cursor(page), len(resources), len(fresh))
        if self.complete:
            self._prove(total_of(page), len(resources))
        return fresh

    def _go_on(self, following: str | None, length: int, fresh: int) -> None:
        self._empty_pages = 0 if length else self._empty_pages + 1
        if following is None:
            self.complete = True
        elif following in self._used:
            raise self._broken("gives the same cursor again")
        elif length and not fresh:
            raise self._broken(f"gives the same page again after {len(self._seen)} resources")
        elif self._empty_pages > MOST_EMPTY_PAGES:
            raise self._broken("gives one empty page after the other")
        else:
            self._used.add(following)
            self.cursor = following

    def _prove(self, total: int | None, length: int) -> None:
        # A total that is the length of its own page tells nothing about the whole.
        if total is not None and total > len(self._seen) and total != length:
            raise self._broken(f"ends after {len(self._seen)} resources, of which its total says {total}")

    def _broken(self, what: str) -> NotScim:
        return NotScim(f"The listing of {self.name} {what}; the listing is not complete.", REMEDY)
