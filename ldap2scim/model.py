"""The words that flow: keys, resource types, attributes, and the desired state of a person or group.

Pure: no I/O, standard library only. Attribute names are those of RFC 7643 §4 in snake_case; the wire names
(camelCase, schema URNs) exist in `ldap2scim.scim` alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, NewType, TypeAlias

Key = NewType("Key", str)
"""Identity of a person or group in our state: `directory:source anchor`. It never leaves our state."""

Scalar: TypeAlias = str | bool | int
ComplexValue: TypeAlias = Mapping[str, Scalar]
"""Sub-attributes of a complex attribute, or of one value of a multi-valued one (RFC 7643 §2.3.8, §2.4)."""
AttributeValue: TypeAlias = Scalar | ComplexValue | tuple[ComplexValue, ...] | Mapping[str, ComplexValue]
Attributes: TypeAlias = Mapping[str, AttributeValue]
"""Attributes of one resource by name. An attribute without a value is not in the mapping (RFC 7643 §2.5)."""


class ResourceType(StrEnum):
    """The two kinds of resource that are synchronised (RFC 7643 §6)."""

    USER = "User"
    GROUP = "Group"


class Scope(NamedTuple):
    """One kind of entry of one directory: what one read proves something about, and one row of the accounts."""

    directory: str
    resource_type: ResourceType


class GuidForm(StrEnum):
    """How objectGUID and mS-DS-ConsistencyGuid are written where they are mapped."""

    HYPHENATED = "hyphenated"
    """As Microsoft's tools show it: `6f1d3a52-0b7c-4d5e-9a43-8f2b7c1d0e99`."""
    BASE64 = "base64"
    """The octets, as the immutable ID of Microsoft 365 needs them: `Ujodb3wLXk2aQ48rfB0OmQ==`."""


def make_key(directory: str, anchor: str) -> Key:
    """Build the key of an entry. A directory's name holds no colon (`settings` sees to it)."""
    return Key(f"{directory}:{anchor}")


def directory_of(key: Key) -> str:
    """Return the name of the directory that an entry belongs to."""
    return key.partition(":")[0]


def scope_of(key: Key, resource_type: ResourceType) -> Scope:
    """Return where an entry or resource is counted."""
    return Scope(directory_of(key), resource_type)


def anchor_of(key: Key) -> str:
    """Return the source anchor inside a key."""
    return key.partition(":")[2]


def rfc_name(path: str) -> str:
    """Return the path of an attribute as RFC 7643 §4 and the administrator spell it: `name.familyName`."""
    if path.startswith(f"{EXTENSIONS}."):
        return path
    first, *rest = path.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a resource comes from; rides beside it so that every message can name the entry."""

    directory: str
    dn: str
    """RFC 4514 text as the directory gave it."""


@dataclass(frozen=True, slots=True)
class User:
    """The desired state of a person (RFC 7643 §4.1, §4.3)."""

    key: Key
    attributes: Attributes
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Group:
    """The desired state of a group (RFC 7643 §4.2). Members travel apart, as edges between keys."""

    key: Key
    attributes: Attributes
    provenance: Provenance


SINGLE_USER_ATTRIBUTES = frozenset(
    {
        "external_id",
        "user_name",
        "display_name",
        "nick_name",
        "profile_url",
        "title",
        "user_type",
        "preferred_language",
        "locale",
        "timezone",
        "active",
        # Of the IIJ ID Service (its extension schemas): application-linking ID, names at the upstream provider.
        "downstream_id",
        "external_user_name",
        "subject",
    }
)
COMPLEX_USER_ATTRIBUTES: Mapping[str, frozenset[str]] = {
    "name": frozenset(
        {"formatted", "family_name", "given_name", "middle_name", "honorific_prefix", "honorific_suffix"}
    ),
    # RFC 7643 §4.3, the enterprise extension. `manager` needs a reference and is not mapped yet.
    "enterprise": frozenset({"employee_number", "cost_center", "organization", "division", "department"}),
    # Of the IIJ ID Service: names in kana; claims of the upstream identity provider.
    "local_names": frozenset({"family_name", "given_name"}),
    "id_token_claims": frozenset({"issuer"}),
}
MULTI_VALUED_USER_ATTRIBUTES: Mapping[str, frozenset[str]] = {
    "emails": frozenset({"value", "type", "display", "primary"}),
    "phone_numbers": frozenset({"value", "type", "display", "primary"}),
    "ims": frozenset({"value", "type", "display", "primary"}),
    "photos": frozenset({"value", "type", "display", "primary"}),
    "entitlements": frozenset({"value", "type", "display", "primary"}),
    "roles": frozenset({"value", "type", "display", "primary"}),
    "x509_certificates": frozenset({"value", "type", "display", "primary"}),
    "addresses": frozenset(
        {"formatted", "street_address", "locality", "region", "postal_code", "country", "type", "primary"}
    ),
}
SINGLE_GROUP_ATTRIBUTES = frozenset(
    {
        "external_id",
        "display_name",
        # Of the IIJ ID Service: its group extension.
        "description",
        "email",
        "group_type",
    }
)
EXTENSIONS = "extensions"
"""Attributes of schemas that we do not know: schema URN → attribute name as on the wire → value."""
