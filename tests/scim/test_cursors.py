"""Listings by cursors (RFC 9865), from services as they are in the field."""

import dataclasses
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.errors import NotScim, RequestRejected
from ldap2scim.findings import Finding
from ldap2scim.model import ResourceType
from ldap2scim.scim.listing import list_resources
from ldap2scim.scim.profiles import by_name
from ldap2scim.scim.provider import Capabilities, Json, ScimRequest, ScimResponse
from ldap2scim.scim.requests import Page

AWS = by_name("aws")
Answer = Callable[[Mapping[str, str]], dict[str, Any]]
"""From a query to the body of an answer."""


class Service:
    """Answers listings as a test says."""

    def __init__(self, answer: Answer, able: Capabilities | None = None) -> None:
        self._answer = answer
        self._able = able or dataclasses.replace(AWS.assumed, cursor=True)
        self.asked: list[Mapping[str, str]] = []

    async def capabilities(self) -> Capabilities:
        """Return what the service says of itself."""
        return self._able

    async def send(self, request: ScimRequest) -> ScimResponse:
        """Answer one page."""
        query = {**dict(request.query), **(request.body or {})}
        self.asked.append(query)
        assert len(self.asked) < 2000, "the listing does not end"
        return ScimResponse(200, self._answer(query))

    def list_all(
        self, resource_type: ResourceType, scim_filter: str | None = None, excluded: tuple[str, ...] = ()
    ) -> AsyncIterator[Json]:
        """Not asked here."""
        raise NotImplementedError


async def read(service: Service, wanted: str | None = None, notes: list[Finding] | None = None) -> list[str]:
    """Return the ids of a listing."""
    note = [] if notes is None else notes
    page = Page(wanted, excluded=("members",))
    return [one["id"] async for one in list_resources(service, AWS, ResourceType.USER, page, note.append)]


def held(count: int, size: int, *, total: int | None = None) -> Answer:
    """Return a service of `count` users in pages of `size`, without totals unless one is given."""

    def answer(query: Mapping[str, str]) -> dict[str, Any]:
        first = int(query["cursor"] or 0)
        page: dict[str, Any] = {"itemsPerPage": size}
        page["Resources"] = [{"id": str(n)} for n in range(first, min(count, first + size))]
        if first + size < count:
            page["nextCursor"] = str(first + size)
        return page if total is None else page | {"totalResults": total}

    return answer


@given(st.integers(0, 40), st.integers(1, 9))
async def test_an_honest_service_is_read_whole(count: int, size: int) -> None:
    """From the empty cursor to the answer that has none; no index is ever sent, nor what AWS refuses."""
    service = Service(held(count, size))

    assert await read(service) == [str(n) for n in range(count)]
    assert service.asked[0] == {"cursor": "", "count": "100"}
    assert all(not {"startIndex", "excludedAttributes"} & set(query) for query in service.asked)


async def test_a_cursor_that_is_a_number_is_no_end() -> None:
    """RFC 9865 says a text; a listing that gives no totals would end after its first page without a word."""
    pages: dict[str, dict[str, Any]] = {
        "": {"Resources": [{"id": "1"}], "itemsPerPage": 1, "nextCursor": 1},
        "1": {"Resources": [{"id": "2"}], "itemsPerPage": 1, "nextCursor": 0},
    }
    assert await read(Service(lambda query: pages[query["cursor"]])) == ["1", "2"]


async def test_an_empty_page_in_the_middle_is_no_end() -> None:
    """A service may sort out a whole page (RFC 9865 §2)."""
    pages = {"": ([], "a"), "a": (["1"], "b"), "b": ([], "c"), "c": (["2"], None)}

    def answer(query: Mapping[str, str]) -> dict[str, Any]:
        ids, following = pages[query["cursor"]]
        return {"Resources": [{"id": one} for one in ids], "nextCursor": following}

    assert await read(Service(answer)) == ["1", "2"]


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        (lambda _: {"Resources": [{"id": "1"}], "nextCursor": "same"}, "the same cursor again"),
        (lambda q: {"Resources": [{"id": "1"}], "nextCursor": q["cursor"] + "x"}, "the same page again after 1"),
        (lambda q: {"Resources": [], "nextCursor": q["cursor"] + "x"}, "one empty page after the other"),
        (lambda _: {"Resources": [{"id": "1"}], "totalResults": 7}, "ends after 1 resources, .* says 7"),
        (lambda _: {"Resources": [{"userName": "a"}]}, "without an id"),
        (lambda _: {"detail": "no"}, "no list response"),
    ],
    ids=["cursor-repeated", "page-repeated", "nothing-forever", "short", "no-id", "no-list"],
)
async def test_what_contradicts_itself_is_not_complete(answer: Answer, wrong: str) -> None:
    """No wrong answer is taken for an end, and none is followed forever."""
    with pytest.raises(NotScim, match=wrong):
        await read(Service(answer))


@pytest.mark.parametrize("knows", [True, False], ids=["answers", "refuses"])
async def test_a_service_that_knows_no_cursors_is_read_by_index(knows: bool) -> None:
    """It answers the first question as RFC 7644 says, or refuses it; everybody is read in either case, once."""

    def answer(query: Mapping[str, str]) -> dict[str, Any]:
        if "cursor" in query and not knows:
            raise RequestRejected("no such parameter", "", 400)
        start = int(query.get("startIndex", 1))
        users = [{"id": str(n)} for n in range(1, 8)]
        return {"totalResults": 7, "startIndex": start, "Resources": users[start - 1 : start + 2]}

    assert await read(Service(answer)) == [str(n) for n in range(1, 8)]


async def test_a_filter_that_the_service_has_not_is_applied_here() -> None:
    """AWS compares with `eq` and joins with `and`; anything else is read whole and sorted out, without a complaint."""
    users = [{"id": "1", "userName": "aiko"}, {"id": "2", "userName": "ben"}]
    service, notes = Service(lambda _: {"Resources": users}), list[Finding]()

    assert await read(service, 'userName sw "a" or userName eq "zoe"', notes) == ["1"]
    assert "filter" not in service.asked[0]
    assert notes == []
    await read(service, 'userName eq "aiko"', notes)
    assert service.asked[1]["filter"] == 'userName eq "aiko"'
    assert [note.rule for note in notes] == ["service-ignores-filter"]
