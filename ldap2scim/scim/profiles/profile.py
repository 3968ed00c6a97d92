"""What one make of SCIM service does in its own way, as data. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ldap2scim import __version__
from ldap2scim.model import GuidForm, ResourceType
from ldap2scim.scim.provider import Capabilities
from ldap2scim.scim.settings import Leavers

OUTSIDE_THE_RFC: Final[Mapping[ResourceType, frozenset[str]]] = {
    ResourceType.USER: frozenset({"downstream_id", "external_user_name", "subject", "local_names", "id_token_claims"}),
    ResourceType.GROUP: frozenset({"description", "email", "group_type"}),
}
"""Attributes of the catalogue that no schema of RFC 7643 holds: a profile must say where they live."""


class UserDeletion(StrEnum):
    """What DELETE of a user means at the service."""

    FINAL = "final"
    PENDING = "pending"
    """The user goes to a list from which it can be restored (*pending deletion* of the IIJ ID Service)."""


class RestoreMethod(StrEnum):
    """How a user who had left comes back."""

    POST = "post"
    """The same user is created again; the service pairs it by login and externalId."""
    ACTIVATE = "activate"
    """`active` becomes true."""


class UpdateMethod(StrEnum):
    """How attributes are changed where the service offers both ways."""

    PATCH = "patch"
    PUT = "put"


class ListingMethod(StrEnum):
    """How resources are listed and looked up (RFC 7644 §3.4.2, §3.4.3)."""

    GET = "get"
    SEARCH = "search"
    """POST to `/.search` below the endpoint: no filter in any URL, so none in any access log."""


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """How one make of service is spoken to. Compared by identity: profiles are constants."""

    name: str
    base_url: str | None
    """Used where the settings give none."""
    placements: Mapping[ResourceType, Mapping[str, str]]
    """Attribute (one of `OUTSIDE_THE_RFC`) → URN of the schema that holds it."""
    leavers: Leavers
    """Default of the setting."""
    user_deletion: UserDeletion
    restore: RestoreMethod
    update: UpdateMethod
    listing: ListingMethod
    trusted_external_id_filter: bool
    """True: an empty answer to `externalId eq "…"` proves that nobody has it. Some services search it never."""
    nested_groups: bool
    """Whether a group may be a member of a group (RFC 7643 §4.2)."""
    assumed: Capabilities
    """What holds where the service has no usable `/ServiceProviderConfig`."""
    guid_form: GuidForm = GuidForm.HYPHENATED
    """Default of the setting: the form of objectGUID that the service expects."""
    members_per_request: int = 100
    """AWS refuses more than 100, FusionAuth lost what was above it."""
    bytes_per_request: int = 256 * 1024
    """Bodies above 800 kB and 2 MB are answered 413 by known services."""
    page_size: int = 500
    """The most resources asked for at once, whatever the service allows."""
    user_agent: str = f"ldap2scim/{__version__}"
    """Some services (GitHub) refuse requests without one."""


def unsupported(profile: Profile, paths: Iterable[str]) -> tuple[str, ...]:
    """Return one problem for each mapped path that has no place in any schema of this service.

    `paths` are of the mapping: `user_name`, `name.family_name`, `local_names.family_name`, `emails.value`.
    """
    homeless = {
        attribute
        for resource_type, attributes in OUTSIDE_THE_RFC.items()
        for attribute in attributes
        if attribute not in profile.placements.get(resource_type, {})
    }
    return tuple(
        f"{path}: RFC 7643 has no such attribute, and the profile `{profile.name}` does not say which schema holds it. "
        f"Leave it out, map it as `extensions.URN.attribute` with the URN of the service's own schema, "
        f"or choose the profile of that service (`iij-id` knows this attribute)."
        for path in paths
        if path.partition(".")[0] in homeless
    )
