"""Attributes ↔ resources on the wire: an in-step service gives back our very essence."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.errors import SettingsError
from ldap2scim.essence import from_essence, to_essence
from ldap2scim.model import MULTI_VALUED_USER_ATTRIBUTES, Attributes, ResourceType
from ldap2scim.scim.profiles import by_name
from ldap2scim.scim.schemas import CORE, ENTERPRISE
from ldap2scim.scim.wire import from_wire, identifier_of, managed_from, service_id, to_wire, version_of
from tests.scim.strategies import everything_managed, groups, sample, users

USER, GROUP = ResourceType.USER, ResourceType.GROUP
GENERIC, IIJ = by_name("generic"), by_name("iij-id")


@given(users())
def test_a_user_in_step_reads_back_as_its_own_essence(attributes: Attributes) -> None:
    """What was sent comes back as the same essence, whatever the attributes."""
    managed = everything_managed(USER, attributes)

    held = from_wire(USER, to_wire(USER, attributes, IIJ), IIJ, managed, like=attributes)

    assert to_essence(attributes) == to_essence(held)


@given(groups())
def test_a_group_in_step_reads_back_as_its_own_essence(attributes: Attributes) -> None:
    """The same law for groups, without knowing what is expected."""
    held = from_wire(GROUP, to_wire(GROUP, attributes, IIJ), IIJ, everything_managed(GROUP, attributes))

    assert to_essence(attributes) == to_essence(held)


@given(users(), st.randoms(use_true_random=False))
def test_the_order_of_values_and_the_case_of_names_mean_nothing(attributes: Attributes, chance: random.Random) -> None:
    """A service may reorder the values of an attribute and write names in any case."""
    body = to_wire(USER, attributes, IIJ)
    for value in body.values():
        if isinstance(value, list):
            chance.shuffle(value)
    shouted = {name.upper(): value for name, value in body.items()}

    held = from_wire(USER, shouted, IIJ, everything_managed(USER, attributes), like=attributes)

    assert to_essence(attributes) == to_essence(held)


@given(users())
def test_an_essence_read_from_the_store_is_sent_as_the_attributes_were(attributes: Attributes) -> None:
    """Lists out of JSON and tuples out of the mapping make the same body."""
    stored = from_essence(to_essence(attributes))

    assert to_wire(USER, attributes, IIJ) == to_wire(USER, stored, IIJ)


@pytest.mark.parametrize("name", ["rfc7643-8.1", "rfc7643-8.2", "rfc7643-8.3"])
def test_the_users_of_the_rfc_are_read_and_written_alike(name: str) -> None:
    """Every attribute of ours in the examples survives the way in and out."""
    body = sample(name)
    managed = {name: subs for name, subs in everything_managed(USER, {}).items() if name != "extensions"}

    again = to_wire(USER, from_wire(USER, body, GENERIC, {k: v for k, v in managed.items() if _rfc(k)}), GENERIC)

    expected = {k: v for k, v in body.items() if k not in {"id", "meta", "password", "groups"}}
    if ENTERPRISE in expected:
        expected[ENTERPRISE] = {k: v for k, v in expected[ENTERPRISE].items() if k != "manager"}
    assert expected == again


def test_the_create_request_of_the_rfc_is_what_we_send() -> None:
    """RFC 7644 §3.3."""
    attributes: Attributes = {
        "user_name": "bjensen",
        "external_id": "bjensen",
        "name": {"formatted": "Ms. Barbara J Jensen III", "family_name": "Jensen", "given_name": "Barbara"},
    }

    assert sample("rfc7644-3.3") == to_wire(USER, attributes, GENERIC)


def test_only_what_is_managed_is_looked_at() -> None:
    """Attributes and sub-attributes that the mapping does not write are as if not there."""
    managed = managed_from(["user_name", "name.family_name", "emails.value"])

    held = from_wire(USER, sample("rfc7643-8.2"), GENERIC, managed)

    assert held == {
        "user_name": "bjensen@example.com",
        "name": {"family_name": "Jensen"},
        "emails": ({"value": "bjensen@example.com"}, {"value": "babs@jensen.org"}),
    }


def test_the_dialects_of_services_are_read_as_meant() -> None:
    """Booleans as text, numbers as text, null, empty texts and lists, plain values, false primaries."""
    body: dict[str, Any] = {
        "active": "True",
        "title": "",
        "displayName": None,
        "nickName": ["a list"],
        "timezone": True,
        "emails": ["a@example.jp", {"value": "b@example.jp", "primary": "false"}, {}, None],
        "phoneNumbers": [],
        ENTERPRISE: {"employeeNumber": 4711, "department": ""},
    }
    managed = everything_managed(USER, {})
    managed = {name: subs for name, subs in managed.items() if _rfc(name)}

    held = from_wire(USER, body, GENERIC, managed)

    assert held == {
        "active": True,
        "emails": ({"value": "a@example.jp"}, {"value": "b@example.jp"}),
        "enterprise": {"employee_number": "4711"},
    }


def test_values_that_are_not_ours_follow_those_that_are() -> None:
    """A value added by hand shows as a difference, and the order of ours stays."""
    body = {"emails": [{"value": "x@x"}, {"value": "b@b"}, {"value": "a@a"}]}
    like: Attributes = {"emails": ({"value": "a@a", "primary": False}, {"value": "b@b"})}

    held = from_wire(USER, body, GENERIC, {"emails": MULTI_VALUED_USER_ATTRIBUTES["emails"]}, like)

    assert held["emails"] == ({"value": "a@a", "primary": False}, {"value": "b@b"}, {"value": "x@x"})


def test_a_user_of_the_iij_id_service_has_its_schemas() -> None:
    """Attributes outside RFC 7643 go under the URN that the profile gives, and the URN is listed."""
    attributes: Attributes = {
        "downstream_id": "d",
        "local_names": {"family_name": "ヤマダ"},
        "extensions": {"urn:x": {"y": 1}},
    }

    body = to_wire(USER, attributes, IIJ)

    assert body["urn:iij:params:scim:schemas:extension:enterprisejp:2.0:User"] == {"downstreamId": "d"}
    assert body["urn:oidfj:params:scim:schemas:extention:enterprisejp:2.0:User"] == {
        "localNames": {"familyName": "ヤマダ"}
    }
    assert body["schemas"] == [
        CORE[USER],
        "urn:iij:params:scim:schemas:extension:enterprisejp:2.0:User",
        "urn:oidfj:params:scim:schemas:extention:enterprisejp:2.0:User",
        "urn:x",
    ]


def test_an_attribute_without_a_place_is_refused_by_name() -> None:
    """Nothing is dropped in silence where a profile knows no schema for it."""
    with pytest.raises(SettingsError, match=r"downstream_id.*generic"):
        to_wire(USER, {"downstream_id": "d"}, GENERIC)


def test_id_and_version_are_text() -> None:
    """Numbers as ids are read as text; a version comes from `meta`."""
    body = sample("rfc7643-8.1")

    assert (service_id(body), version_of(body)) == ("2819c223-7f76-453a-919d-413861904646", 'W/"3694e05e9dff590"')
    assert (service_id({"ID": 12}), version_of({"meta": None})) == ("12", None)
    assert service_id({"id": ""}) is None


@pytest.mark.parametrize("version", ["1\r\nX: y", " 1", "1 ", "\x00", "版", "", 7, None])
def test_what_is_no_version(version: object) -> None:
    """It could not be demanded: every write would fail before it is sent, or be refused as one of another version."""
    assert version_of({"meta": {"version": version}}) is None


@pytest.mark.parametrize("version", ['W/"1"', '"é"', "1", 'W/"1 2"'])
def test_what_is_a_version(version: str) -> None:
    """Some services leave out the quotation marks."""
    assert version_of({"meta": {"version": version}}) == version


@pytest.mark.parametrize("no_id", [".", "..", True, 1.5, None, [], {"value": "7"}])
def test_what_is_no_id(no_id: object) -> None:
    """A DELETE of `/Users/..` would be sent to the base URL."""
    assert service_id({"id": no_id}) is None
    assert identifier_of({"id": no_id}, "https://scim.example.com/v2/Users/7") == "7"


@pytest.mark.parametrize(
    "location",
    [
        "/v2/Users",
        "https://scim.example.com/v2/Groups/",
        "https://[::1/Users/7",
        "https://scim.example.com",
        "/Users/%2E%2E",
    ],
)
def test_a_location_that_names_no_resource(location: str) -> None:
    """That of all users is nobody's, and what is no address breaks nothing."""
    assert identifier_of(None, location) is None


def _rfc(attribute: str) -> bool:
    outside = {"downstream_id", "external_user_name", "subject", "local_names", "id_token_claims", "extensions"}
    return attribute not in outside
