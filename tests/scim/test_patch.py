"""Changes → PATCH operations."""

import dataclasses

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.model import AttributeValue, ResourceType
from ldap2scim.planning.operations import AttributeChange
from ldap2scim.scim.patch import attribute_operations, member_counts, member_requests, patch_op
from ldap2scim.scim.profiles import MemberAdditions, MemberRemovals, PatchPaths, SmallRequest, by_name
from ldap2scim.scim.requests import Target, change_members
from tests.scim.strategies import sample

GENERIC, IIJ = by_name("generic"), by_name("iij-id")
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
OIDFJ = "urn:oidfj:params:scim:schemas:extention:enterprisejp:2.0:User"


@pytest.mark.parametrize(
    ("path", "old", "new", "expected"),
    [
        ("title", None, "Boss", [{"op": "add", "path": "title", "value": "Boss"}]),
        ("active", True, False, [{"op": "replace", "path": "active", "value": False}]),
        ("title", "Boss", None, [{"op": "remove", "path": "title"}]),
        ("name.family_name", "A", "B", [{"op": "replace", "path": "name.familyName", "value": "B"}]),
        ("enterprise.department", "A", "B", [{"op": "replace", "path": f"{ENTERPRISE}:department", "value": "B"}]),
        ("local_names.given_name", "A", None, [{"op": "remove", "path": f"{OIDFJ}:localNames.givenName"}]),
        ("extensions.urn:a:2.0:User.badge", None, 7, [{"op": "add", "path": "urn:a:2.0:User:badge", "value": 7}]),
        (
            "phone_numbers",
            None,
            ({"value": "tel:+81", "type": "work"},),
            [{"op": "replace", "path": "phoneNumbers", "value": [{"value": "tel:+81", "type": "work"}]}],
        ),
        ("emails", ({"value": "a"},), None, [{"op": "remove", "path": "emails"}]),
        (
            "name",
            {"family_name": "A", "given_name": "B"},
            {"family_name": "A", "middle_name": "C"},
            [
                {"op": "remove", "path": "name.givenName"},
                {"op": "add", "path": "name.middleName", "value": "C"},
            ],
        ),
        ("enterprise", {"department": "A"}, None, [{"op": "remove", "path": f"{ENTERPRISE}:department"}]),
    ],
)
def test_each_kind_of_change_has_its_operation(
    path: str, old: AttributeValue | None, new: AttributeValue | None, expected: list[object]
) -> None:
    """Paths, extension URNs and operations are those of RFC 7644 §3.5.2 and §3.10."""
    operations = attribute_operations(ResourceType.USER, [AttributeChange(path, old, new)], IIJ)

    assert expected == list(operations)


def test_members_are_added_and_removed_as_the_rfc_shows() -> None:
    """RFC 7644 §3.5.2.1 and §3.5.2.2."""
    (added,) = member_requests(["2819c223-7f76-453a-919d-413861904646"], [], GENERIC)
    (removed,) = member_requests([], ["2819c223-7f76-453a-919d-413861904646"], GENERIC)

    assert sample("rfc7644-3.5.2.1") == patch_op(added)
    assert sample("rfc7644-3.5.2.2") == patch_op(removed)


def test_one_new_member_is_one_small_request() -> None:
    """The size of the group does not matter: below 1 KB."""
    (request,) = change_members(
        Target(ResourceType.GROUP, "big"), ["2819c223-7f76-453a-919d-413861904646"], [], GENERIC
    )

    assert len(orjson.dumps(request.body)) < 1024


def test_ids_are_escaped_in_value_paths() -> None:
    """An id is any text, quotation marks and backslashes included."""
    ((operation,),) = member_requests([], ['a"]\\b'], GENERIC)

    assert operation["path"] == r'members[value eq "a\"]\\b"]'


@given(
    st.lists(st.text(st.characters(codec="ascii"), min_size=1, max_size=30), unique=True),
    st.lists(st.text(st.characters(codec="ascii"), min_size=1, max_size=30), unique=True),
    st.integers(1, 7),
    st.integers(60, 300),
)
def test_batches_keep_the_limits_and_lose_nobody(added: list[str], removed: list[str], count: int, size: int) -> None:
    """Every member is in exactly one request, in order; no request is over a limit unless one member alone is."""
    profile = dataclasses.replace(GENERIC, members_per_request=count, bytes_per_request=size)

    requests = member_requests(added, removed, profile)

    items = [[item for op in request for item in (op["value"] if op["op"] == "add" else [op])] for request in requests]
    flat = [item for batch in items for item in batch]
    assert [item["value"] for item in flat if "value" in item] == added
    assert len([item for item in flat if "path" in item]) == len(removed)
    for batch in items:
        assert len(batch) <= count
        assert len(batch) == 1 or sum(len(orjson.dumps(item)) + 1 for item in batch) <= size


