"""Reads a listing page after page to its proven end, over any provider."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Final

from ldap2scim.errors import NotScim, RequestRejected, ResourceNotFound, ServiceUnavailable
from ldap2scim.findings import Finding, Severity
from ldap2scim.model import ResourceType
from ldap2scim.scim.cursors import CursorListing, is_by_index
from ldap2scim.scim.filter_match import matches, values_of
from ldap2scim.scim.filter_parser import FilterProblem, ParsedFilter, parse
from ldap2scim.scim.filters import operators
from ldap2scim.scim.paging import Listing
from ldap2scim.scim.profiles import Profile
from ldap2scim.scim.provider import Json, ServiceProvider
from ldap2scim.scim.requests import Page, list_page
from ldap2scim.scim.schemas import ENDPOINT

UNKNOWN_PAGE: Final = 100
"""Resources asked for at once where the service does not say how many it gives; no known one refuses it."""


async def list_resources(
    provider: ServiceProvider,
    profile: Profile,
    resource_type: ResourceType,
    wanted: Page,
    note: Callable[[Finding], None],
) -> AsyncIterator[Json]:
    """Yield every resource that the filter of `wanted` asks for.

    Raises:
        RequestRejected: the filter cannot be read.
        NotScim: the listing is not complete, or the service ignores the filter in a way that cannot be mended.
    """
    check = _check(wanted.scim_filter)
    capabilities = await provider.capabilities()
    asks = capabilities.filter and _understands(profile, check)
    page = replace(
        wanted,
        scim_filter=wanted.scim_filter if asks else None,
        count=min(capabilities.max_results or UNKNOWN_PAGE, profile.page_size),
    )
    name = ENDPOINT[resource_type]
    listing: Listing | CursorListing = CursorListing(name) if capabilities.cursor else Listing(name)
    sieve = _Sieve(check, name, note if asks else _quietly)
    while not listing.complete:
        page = _next(page, listing)
        try:
            body = await _fetch(provider, profile, resource_type, page)
        except ServiceUnavailable as error:
            # Some services answer 500 to any `count`.
            if page.count is None or not _is_first(page) or error.status != 500:
                raise
            page = replace(page, count=None)
            continue
        except (RequestRejected, ResourceNotFound) as refusal:
            if isinstance(listing, Listing):
                listing.refused(refusal)
            elif _is_first(page):
                listing = Listing(name)  # it knows no cursors
            else:
                raise
            continue
        if isinstance(listing, CursorListing) and _is_first(page) and is_by_index(body):
            listing = Listing(name)
        for resource in listing.take(body):
            if sieve.lets_through(resource):
                yield resource
    sieve.finish()


def _next(page: Page, listing: Listing | CursorListing) -> Page:
    if isinstance(listing, CursorListing):
        return replace(page, start=None, cursor=listing.cursor)
    return replace(page, start=listing.next_start, cursor=None)


def _is_first(page: Page) -> bool:
    return page.start == 1 or page.cursor == ""


def _understands(profile: Profile, check: ParsedFilter | None) -> bool:
    """Say whether the service has every operator of a filter, and compares what it asks about."""
    if check is None:
        return True
    textual = profile.booleans_as_text and any(path.casefold() == "active" for path in check.attributes)
    return operators(check.root) <= profile.filter_operators and not textual


def _quietly(_: Finding) -> None:
    """The filter was not sent: that more came than it selects is nobody's fault."""


async def _fetch(provider: ServiceProvider, profile: Profile, resource_type: ResourceType, page: Page) -> Json:
    answer = await provider.send(list_page(resource_type, page, profile))
    return answer.body or {}


def _check(scim_filter: str | None) -> ParsedFilter | None:
    if not scim_filter:
        return None
    match parse(scim_filter):
        case ParsedFilter() as parsed:
            return parsed
        case FilterProblem() as problem:
            raise RequestRejected(f"The SCIM filter `{scim_filter}` cannot be read: {problem}.", "Correct the filter.")


class _Sieve:
    """Compares what came with what was asked for: some services ignore filters and return everybody."""

    def __init__(self, check: ParsedFilter | None, name: str, note: Callable[[Finding], None]) -> None:
        self._check = check
        self._name = name
        self._note = note
        self._left_out = 0
        self._seen: set[str] = set()

    def lets_through(self, resource: Json) -> bool:
        if self._check is None:
            return True
        self._seen.update(path for path in self._check.attributes if values_of(path, resource))
        if matches(self._check.root, resource):
            return True
        self._left_out += 1
        return False

    def finish(self) -> None:
        if self._check is None or not self._left_out:
            return
        unseen = [path for path in self._check.attributes if path not in self._seen]
        if unseen:
            raise NotScim(
                f"{self._name}: {self._left_out} resources came back that the filter does not select, and none shows "
                f"{', '.join(unseen)}: whether the service ignores the filter cannot be told.",
                "Choose a filter on attributes that the service returns, such as displayName or userName.",
            )
        self._note(
            Finding(
                "service-ignores-filter",
                Severity.NOTE,
                f"The service returned {self._left_out} resources of {self._name} that the filter does not select; "
                f"they were left out.",
                "Nothing needs to be done; reading takes longer than it could.",
            )
        )
