"""What the client makes of a service's words about itself, and of its lists."""

import asyncio

import httpx
import pytest

from ldap2scim.errors import (
    AccessRefused,
    NotScim,
    RequestRejected,
)
from ldap2scim.scim import requests
from ldap2scim.scim.client import ScimConnection
from ldap2scim.scim.provider import Json
from tests.scim.answering import BOB, GENERIC, GROUP, Service, connection, scim, scim_error


async def test_the_base_url_of_the_iij_id_service_is_known() -> None:
    """It need not be written in the settings."""
    service = Service(scim(204))
    async with connection(service, profile="iij-id", base_url="") as provider:
        await provider.send(requests.delete(BOB))

    assert str(service.asked[0].url) == "https://scim.auth.iij.jp/scim/v2/Users/bob"


@pytest.mark.parametrize("answer", [scim_error(404), httpx.Response(404), scim_error(403), scim_error(501)])
async def test_a_service_without_discovery_is_as_its_profile_assumes(answer: httpx.Response) -> None:
    """Asked once only."""
    service = Service(answer)
    async with connection(service) as provider:
        first, second = await asyncio.gather(provider.capabilities(), provider.capabilities())

    assert first == second == GENERIC.assumed
    assert len(service.asked) == 1


async def test_a_wrong_token_is_not_taken_for_missing_discovery() -> None:
    """401 is said at once."""
    async with connection(Service(scim_error(401))) as provider:
        with pytest.raises(AccessRefused):
            await provider.capabilities()


def everybody(count: int, size: int = 1000, config: Json | None = None) -> Service:
    """Return a service that ignores filters and has `count` groups."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/ServiceProviderConfig"):
            return scim(200, config or {"filter": {"supported": True, "maxResults": size}})
        start = int(request.url.params.get("startIndex", 1))
        asked = int(request.url.params.get("count", 10_000))
        held = [{"id": str(n), "displayName": f"G{n % 3}"} for n in range(count)][start - 1 :][: min(asked, size)]
        return scim(200, {"totalResults": count, "Resources": held})

    return Service(answer)


async def ids(provider: ScimConnection, scim_filter: str | None = None) -> list[str]:
    """Return the ids of a listing of groups."""
    return [resource["id"] async for resource in provider.list_all(GROUP, scim_filter, ("members",))]


async def test_a_listing_is_read_page_after_page() -> None:
    """In pages as large as the service gives, without the attributes that are not wanted."""
    service = everybody(450, 200)
    async with connection(service) as provider:
        assert await ids(provider) == [str(n) for n in range(450)]

    pages = [dict(asked.url.params) for asked in service.asked[1:]]
    assert [page["startIndex"] for page in pages] == ["1", "201", "401", "451"]
    assert {page["count"] for page in pages} == {"200"}
    assert {page["excludedAttributes"] for page in pages} == {"members"}


async def test_a_service_that_ignores_the_filter_is_noticed_and_mended() -> None:
    """Everybody comes back; only those asked for are given, and it is noted once."""
    async with connection(everybody(30)) as provider:
        chosen = await ids(provider, 'displayName eq "g1"')
        await ids(provider, 'displayName eq "g1"')

        assert chosen == [str(n) for n in range(30) if n % 3 == 1]
        assert [note.rule for note in provider.notes] == ["service-ignores-filter"]


async def test_the_pair_that_owns_no_group_gets_none_even_from_a_service_that_ignores_filters() -> None:
    """`displayName eq ""` must never come to mean everybody."""
    async with connection(everybody(30)) as provider:
        assert await ids(provider, 'displayName eq ""') == []


async def test_a_filter_on_what_the_service_does_not_show_cannot_be_mended() -> None:
    """Whether nobody was selected, or the filter ignored, is not known: the listing fails."""
    async with connection(everybody(30)) as provider:
        with pytest.raises(NotScim, match="cannot be told"):
            await ids(provider, 'externalId eq "x"')


async def test_a_service_without_filters_is_filtered_here() -> None:
    """It is not even asked to."""
    service = everybody(9, config={"filter": {"supported": False}})
    async with connection(service) as provider:
        assert len(await ids(provider, 'displayName eq "G0"')) == 3

    assert "filter" not in service.asked[1].url.params


async def test_a_filter_that_cannot_be_read_is_refused_with_its_column() -> None:
    """Nothing is asked of the service."""
    service = everybody(9)
    async with connection(service) as provider:
        with pytest.raises(RequestRejected, match="column 13"):
            await ids(provider, "displayName = 1")

    assert service.asked == []


async def test_a_service_that_breaks_on_count_is_asked_without() -> None:
    """Any `count` answered with 500 is a known habit."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/ServiceProviderConfig"):
            return scim_error(404)
        if "count" in request.url.params:
            return scim_error(500)
        held = [{"id": "1"}] if request.url.params["startIndex"] == "1" else []
        return scim(200, {"totalResults": 1, "Resources": held})

    async with connection(Service(answer)) as provider:
        assert await ids(provider) == ["1"]


async def test_a_listing_that_is_cut_short_is_an_error() -> None:
    """Never an end."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/ServiceProviderConfig"):
            return scim_error(404)
        return scim(
            200, {"totalResults": 9, "Resources": [{"id": "1"}] if request.url.params["startIndex"] == "1" else []}
        )

    async with connection(Service(answer)) as provider:
        with pytest.raises(NotScim, match="not complete"):
            await ids(provider)
