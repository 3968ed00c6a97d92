"""Filters and PATCH of the embedded service, beside those of scim2-models and the words of RFC 7644."""

from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scim2_models import EnterpriseUser, PatchOp, SCIMException, ScimFilter, User

from ldap2scim.sandbox.service.filters import parse_filter, resource_predicate
from ldap2scim.sandbox.service.patch import PATCH_OP, patched
from ldap2scim.sandbox.service.refusal import Refused

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
UNKNOWN = "urn:example:ext:2.0:User"

AnyUser: TypeAlias = User[EnterpriseUser]

words = st.sampled_from(["a", "A", "b", "ab", "Ab", "ba"])
kinds = st.sampled_from(["xmpp", "skype"])
"""Of RFC 7643 §4.1.2: scim2-models cannot copy any other on Python before 3.11.4."""
messengers = st.lists(
    st.fixed_dictionaries({"value": words, "type": kinds}),
    min_size=1,
    max_size=3,
    unique_by=lambda each: (each["value"], each["type"]),
)
users = st.fixed_dictionaries(
    {"userName": words},
    optional={
        "title": words,
        "externalId": words,
        "active": st.booleans(),
        "name": st.fixed_dictionaries({"familyName": words}, optional={"givenName": words}),
        "ims": messengers,
    },
)
comparisons = st.builds(
    "{} {} {}".format,
    st.sampled_from(
        [
            "userName",
            "title",
            "externalId",
            "name.familyName",
            "ims.value",
            "ims.type",
            "ims",
        ]
    ),
    st.sampled_from(["eq", "co", "sw", "ew", "gt", "ge", "lt", "le"]),
    words.map('"{}"'.format),
)
presences = st.sampled_from(["title pr", "ims pr", "active eq true", "name.givenName pr"])
selections = st.builds('ims[type eq "{}" and value co "{}"]'.format, kinds, words)
filters = st.recursive(
    comparisons | presences | selections,
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("not ({})".format, inner),
    ),
    max_leaves=4,
)


@given(users, filters)
@settings(max_examples=200, deadline=None)
def test_a_filter_chooses_as_another_implementation_does(user: dict[str, Any], text: str) -> None:
    """Ours on JSON objects and scim2-models' on its models agree about every user."""
    ours = resource_predicate("User", parse_filter(text))(user)
    theirs = ScimFilter[AnyUser](text).match(AnyUser.model_validate({"schemas": [USER], **user}))
    assert ours == theirs


operations = st.one_of(
    st.builds(
        lambda op, path, value: {"op": op, "path": path, "value": value},
        st.sampled_from(["add", "replace"]),
        st.sampled_from(["title", "externalId", "name.familyName", "userName", 'ims[type eq "xmpp"].value']),
        words,
    ),
    st.builds(
        lambda path: {"op": "remove", "path": path},
        st.sampled_from(
            ["title", "name", "name.givenName", "ims", 'ims[type eq "xmpp"]', 'ims[type eq "skype"]', "ims.type"]
        ),
    ),
    st.builds(
        lambda op, value: {"op": op, "path": "ims", "value": value},
        st.sampled_from(["add", "replace"]),
        messengers,
    ),
    st.builds(
        lambda op, value: {"op": op, "value": {"title": value, "name": {"givenName": value}}},
        st.sampled_from(["add", "replace"]),
        words,
    ),
)


@given(users, st.lists(operations, min_size=1, max_size=4))
@settings(max_examples=200, deadline=None)
def test_a_patch_gives_what_another_implementation_gives(user: dict[str, Any], asked: list[dict[str, Any]]) -> None:
    """Ours and scim2-models' make the same resource, or both refuse; the resource given stays as it was."""
    body = {"schemas": [PATCH_OP], "Operations": asked}
    before = repr(user)
    model = AnyUser.model_validate({"schemas": [USER], **user})
    try:
        PatchOp[AnyUser].model_validate(body).patch(model)
        theirs = model.model_dump()
        del theirs["schemas"]
    except (SCIMException, ValueError):
        theirs = None  # refused
    try:
        ours = patched("User", user, body)
    except Refused:
        ours = None
    assert ours == theirs
    assert repr(user) == before


def patch_one(resource: dict[str, Any], **operation: Any) -> dict[str, Any]:
    """Apply one operation to a user."""
    return patched("User", resource, {"schemas": [PATCH_OP], "Operations": [operation]})