def test_no_body_is_larger_than_the_profile_allows() -> None:
    """What is measured is the whole body, its envelope included."""
    profile = dataclasses.replace(GENERIC, members_per_request=10_000, bytes_per_request=500)

    bodies = [patch_op(one) for one in member_requests([f"{n:036}" for n in range(100)], ["a" * 36] * 20, profile)]

    assert max(len(orjson.dumps(body)) for body in bodies) in range(400, 501)


def test_a_service_that_reads_no_paths_gets_its_values_whole() -> None:
    """RFC 7644 §3.5.2 allows a value that is a part of the resource; a removal keeps its path."""
    profile = dataclasses.replace(IIJ, patch_paths=PatchPaths.IN_VALUE)
    changes = [
        AttributeChange("title", "A", "B"),
        AttributeChange("name.family_name", None, "C"),
        AttributeChange("enterprise.department", "A", "B"),
        AttributeChange("user_type", "A", None),
    ]

    assert attribute_operations(ResourceType.USER, changes, profile) == (
        {"op": "replace", "value": {"title": "B"}},
        {"op": "add", "value": {"name": {"familyName": "C"}}},
        {"op": "replace", "value": {ENTERPRISE: {"department": "B"}}},
        {"op": "remove", "path": "userType"},
    )
    assert member_requests(["1"], ["2"], profile) == (
        ({"op": "remove", "path": 'members[value eq "2"]'},),
        ({"op": "add", "value": {"members": [{"value": "1"}]}},),
    )


def test_members_one_operation_each() -> None:
    """Some services take the first value of an array alone."""
    profile = dataclasses.replace(GENERIC, member_additions=MemberAdditions.ONE_EACH)

    (operations,) = member_requests(["1", "2"], [], profile, groups={"2"})

    assert operations == (
        {"op": "add", "path": "members", "value": [{"value": "1"}]},
        {"op": "add", "path": "members", "value": [{"value": "2", "type": "Group"}]},
    )


def test_members_removed_by_value() -> None:
    """One operation with all of them, where a service knows no value paths."""
    profile = dataclasses.replace(GENERIC, member_removals=MemberRemovals.BY_VALUE, members_per_request=2)

    assert [one for (one,) in member_requests([], ["1", "2", "3"], profile)] == [
        {"op": "remove", "path": "members", "value": [{"value": "1"}, {"value": "2"}]},
        {"op": "remove", "path": "members", "value": [{"value": "3"}]},
    ]


@given(
    st.lists(st.text(min_size=1), max_size=9),
    st.lists(st.text(min_size=1), max_size=9),
    st.sampled_from(PatchPaths),
    st.sampled_from(MemberAdditions),
    st.sampled_from(MemberRemovals),
)
def test_members_are_counted_in_every_dialect(
    added: list[str], removed: list[str], paths: PatchPaths, additions: MemberAdditions, removals: MemberRemovals
) -> None:
    """What a batch that went through has done is known, however it is written."""
    profile = dataclasses.replace(
        GENERIC, patch_paths=paths, member_additions=additions, member_removals=removals, members_per_request=4
    )

    counts = [member_counts(operations) for operations in member_requests(added, removed, profile)]

    assert sum(one for one, _ in counts) == len(added)
    assert sum(one for _, one in counts) == len(removed)
    assert all(a + r <= 4 for a, r in counts)


@pytest.mark.parametrize(("members", "requests", "largest"), [(1, 1, 500), (60, 4, 500), (500, 1, 50_000)])
def test_small_requests_are_preferred_while_they_are_cheaper(members: int, requests: int, largest: int) -> None:
    """A service that limits large bodies twenty times as hard: a few members go in small ones, many in a large one."""
    profile = dataclasses.replace(
        GENERIC, members_per_request=8000, bytes_per_request=800_000, small_request=SmallRequest(500, worth=20)
    )

    bodies = [orjson.dumps(patch_op(one)) for one in member_requests([f"{n:012}" for n in range(members)], [], profile)]

    assert len(bodies) == requests
    assert max(map(len, bodies)) <= largest
