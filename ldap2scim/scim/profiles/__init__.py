"""Profiles: what the makes of SCIM services do in their own way, as data."""

from ldap2scim.errors import SettingsError
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
from ldap2scim.scim.profiles.atlassian import ATLASSIAN
from ldap2scim.scim.profiles.aws import AWS
from ldap2scim.scim.profiles.entra import ENTRA
from ldap2scim.scim.profiles.generic import GENERIC
from ldap2scim.scim.profiles.github_emu import GITHUB_EMU
from ldap2scim.scim.profiles.gitlab import GITLAB
from ldap2scim.scim.profiles.google_workforce import GOOGLE_WORKFORCE
from ldap2scim.scim.profiles.iij_id import IIJ_ID
from ldap2scim.scim.profiles.miro import MIRO
from ldap2scim.scim.profiles.okta import OKTA
from ldap2scim.scim.profiles.overlay import corrected
from ldap2scim.scim.profiles.profile import (
    Addressed,
    Counted,
    Profile,
    RateLimit,
    RemovalState,
    RemovalStep,
    Return,
    SmallRequest,
    unsupported,
)
from ldap2scim.scim.profiles.slack import SLACK
from ldap2scim.scim.profiles.zscaler import ZSCALER
from ldap2scim.scim.settings import ServiceSettings

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
    "Return",
    "SmallRequest",
    "UpdateMethod",
    "UserDeletion",
    "by_name",
    "corrected",
    "profile_of",
    "unsupported",
]

_ALL = (
    GENERIC,
    IIJ_ID,
    AWS,
    SLACK,
    GITHUB_EMU,
    GITLAB,
    ATLASSIAN,
    OKTA,
    ENTRA,
    ZSCALER,
    MIRO,
    GOOGLE_WORKFORCE,
)
_PROFILES = {profile.name: profile for profile in _ALL}
NAMES = tuple(_PROFILES)


def profile_of(service: ServiceSettings) -> Profile:
    """Return the profile of a service, as its settings correct it.

    Raises:
        SettingsError: there is no profile of that name.
    """
    return corrected(by_name(service.profile), service.assume)


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