def test_a_new_primary_value_takes_the_mark_from_the_old() -> None:
    """RFC 7644 §3.5.2: where primary becomes true, the value that had it loses it."""
    resource = {"userName": "a", "emails": [{"value": "1", "primary": True}]}
    result = patch_one(resource, op="add", path="emails", value=[{"value": "2", "primary": True}])
    assert result["emails"] == [{"value": "1", "primary": False}, {"value": "2", "primary": True}]


def test_extensions_are_reached_by_their_urn() -> None:
    """The whole extension, one attribute, a sub-attribute; of a known schema and of one that nobody knows."""
    resource: dict[str, Any] = {"userName": "a"}
    resource = patch_one(resource, op="add", path=ENTERPRISE, value={"department": "d", "costCenter": "c"})
    resource = patch_one(resource, op="replace", path=f"{ENTERPRISE}:manager.value", value="m")
    resource = patch_one(resource, op="remove", path=f"{ENTERPRISE}:costCenter")
    assert resource[ENTERPRISE] == {"department": "d", "manager": {"value": "m"}}
    resource = patch_one(resource, op="add", path=UNKNOWN, value={"badge": 1})
    resource = patch_one(resource, op="replace", path=f"{UNKNOWN}:badge", value=2)
    assert resource[UNKNOWN] == {"badge": 2}
    resource = patch_one(resource, op="replace", value={f"{UNKNOWN}:badge": 3, ENTERPRISE: {"department": None}})
    assert resource[UNKNOWN] == {"badge": 3}
    assert UNKNOWN not in patch_one(resource, op="remove", path=UNKNOWN.upper())


@pytest.mark.parametrize(
    ("operation", "scim_type"),
    [
        ({"op": "move", "path": "title", "value": "x"}, "invalidSyntax"),
        ({"op": "remove"}, "noTarget"),
        ({"op": "remove", "path": "emails", "value": [{"value": "1"}]}, "invalidValue"),
        ({"op": "add", "path": "title"}, "invalidValue"),
        ({"op": "add", "path": "titel", "value": "x"}, "invalidPath"),
        ({"op": "add", "path": "name.titel", "value": "x"}, "invalidPath"),
        ({"op": "add", "path": "emails[", "value": "x"}, "invalidPath"),
        ({"op": "replace", "path": 'emails[type eq "none"].value', "value": "x"}, "noTarget"),
        ({"op": "replace", "path": "id", "value": "x"}, "mutability"),
        ({"op": "replace", "path": "active", "value": "false"}, "invalidValue"),
        ({"op": "add", "value": "x"}, "invalidValue"),
    ],
)
def test_a_patch_that_means_nothing_is_refused(operation: dict[str, Any], scim_type: str) -> None:
    """Each with the scimType of RFC 7644 §3.12; a remove with a value is refused, since it might mean everybody."""
    with pytest.raises(Refused) as refused:
        patch_one({"userName": "a", "emails": [{"value": "1"}]}, **operation)
    assert (refused.value.status, refused.value.scim_type) == (400, scim_type)


def test_one_member_of_50000_is_changed_without_touching_the_others() -> None:
    """The members that stay are the same objects: a PATCH costs one list, not a copy of everybody."""
    members = [{"value": str(number)} for number in range(50_000)]
    asked = [
        {"op": "add", "path": "members", "value": [{"value": "new"}, {"value": "7"}]},
        {"op": "remove", "path": 'members[value eq "4711"]'},
    ]
    after = patched("Group", {"displayName": "g", "members": members}, {"schemas": [PATCH_OP], "Operations": asked})
    assert len(after["members"]) == 50_000
    assert after["members"][-1] == {"value": "new"}
    assert after["members"][0] is members[0]
    assert {"value": "4711"} not in after["members"]
    assert len(members) == 50_000


def test_an_attribute_that_a_kind_does_not_have_cannot_be_filtered() -> None:
    """A misspelt attribute is an error, not a filter that finds nobody."""
    for text in ('usrName eq "a"', 'emails.valeu eq "a"', 'emails[valeu eq "a"]', "active gt true"):
        with pytest.raises(Refused) as refused:
            resource_predicate("User", parse_filter(text))
        assert refused.value.scim_type == "invalidFilter"
