"""What a service ignored of a write."""

from typing import Any

import pytest

from ldap2scim.scim.echo import ignored, ignored_attributes
from ldap2scim.scim.provider import ScimRequest, ScimResponse
from ldap2scim.scim.schemas import ENTERPRISE
from tests.scim.strategies import sample


@pytest.mark.parametrize("name", ["rfc7643-8.2", "rfc7643-8.3"])
def test_an_exact_echo_ignored_nothing(name: str) -> None:
    """A resource compared with itself."""
    assert ignored_attributes(sample(name), sample(name)) == ()


def test_what_is_missing_or_other_is_named_by_its_path() -> None:
    """Simple, sub-attribute, multi-valued and extension attributes."""
    sent = {
        "schemas": ["x"],
        "userName": "bob",
        "active": False,
        "name": {"familyName": "A", "givenName": "B"},
        "phoneNumbers": [{"value": "1"}, {"value": "2"}],
        ENTERPRISE: {"department": "Sales"},
    }
    returned = {"userName": "bob", "name": {"familyName": "A"}, "phoneNumbers": [{"value": "1"}], "title": "extra"}

    assert ignored_attributes(sent, returned) == (
        "active",
        "name.givenName",
        "phoneNumbers",
        f"{ENTERPRISE}:department",
    )


def test_what_a_service_may_do_is_not_ignoring() -> None:
    """Order, added sub-attributes, other case, booleans as text, a left-out false primary."""
    sent: dict[str, Any] = {
        "userName": "Bob@Example.JP",
        "active": True,
        "emails": [{"value": "a", "primary": False}, {"value": "b"}],
        "members": [{"value": "x"}],
    }
    returned = {
        "userName": "bob@example.jp",
        "active": "True",
        "emails": [{"value": "b", "type": "work"}, {"value": "a"}],
    }

    assert ignored_attributes(sent, returned) == ()


def test_case_counts_in_the_external_id() -> None:
    """A lower-cased externalId is another one."""
    assert ignored_attributes({"externalId": "Ab"}, {"externalId": "ab"}) == ("externalId",)


def test_a_patch_that_was_accepted_and_ignored_is_noticed() -> None:
    """Operation by operation; members are not looked for."""
    operations = [
        {"op": "replace", "path": "title", "value": "New"},
        {"op": "add", "path": "name.familyName", "value": "A"},
        {"op": "remove", "path": "nickName"},
        {"op": "replace", "path": f"{ENTERPRISE}:department", "value": "X"},
        {"op": "replace", "path": "emails", "value": [{"value": "a"}]},
        {"op": "add", "path": "members", "value": [{"value": "m"}]},
        {"op": "remove", "path": 'members[value eq "m"]'},
    ]
    request = ScimRequest("PATCH", "/Users/1", {"Operations": operations})

    def told(body: dict[str, Any] | None) -> tuple[str, ...]:
        return ignored(request, ScimResponse(200, body))

    done = {"title": "New", "name": {"familyName": "A"}, ENTERPRISE: {"department": "X"}, "emails": [{"value": "a"}]}
    undone = {"title": "Old", "nickName": "n"}
    assert told(done) == ()
    assert told(undone) == ("title", "name.familyName", "nickName", f"{ENTERPRISE}:department", "emails")
    assert told(None) == ()
    assert told({"id": "1", "schemas": [], "meta": {}}) == ()  # tells nothing
