"""When is a listing complete (RFC 7644 §3.4.2.4)? Pure.

Hard, because services in the field give wrong or changing totals, short pages, and beyond the end the first
page again. What counts as the proven end:

1. a page without anything new, when as many resources were seen as the total says; one page more than
   needed is asked for, since a total that is merely the length of the page looks complete otherwise;
2. an empty page, where the service gives no total, or one that is refuted: less than what came, or always the
   length of its page.

Everything else is a listing that is not complete.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ldap2scim.errors import NotScim
from ldap2scim.scim.layout import member_of
from ldap2scim.scim.provider import Json
from ldap2scim.scim.wire import service_id

REMEDY = "Nothing was concluded from it. Run again; if it stays so, ask the operator of the service."


def resources_of(page: Json, *, with_cursor: bool = False) -> list[Any] | None:
    """Return the resources of a page; None where it is no list response."""
    resources = member_of(page, "Resources")
    if isinstance(resources, list):
        return resources
    # RFC 7644 §3.4.2: left out where there are none. With cursors the total may be left out as well.
    told = total_of(page) is not None or (with_cursor and member_of(page, "itemsPerPage") is not None)
    return [] if resources is None and told else None


def total_of(page: Json) -> int | None:
    """Return how many resources the service says that it has."""
    given = member_of(page, "totalResults")
    return int(given) if isinstance(given, int) or (isinstance(given, str) and given.isdecimal()) else None


@dataclass(slots=True)
class Listing:
    """What was seen of a listing so far; grows page by page."""

    name: str
    """Of the end point, for messages: `/Users`."""
    next_start: int = 1
    complete: bool = False
    _seen: set[str] = field(default_factory=set)
    _total: int | None = None
    _total_is_length: bool = True
    """Every total so far was the length of its own page: it tells nothing about the whole."""

    def take(self, page: Json) -> list[Mapping[str, Any]]:
        """Return the resources of a page that are new, each with its `id` as text.

        Raises:
            NotScim: the pages contradict one another, or are no listing.
        """
        resources = resources_of(page)
        if resources is None:
            raise self._broken("is no list response")
        self._count(total_of(page), len(resources))
        fresh: list[Mapping[str, Any]] = []
        for resource in resources:
            identifier = service_id(resource) if isinstance(resource, Mapping) else None
            if identifier is None:
                raise self._broken("holds a resource without an id")
            if identifier not in self._seen:
                self._seen.add(identifier)
                fresh.append(resource if resource.get("id") == identifier else {**resource, "id": identifier})
        self.next_start += len(resources)
        if not fresh:
            self._end(len(resources))
        return fresh

    def refused(self, error: Exception) -> None:
        """Take a refusal of a page: some services refuse a start beyond the end.

        Raises:
            NotScim: more was still to come.
        """
        if not self._seen or len(self._seen) != self._total:
            raise error
        self.complete = True

    def _count(self, total: int | None, length: int) -> None:
        self._total_is_length = self._total_is_length and total == length
        if self.next_start > 1 and total != self._total and not self._total_is_length:
            raise self._broken(f"changed while it was read: its total was {self._total}, then {total}")
        self._total = total

    def _end(self, length: int) -> None:
        seen = len(self._seen)
        unknown = self._total is None or self._total < seen or (self._total_is_length and seen > 0)
        if self._total == seen or (unknown and length == 0):
            self.complete = True
            return
        if length:
            raise self._broken(f"gives the same page again after {seen} of {self._total} resources")
        raise self._broken(f"ends after {seen} resources, of which its total says {self._total}")

    def _broken(self, what: str) -> NotScim:
        return NotScim(f"The listing of {self.name} {what}; the listing is not complete.", REMEDY)
