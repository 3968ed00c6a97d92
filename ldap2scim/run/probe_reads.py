"""Harmless questions to a service: what it says of itself, and whether its searches bear that out. Writes nothing."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from ldap2scim.errors import AccessRefused, ServiceError, ServiceUnavailable
from ldap2scim.model import ResourceType
from ldap2scim.run.probed import Findings
from ldap2scim.scim import requests
from ldap2scim.scim.capabilities import capabilities_of
from ldap2scim.scim.cursors import is_by_index, next_cursor
from ldap2scim.scim.filters import eq
from ldap2scim.scim.habits import ListingMethod, MembersShown, Paging
from ldap2scim.scim.layout import member_of, wire_name
from ldap2scim.scim.paging import resources_of, total_of
from ldap2scim.scim.profiles import Profile
from ldap2scim.scim.profiles.profile import OUTSIDE_THE_RFC
from ldap2scim.scim.provider import Json, ScimRequest, ServiceProvider
from ldap2scim.scim.requests import Page, Target
from ldap2scim.scim.wire import service_id, version_of

NOBODY: Final = "ldap2scim-probe-nobody-2f6b1c9e"
"""A login that no user has."""
USER, GROUP = ResourceType.USER, ResourceType.GROUP


class Reader:
    """Asks one service, and keeps what later questions need."""

    def __init__(self, service: ServiceProvider, profile: Profile, found: Findings) -> None:
        self.service = service
        self.profile = profile
        self.found = found
        self.users: list[Json] = []
        """The first page."""
        self._total = 0

    async def ask(self) -> None:
        """Ask everything.

        Raises:
            AccessRefused, ServiceUnavailable: no other question would be answered either.
        """
        await self._config()
        await self._schemas()
        for question in (self._listing, self._filters, self._paging, self._page_size, self._versions, self._members):
            await tried(question, self.found)

    async def _config(self) -> None:
        config = await self._document("/ServiceProviderConfig")
        known = capabilities_of(config, self.profile)
        named = (("PATCH", known.patch), ("filter", known.filter), ("ETag", known.etag), ("bulk", known.bulk))
        words = ", ".join(name if has else f"no {name}" for name, has in named)
        pages = f"; pages of at most {known.max_results}" if known.max_results else ""
        said = "says" if config is not None else "has no such end point; the profile assumes"
        self.found.note("ServiceProviderConfig", f"{said}: {words}{pages}")

    async def _schemas(self) -> None:
        types = await self._document("/ResourceTypes")
        listed = [str(member_of(one, "name")) for one in _objects(types or {})]
        self.found.note("ResourceTypes", ", ".join(listed) or "none are published")
        document = await self._document("/Schemas")
        schemas = _objects(document or {})
        urns = [str(member_of(one, "id")) for one in schemas]
        self.found.note("Schemas", ", ".join(urns) or "none are published")
        placed = tuple(
            (kind, attribute, str(member_of(schema, "id")))
            for kind, attributes in OUTSIDE_THE_RFC.items()
            for attribute in sorted(attributes)
            for schema in schemas
            if _defines(schema, wire_name(attribute)) and str(member_of(schema, "id")).endswith(kind.value)
        )
        if placed:
            words = ", ".join(f"{wire_name(name)} in {urn}" for _, name, urn in placed)
            self.found.note("Attributes beyond RFC 7643", words, placements=placed)

    async def _listing(self) -> None:
        other = {ListingMethod.GET: ListingMethod.SEARCH, ListingMethod.SEARCH: ListingMethod.GET}
        ways = (self.profile.listing, other[self.profile.listing])
        for way in ways:
            self.profile = replace(self.profile, listing=way)
            try:
                page = await self._page(Page(start=1, count=2))
            except ServiceError as error:
                if ends(error):
                    raise
                continue
            self.users, self._total = _objects(page), total_of(page) or 0
            how = "GET" if way is ListingMethod.GET else "POST to /.search"
            self.found.note("Listing of users", f"by {how}; it says that there are {self._total}", listing=way)
            kept = "is kept" if len(self.users) <= 2 else f"is not kept: {len(self.users)} came for 2"
            self.found.note("count", kept)
            return
        self.found.note("Listing of users", "neither GET nor POST to /.search was answered")

    async def _filters(self) -> None:
        if not self.users:
            return self.found.note("Filters", "cannot be tried, since no user is listed")
        user = self.users[0]
        login, external = member_of(user, "userName"), member_of(user, "externalId")
        self.found.note("Filter on userName", await self._filtered("userName", str(login), user))
        if not external:
            return self.found.note("Filter on externalId", "cannot be tried, since the first user has none")
        answer = await self._filtered("externalId", str(external), user)
        return self.found.note("Filter on externalId", answer, external_id_filter=answer == _WORKS)

    async def _filtered(self, attribute: str, value: str, user: Json) -> str:
        hit = _objects(await self._page(Page(eq(attribute, value))))
        miss = _objects(await self._page(Page(eq(attribute, NOBODY))))
        if miss:
            return "is ignored: everybody comes back"
        found = [service_id(one) for one in hit] == [service_id(user)]
        return _WORKS if found else f"finds {len(hit)} in place of the one who has it"

    async def _paging(self) -> None:
        first = await self._page(Page(cursor="", count=1))
        if next_cursor(first) and not is_by_index(first):
            self.found.note("Cursors (RFC 9865)", "lead from page to page")
            if total_of(first) is None:
                self.found.said["paging"] = Paging.CURSOR
        if self._total < 2 or not self.users:
            return
        second = _objects(await self._page(Page(start=2, count=1)))
        moved = bool(second) and service_id(second[0]) != service_id(self.users[0])
        self.found.note("Second page", "differs from the first" if moved else "is the first one again")
        await tried(self._beyond, self.found)

    async def _beyond(self) -> None:
        try:
            beyond = _objects(await self._page(Page(start=self._total + 1, count=2)))
        except ServiceError as error:
            if ends(error):
                raise
            return self.found.note("Beyond the end", f"refused with {error.status}")
        return self.found.note("Beyond the end", "gives resources again" if beyond else "is empty")

    async def _page_size(self) -> None:
        wanted = self.profile.page_size
        length = len(_objects(await self._page(Page(start=1, count=wanted))))
        if 0 < length < min(wanted, self._total):
            self.found.note("Greatest page", f"{length} of the {wanted} asked for", page_size=length)

    async def _versions(self) -> None:
        identifier = service_id(self.users[0]) if self.users else None
        if identifier is None:
            return
        answer = await self.service.send(requests.read(Target(USER, identifier)))
        version = answer.etag or version_of(answer.body or {})
        self.found.note("Versions", "are given (ETag)" if version else "are not given")

    async def _members(self) -> None:
        page = await self.service.send(requests.list_page(GROUP, Page(start=1, count=5), self.profile))
        groups = _objects(page.body or {})
        if any(member_of(one, "members") for one in groups):
            return self.found.note("Members of groups", "are shown in lists", members_shown=MembersShown.LISTS)
        for group in groups:
            identifier = service_id(group)
            if identifier is None:
                continue
            one = await self.service.send(requests.read(Target(GROUP, identifier)))
            if member_of(one.body or {}, "members"):
                shown = MembersShown.ONE_GROUP
                return self.found.note("Members of groups", "are shown by a GET of one group", members_shown=shown)
        return self.found.note("Members of groups", "no group that was looked at shows any")

    async def _page(self, page: Page) -> Json:
        return (await self.service.send(requests.list_page(USER, page, self.profile))).body or {}

    async def _document(self, path: str) -> Json | None:
        try:
            return (await self.service.send(ScimRequest("GET", path))).body
        except ServiceError as error:
            if ends(error):
                raise
            return None


def ends(error: ServiceError) -> bool:
    """Say whether no other question would be answered either: the token is refused, or nobody is there."""
    return isinstance(error, ServiceUnavailable) or (isinstance(error, AccessRefused) and error.status == 401)


async def tried(question: Callable[[], Awaitable[None]], found: Findings) -> None:
    """Ask one question; a refusal is an answer as well.

    Raises:
        AccessRefused, ServiceUnavailable: no other question would be answered either.
    """
    try:
        await question()
    except ServiceError as error:
        if ends(error):
            raise
        found.note(_name(question), error.message)


_WORKS: Final = "works"


def _name(question: Callable[[], Any]) -> str:
    return question.__name__.strip("_").replace("_", " ").capitalize()


def _objects(page: Json) -> list[Json]:
    """Return the resources of a page, as far as they are any."""
    return [one for one in resources_of(page) or () if isinstance(one, Mapping)]


def _defines(schema: Json, name: str) -> bool:
    attributes = member_of(schema, "attributes")
    listed = attributes if isinstance(attributes, list) else []
    return any(isinstance(one, Mapping) and str(member_of(one, "name")).casefold() == name.casefold() for one in listed)
