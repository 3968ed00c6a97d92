"""What an administrator has found out about a service, against what its profile assumes. Pure.

Each field is a key of `service.assume` in the settings, and what `ldap2scim probe` prints; None leaves the profile's
word.
"""

from dataclasses import dataclass
from typing import Final

from ldap2scim.model import ResourceType
from ldap2scim.scim.habits import (
    ListingMethod,
    MemberAdditions,
    MemberRemovals,
    MembersShown,
    Paging,
    PatchPaths,
    RestoreMethod,
    UpdateMethod,
    UserDeletion,
)


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What is known of one service beyond its profile."""

    restore: RestoreMethod | None = None
    """How a user who had left comes back."""
    update: UpdateMethod | None = None
    """How users are changed, and groups where `group_update` says nothing."""
    group_update: UpdateMethod | None = None
    deletion: UserDeletion | None = None
    """What DELETE of a user means."""
    listing: ListingMethod | None = None
    paging: Paging | None = None
    page_size: int | None = None
    members_per_request: int | None = None
    bytes_per_request: int | None = None
    patch_paths: PatchPaths | None = None
    member_additions: MemberAdditions | None = None
    member_removals: MemberRemovals | None = None
    members_shown: MembersShown | None = None
    external_id_filter: bool | None = None
    """Whether an empty answer to a filter on externalId proves that nobody has it."""
    nested_groups: bool | None = None
    most_members: int | None = None
    """As many as the service takes in one group."""
    unique_email: bool | None = None
    """Whether the service refuses an e-mail address that another user has."""
    longest: tuple[tuple[ResourceType, str, int], ...] = ()
    """Attribute with one value → the most characters that the service takes."""
    ignored: tuple[tuple[ResourceType, str], ...] = ()
    """Attributes, and sub-attributes, that the service drops; besides those of the profile."""
    placements: tuple[tuple[ResourceType, str, str], ...] = ()
    """Attribute → URN of the schema that holds it, in place of the profile's word."""


NOTHING_SAID: Final = Assumptions()
