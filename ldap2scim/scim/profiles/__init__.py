"""Profiles: what the makes of SCIM services do in their own way, as data."""

from ldap2scim.errors import SettingsError
from ldap2scim.scim.profiles.generic import GENERIC
from ldap2scim.scim.profiles.iij_id import IIJ_ID
from ldap2scim.scim.profiles.profile import (
    Addressed,
    Counted,
    ListingMethod,
    MemberAdditions,
    MemberRemovals,
    MembersShown,
    Paging,
    PatchPaths,
    Profile,
    RateLimit,
    RemovalState,
    RemovalStep,
    RestoreMethod,
    SmallRequest,
    UpdateMethod,
    UserDeletion,
    unsupported,
)

__all__ = [
    "NAMES",
    "Addressed",
    "Counted",
    "ListingMethod",
    "MemberAdditions",
    "MemberRemovals",
    "MembersShown",
    "Paging",
    "PatchPaths",
    "Profile",
    "RateLimit",
    "RemovalState",
    "RemovalStep",
    "RestoreMethod",
    "SmallRequest",
    "UpdateMethod",
    "UserDeletion",
    "by_name",
    "unsupported",
]

_PROFILES = {profile.name: profile for profile in (GENERIC, IIJ_ID)}
NAMES = tuple(_PROFILES)


def by_name(name: str) -> Profile:
    """Return a profile.

    Raises:
        SettingsError: there is no profile of that name.
    """
    try:
        return _PROFILES[name]
    except KeyError:
        known = ", ".join(NAMES)
        raise SettingsError((f"service.profile: there is no profile `{name}`; the profiles are: {known}.",)) from None
