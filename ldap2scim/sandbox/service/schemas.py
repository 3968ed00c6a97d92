"""The schemas served: attribute rules of RFC 7643 as scim2-models has them, and the extensions of a personality. Pure.

Resources stay plain JSON objects; this module only answers what an attribute is. An extension that no schema
describes is kept as it came.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from scim2_models import Attribute, EnterpriseUser, Group, Schema, User

from ldap2scim.sandbox.service.personality import (
    IIJ_GROUP,
    IIJ_GROUP_MEMBER,
    IIJ_JAPANESE_USER,
    OIDFJ_JAPANESE_USER,
)

USER = str(User.__schema__)
GROUP = str(Group.__schema__)
ENTERPRISE_USER = str(EnterpriseUser.__schema__)
KINDS: Mapping[str, str] = {"User": USER, "Group": GROUP}
ENDPOINTS: Mapping[str, str] = {"Users": "User", "Groups": "Group"}


@dataclass(frozen=True, slots=True)
class Rule:
    """The characteristics of one attribute (RFC 7643 §2.2)."""

    name: str
    type: str = "string"
    multi_valued: bool = False
    required: bool = False
    case_exact: bool = False
    mutability: str = "readWrite"
    returned: str = "default"
    subs: Mapping[str, "Rule"] = field(default_factory=dict)
    """Sub-attributes by their name in lower case; attribute names are case-insensitive (§2.1)."""


COMMON: Mapping[str, Rule] = {
    "schemas": Rule("schemas", "reference", multi_valued=True, case_exact=True, returned="always"),
    "id": Rule("id", case_exact=True, mutability="readOnly", returned="always"),
    "externalid": Rule("externalId", case_exact=True),
    "meta": Rule(
        "meta",
        "complex",
        mutability="readOnly",
        subs={
            "resourcetype": Rule("resourceType", case_exact=True),
            "created": Rule("created", "dateTime"),
            "lastmodified": Rule("lastModified", "dateTime"),
            "location": Rule("location", "reference", case_exact=True),
            "version": Rule("version", case_exact=True),
        },
    ),
}
"""Attributes of every resource (RFC 7643 §3.1)."""


def _rule(attribute: Attribute) -> Rule:
    return Rule(
        name=attribute.name or "",
        type=str(attribute.type or "string"),
        multi_valued=bool(attribute.multi_valued),
        required=bool(attribute.required),
        case_exact=bool(attribute.case_exact),
        mutability=str(attribute.mutability or "readWrite"),
        returned=str(attribute.returned or "default"),
        subs={(sub.name or "").lower(): _rule(sub) for sub in attribute.sub_attributes or ()},
    )


def _text(name: str, description: str) -> Attribute:
    return Attribute(name=name, type=Attribute.Type.string, multi_valued=False, description=description)


def _extension(urn: str, name: str, *attributes: Attribute) -> Schema:
    return Schema(id=urn, name=name, description=f"{name} (of the sandbox)", attributes=list(attributes))


def _extra_schemas() -> tuple[Schema, ...]:
    local_names = Attribute(
        name="localNames",
        type=Attribute.Type.complex,
        multi_valued=False,
        description="Names in kana",
        sub_attributes=[_text("familyName", "Family name"), _text("givenName", "Given name")],
    )
    return (
        _extension(OIDFJ_JAPANESE_USER, "EnterpriseJapaneseUser", local_names),
        _extension(
            IIJ_JAPANESE_USER,
            "IIJJapaneseUser",
            _text("downstreamId", "Application-linking ID"),
            _text("externalUserName", "Name at the upstream identity provider"),
            _text("subject", "Subject at the upstream identity provider"),
            Attribute(
                name="idTokenClaims",
                type=Attribute.Type.complex,
                multi_valued=False,
                description="Claims of the upstream identity provider",
                sub_attributes=[_text("issuer", "Issuer")],
            ),
        ),
        _extension(
            IIJ_GROUP,
            "IIJGroup",
            _text("description", "Description"),
            _text("email", "E-mail address"),
            _text("groupType", "Kind of the group, such as security"),
        ),
        # Published by name; its attributes are cut in what could be read.
        _extension(IIJ_GROUP_MEMBER, "IIJGroupMember"),
    )


@cache
def all_schemas() -> Mapping[str, Schema]:
    """Return every schema that some personality publishes, by URN."""
    core = (User.to_schema(), Group.to_schema(), EnterpriseUser.to_schema(), *_extra_schemas())
    return {str(schema.id): schema for schema in core}


@cache
def rules(urn: str) -> Mapping[str, Rule] | None:
    """Return the attributes of a schema by their names in lower case; None where no schema has this URN."""
    schema = next((each for known, each in all_schemas().items() if known.lower() == urn.lower()), None)
    if schema is None:
        return None
    return {(attribute.name or "").lower(): _rule(attribute) for attribute in schema.attributes or ()}


@cache
def resource_rules(kind: str) -> Mapping[str, Rule]:
    """Return the attributes of `User` or `Group`: the common ones and those of its core schema."""
    return {**COMMON, **(rules(KINDS[kind]) or {})}


def canonical_urn(text: str, present: Mapping[str, Any]) -> str | None:
    """Return the extension URN that `text` is, in its own spelling: a known schema, or a key of this resource."""
    wanted = text.lower()
    for urn in (*all_schemas(), *present):
        if urn.lower() == wanted and ":" in urn:
            return urn
    return None
