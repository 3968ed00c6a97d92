"""Every profile: what its data claims is what the requests do."""

import dataclasses
from typing import Any

import orjson
import pytest

from ldap2scim.model import (
    COMPLEX_USER_ATTRIBUTES,
    MULTI_VALUED_USER_ATTRIBUTES,
    SINGLE_GROUP_ATTRIBUTES,
    SINGLE_USER_ATTRIBUTES,
    ResourceType,
)
from ldap2scim.scim import requests
from ldap2scim.scim.habits import MemberRemovals, MembersShown, Paging, UpdateMethod
from ldap2scim.scim.listing import list_resources
from ldap2scim.scim.patch import member_counts
from ldap2scim.scim.profiles import NAMES, Addressed, Profile, RateLimit, by_name
from ldap2scim.scim.provider import ScimRequest
from ldap2scim.scim.requests import Page, Target
from ldap2scim.scim.settings import Leavers
from ldap2scim.scim.wire import from_wire, managed_from
from tests.run.scripted import ScriptedProvider, view
from tests.scim.test_cursors import Service

USER, GROUP = ResourceType.USER, ResourceType.GROUP
PATCH, PUT = UpdateMethod.PATCH, UpdateMethod.PUT
G = Target(GROUP, "g")
CATALOGUE = {
    USER: {*SINGLE_USER_ATTRIBUTES, *COMPLEX_USER_ATTRIBUTES, *MULTI_VALUED_USER_ATTRIBUTES},
    GROUP: SINGLE_GROUP_ATTRIBUTES,
}
every = pytest.mark.parametrize("profile", [by_name(name) for name in NAMES], ids=NAMES)


@pytest.mark.parametrize(
    ("name", "methods", "paging", "removals", "shown"),
    [
        ("generic", (PATCH, PATCH), Paging.INDEX, MemberRemovals.BY_FILTER, MembersShown.LISTS),
        ("iij-id", (PATCH, PATCH), Paging.INDEX, MemberRemovals.BY_FILTER, MembersShown.LISTS),
        ("aws", (PUT, PATCH), Paging.CURSOR, MemberRemovals.BY_VALUE, MembersShown.NOWHERE),
        ("slack", (PATCH, PATCH), Paging.INDEX, MemberRemovals.BY_FILTER, MembersShown.LISTS),
        ("github-emu", (PATCH, PATCH), Paging.INDEX, MemberRemovals.BY_FILTER, MembersShown.LISTS),
        ("gitlab", (PATCH, PATCH), Paging.INDEX, MemberRemovals.BY_FILTER, MembersShown.LISTS),
        ("atlassian", (PATCH, PATCH), Paging.INDEX, MemberRemovals.BY_FILTER, MembersShown.LISTS),
        ("okta", (PUT, PATCH), Paging.INDEX, MemberRemovals.BY_FILTER, MembersShown.LISTS),
        ("entra", (PATCH, PATCH), Paging.INDEX, MemberRemovals.BY_VALUE, MembersShown.ONE_GROUP),
        ("zscaler", (PATCH, PATCH), Paging.INDEX, MemberRemovals.BY_FILTER, MembersShown.LISTS),
        ("miro", (PATCH, PATCH), Paging.INDEX, MemberRemovals.BY_FILTER, MembersShown.LISTS),
        ("google-workforce", (PATCH, PATCH), Paging.INDEX, MemberRemovals.BY_FILTER, MembersShown.LISTS),
    ],
)
def test_the_dialect_of_each(
    name: str,
    methods: tuple[UpdateMethod, UpdateMethod],
    paging: Paging,
    removals: MemberRemovals,
    shown: MembersShown,
) -> None:
    """Methods, pages and members as the service's own pages say, and as a run then uses them."""
    profile = by_name(name)
    seen = view(ScriptedProvider(), profile)

    assert [seen.patches(kind) for kind in ResourceType] == [method is PATCH for method in methods]
    assert (profile.paging, profile.member_removals, profile.members_shown) == (paging, removals, shown)
    (removal,) = requests.change_members(G, [], ["1"], profile)
    assert removal.body is not None
    assert ("value" in removal.body["Operations"][0]) is (removals is MemberRemovals.BY_VALUE)


@every
def test_no_request_is_larger_than_the_service_takes(profile: Profile) -> None:
    """Ten thousand members enter and leave; each is named once, within count and bytes."""
    ids = [f"{number:036}" for number in range(10_000)]

    sent = requests.change_members(G, ids, ids, profile)

    counts = [member_counts((one.body or {})["Operations"]) for one in sent]
    assert (sum(added for added, _ in counts), sum(removed for _, removed in counts)) == (10_000, 10_000)
    assert max(added + removed for added, removed in counts) <= profile.members_per_request
    assert max(len(orjson.dumps(one.body)) for one in sent) <= profile.bytes_per_request


