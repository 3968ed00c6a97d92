"""When a listing is complete: pages of services as they are in the field."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.errors import NotScim, RequestRejected
from ldap2scim.scim.paging import Listing
from tests.scim.strategies import sample

Service = Callable[[int], dict[str, Any]]
"""From the start index to a page."""


def resources(count: int, first: int = 1) -> list[dict[str, Any]]:
    """Return resources with ids from `first`."""
    return [{"id": str(number)} for number in range(first, first + count)]


def service(held: int, size: int, total: Callable[[list[Any]], int | None] = lambda _: None) -> Service:
    """Return a service of `held` resources in pages of `size`; `total` of a page may be anything."""

    def page(start: int) -> dict[str, Any]:
        found = resources(held)[start - 1 : start - 1 + size]
        said = total(found)
        return {"Resources": found} if said is None else {"Resources": found, "totalResults": said}

    return page


def read(answer: Service) -> list[str]:
    """Read a listing to its end."""
    listing = Listing("/Users")
    ids: list[str] = []
    for _ in range(1000):
        if listing.complete:
            return ids
        ids.extend(resource["id"] for resource in listing.take(answer(listing.next_start)))
    pytest.fail("the listing does not end")


@given(st.integers(0, 40), st.integers(1, 9))
def test_an_honest_service_is_read_whole(held: int, size: int) -> None:
    """Whatever the size of its pages."""
    assert read(service(held, size, lambda _: held)) == [str(number) for number in range(1, held + 1)]


@given(st.integers(0, 40), st.integers(1, 9))
def test_a_service_without_totals_is_read_to_an_empty_page(held: int, size: int) -> None:
    """The end is proven by nothing more to come."""
    assert len(read(service(held, size))) == held


@given(st.integers(0, 40), st.integers(1, 9))
def test_a_total_that_is_the_length_of_its_page_tells_nothing(held: int, size: int) -> None:
    """A known habit; believing it would lose everybody after the first page."""
    assert len(read(service(held, size, len))) == held


def test_a_total_that_is_too_low_is_refuted_by_what_comes() -> None:
    """More came than was announced; then an empty page is the end."""
    assert len(read(service(9, 3, lambda _: 7))) == 9


def test_the_first_page_again_beyond_the_end_is_the_end() -> None:
    """When as many were seen as the total says."""
    assert len(read(lambda _: {"Resources": resources(5), "totalResults": 5})) == 5


def test_the_list_response_of_the_rfc() -> None:
    """RFC 7644 §3.4.2; without `Resources` there are none."""
    page = sample("rfc7644-3.4.2-list")

    assert len(read(lambda start: page if start == 1 else {"totalResults": 2})) == 2
    assert read(lambda _: {"totalResults": 0}) == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (service(50, 10, lambda _: 80), "ends after 50 resources, of which its total says 80"),
        (lambda _: {"Resources": resources(10), "totalResults": 50}, "same page again after 10 of 50"),
        (lambda _: {"Resources": resources(10)}, "same page again"),
        (lambda start: {"Resources": resources(2, start), "totalResults": 50 + start}, "changed while it was read"),
        (lambda _: {"Resources": [{"userName": "x"}], "totalResults": 1}, "without an id"),
        (lambda _: {"Resources": ["x"], "totalResults": 1}, "without an id"),
        (lambda _: {"hello": "world"}, "no list response"),
        (lambda _: {"Resources": [], "totalResults": 7}, "ends after 0"),
    ],
)
def test_a_contradiction_is_no_end(answer: Service, words: str) -> None:
    """The listing is not complete, and that is said."""
    with pytest.raises(NotScim, match=f"{words}.*not complete"):
        read(answer)


def test_a_resource_that_comes_twice_is_given_once() -> None:
    """Pages that overlap, since somebody was added meanwhile."""
    pages = {1: resources(3), 4: [{"id": "3"}, {"id": "4"}], 6: []}

    assert read(lambda start: {"Resources": pages[start], "totalResults": 4}) == ["1", "2", "3", "4"]


def test_ids_come_as_text() -> None:
    """Some services number their resources."""
    assert Listing("/Users").take({"Resources": [{"id": 7, "userName": "x"}], "totalResults": "1"}) == [
        {"id": "7", "userName": "x"}
    ]


def test_a_refusal_beyond_the_end_is_the_end() -> None:
    """And before the end it is an error."""
    listing, refusal = Listing("/Users"), RequestRejected("no")
    with pytest.raises(RequestRejected):
        listing.refused(refusal)
    listing.take({"Resources": resources(2), "totalResults": 2})

    listing.refused(refusal)

    assert listing.complete
