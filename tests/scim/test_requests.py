"""Requests: methods, paths and bodies; which may be repeated; what PUT keeps."""

import pytest

from ldap2scim.model import Attributes, ResourceType
from ldap2scim.planning.operations import AttributeChange
from ldap2scim.scim import put, requests
from ldap2scim.scim.profiles import by_name
from ldap2scim.scim.provider import ScimRequest
from ldap2scim.scim.requests import Page, Target
from ldap2scim.scim.schemas import CORE, ENTERPRISE
from ldap2scim.scim.wire import managed_from

USER, GROUP = ResourceType.USER, ResourceType.GROUP
GENERIC, IIJ = by_name("generic"), by_name("iij-id")
BOB = Target(USER, "bob@example.jp/1", 'W/"1"')


def test_an_id_is_encoded_into_the_path() -> None:
    """Some services use logins as ids."""
    assert requests.delete(BOB) == ScimRequest("DELETE", "/Users/bob%40example.jp%2F1", if_match='W/"1"')
    assert requests.read(Target(GROUP, "営業"), ("members",)).path == "/Groups/%E5%96%B6%E6%A5%AD"


def test_a_leaver_is_disabled_by_one_small_patch() -> None:
    """`active` becomes false, with the version that it must still have."""
    request = requests.deactivate(BOB, GENERIC)

    assert request.method == "PATCH"
    assert request.if_match == 'W/"1"'
    assert request.body is not None
    assert request.body["Operations"] == [{"op": "replace", "path": "active", "value": False}]


def test_a_user_comes_back_as_the_profile_says() -> None:
    """Enabled together with what changed meanwhile, or created again."""
    changes = (AttributeChange("active", False, True), AttributeChange("title", "A", "B"))

    enabled = requests.activate(BOB, changes, GENERIC)
    again = requests.create_again({"user_name": "bob", "external_id": "1"}, IIJ)

    assert enabled.body is not None
    assert [operation["path"] for operation in enabled.body["Operations"]] == ["active", "title"]
    assert (again.method, again.path) == ("POST", "/Users")


def test_look_ups_go_the_way_the_service_documents() -> None:
    """By GET, or by POST to `/.search`, with the value escaped."""
    by_get = requests.find_by(USER, "externalId", 'a"b', GENERIC, ("groups", "x"))
    by_search = requests.list_page(USER, Page('externalId eq "1"', 1, 100, ("groups",)), IIJ)

    assert by_get == ScimRequest(
        "GET", "/Users", query=(("filter", 'externalId eq "a\\"b"'), ("excludedAttributes", "groups,x"))
    )
    assert (by_search.method, by_search.path) == ("POST", "/Users/.search")
    assert by_search.body == {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "filter": 'externalId eq "1"',
        "startIndex": 1,
        "count": 100,
        "excludedAttributes": ["groups"],
    }


@pytest.mark.parametrize(
    ("request_", "write", "repeatable"),
    [
        (requests.read(BOB), False, True),
        (requests.list_page(USER, Page(), IIJ), False, True),
        (requests.create(USER, {"user_name": "b"}, GENERIC), True, False),
        (requests.delete(BOB), True, True),
        (requests.replace(BOB, {}), True, True),
        (requests.deactivate(BOB, GENERIC), True, True),
        (requests.change_members(Target(GROUP, "g"), ["a"], [], GENERIC)[0], True, True),
        (
            ScimRequest("PATCH", "/Users/1", {"Operations": [{"op": "add", "path": "emails", "value": [{}]}]}),
            True,
            False,
        ),
    ],
)
def test_only_what_leaves_the_same_state_may_be_repeated(request_: ScimRequest, write: bool, repeatable: bool) -> None:
    """A POST that creates, and an addition to a list, may not."""
    assert (requests.is_write(request_), requests.is_repeatable(request_)) == (write, repeatable)


def test_put_keeps_what_is_not_managed_and_takes_away_what_is_not_desired() -> None:
    """Unmapped attributes, sub-attributes and extensions are sent back as they were read."""
    current = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:other"],
        "id": "1",
        "meta": {"version": "x"},
        "groups": [{"value": "g"}],
        "USERNAME": "old",
        "title": "Boss",
        "nickName": "kept",
        "name": {"familyName": "Old", "givenName": "gone", "formatted": "kept"},
        "emails": [{"value": "old"}],
        "urn:other": {"kept": 1},
        ENTERPRISE: {"department": "gone", "manager": {"value": "kept"}},
    }
    managed = managed_from(
        ["user_name", "title", "name.family_name", "name.given_name", "emails.value", "enterprise.department"]
    )
    desired: Attributes = {"user_name": "new", "name": {"family_name": "New"}, "emails": ({"value": "new"},)}

    body = put.with_attributes(USER, current, desired, managed, GENERIC)

    assert body == {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:other"],
        "id": "1",
        "userName": "new",
        "nickName": "kept",
        "name": {"familyName": "New", "formatted": "kept"},
        "emails": [{"value": "new"}],
        "urn:other": {"kept": 1},
        ENTERPRISE: {"manager": {"value": "kept"}},
    }
    assert current["name"] == {"familyName": "Old", "givenName": "gone", "formatted": "kept"}


def test_put_of_an_extension_attribute_touches_that_attribute_alone() -> None:
    """Managed extension attributes go, others under the same URN stay; a new schema is listed."""
    managed = managed_from(["extensions.urn:a:2.0.badge", "extensions.urn:b.x"])
    current = {"urn:a:2.0": {"badge": "1", "other": "2"}}

    body = put.with_attributes(USER, current, {"extensions": {"urn:b": {"x": "y"}}}, managed, GENERIC)

    assert body["urn:a:2.0"] == {"other": "2"}
    assert body["urn:b"] == {"x": "y"}
    assert "urn:b" in body["schemas"]


@pytest.mark.parametrize("schemas", [None, 5, [None, {"value": 1}], "urn:a", ["urn:a"]])
def test_put_over_schemas_in_any_shape(schemas: object) -> None:
    """What a service says of its schemas is kept as far as it is URNs, and breaks no load."""
    body = put.with_attributes(USER, {"schemas": schemas}, {"user_name": "b"}, managed_from(["user_name"]), GENERIC)
    assert body["schemas"] == [*(["urn:a"] if "urn:a" in str(schemas) else []), CORE[USER]]


def test_put_leaves_no_empty_container() -> None:
    """Some services refuse `{}`."""
    managed = managed_from(["name.family_name"])

    assert "name" not in put.with_attributes(USER, {"name": {"familyName": "A"}}, {"user_name": "b"}, managed, GENERIC)


def test_put_of_members_names_all_of_them() -> None:
    """The whole list is sent in place of whatever the service returned."""
    group = {"id": "g", "displayName": "G", "Members": [{"value": "x"}], "meta": {}}

    assert put.with_members(group, ["a", "b"]) == {
        "id": "g",
        "displayName": "G",
        "Members": [{"value": "a"}, {"value": "b"}],
    }
    assert put.with_activity({"userName": "b", "password": "x"}, active=False) == {"userName": "b", "active": False}