@every
async def test_lists_are_read_as_the_service_pages(profile: Profile) -> None:
    """By cursor or index, never more at once than it gives; a filter that it has not is not sent."""
    able = dataclasses.replace(profile.assumed, cursor=profile.paging is Paging.CURSOR, max_results=100_000)
    service = Service(lambda _: {"Resources": [], "totalResults": 0}, able)
    page = Page('userName co "a"', excluded=("members",))
    async for _ in list_resources(service, profile, USER, page, lambda _: None):
        pass

    asked = service.asked[0]
    assert ("cursor" in asked) is (profile.paging is Paging.CURSOR)
    assert int(asked["count"]) <= profile.page_size
    assert ("filter" in asked) is ("co" in profile.filter_operators)
    assert ("excludedAttributes" in asked) is profile.projects


@every
def test_leaving_is_a_step_of_the_ladder(profile: Profile) -> None:
    """The default is one that the service has, and never one that nobody can undo."""
    assert profile.removal[0].state.value == "deactivated"
    assert profile.deletes_users or profile.leavers is Leavers.DEACTIVATE
    assert not (profile.lossy_deletion and profile.leavers is Leavers.DELETE)
    assert profile.lossy_deletion is (profile.name == "github-emu")


@every
def test_names_of_attributes_are_names(profile: Profile) -> None:
    """A misspelt one would be obeyed by nobody."""
    assert profile.one_value <= MULTI_VALUED_USER_ATTRIBUTES.keys()
    for kind, names in profile.ignored.items():
        assert {name.partition(".")[0] for name in names} <= CATALOGUE[kind]
        assert names.isdisjoint({"user_name", "external_id", "active"})
    assert {one for names in profile.look_ups.values() for one in names} <= {"externalId", "userName", "displayName"}


@every
def test_booleans_that_come_as_text_are_read_as_meant(profile: Profile) -> None:
    """Zscaler answers "true"; others may begin to."""
    body = {"userName": "a", "active": "True"}

    assert from_wire(USER, body, profile, managed_from({"active"})) == {"active": True}


def limits_of(name: str, request: ScimRequest, size: int = 0) -> list[tuple[int, float, int | None]]:
    """Return the limits that hold for a request."""
    return [(one.requests, one.seconds, one.burst) for one in by_name(name).limits if one.holds_for(request, size)]


@pytest.mark.parametrize(
    ("name", "request_", "size", "expected"),
    [
        ("slack", ScimRequest("POST", "/Users"), 500, [(600, 60.0, 180), (180, 60.0, 20)]),
        ("slack", ScimRequest("GET", "/Users"), 0, [(1000, 60.0, 1000)]),
        ("slack", ScimRequest("GET", "/Users/1"), 0, [(1000, 60.0, 1000), (300, 60.0, 300)]),
        ("slack", ScimRequest("GET", "/ServiceProviderConfig"), 0, [(1000, 60.0, 1000)]),
        ("miro", ScimRequest("PATCH", "/Groups/1"), 501, [(5, 30.0, None)]),
        ("miro", ScimRequest("PATCH", "/Groups/1"), 499, [(100, 30.0, None)]),
        ("miro", ScimRequest("GET", "/Groups"), 0, [(5, 30.0, None)]),
        ("miro", ScimRequest("GET", "/Groups/1"), 0, [(20, 30.0, None)]),
        ("miro", ScimRequest("DELETE", "/Users/1"), 0, [(20, 30.0, None)]),
        ("zscaler", ScimRequest("DELETE", "/Users/1"), 0, [(5, 1.0, None)]),
        ("github-emu", ScimRequest("POST", "/Users"), 0, [(1000, 3600.0, None)]),
        ("generic", ScimRequest("POST", "/Users"), 0, []),
    ],
)
def test_the_published_limits(name: str, request_: ScimRequest, size: int, expected: list[Any]) -> None:
    """Each request is under those that the service's page names for it."""
    assert limits_of(name, request_, size) == expected


def test_a_search_is_sent_to_the_end_point() -> None:
    """`/Users/.search` is no user called `.search`."""
    limit = RateLimit(1, 1.0, addressed=Addressed.RESOURCE)

    assert not limit.holds_for(ScimRequest("POST", "/Users/.search"), 0)
    assert limit.holds_for(ScimRequest("GET", "/Users/1"), 0)
