"""`/ServiceProviderConfig` (RFC 7643 §5) → what the service can do, corrected by its profile. Pure."""

from collections.abc import Mapping

from ldap2scim.scim.layout import member_of
from ldap2scim.scim.profiles import Paging, Profile
from ldap2scim.scim.provider import Capabilities, Json


def capabilities_of(config: Json | None, profile: Profile) -> Capabilities:
    """Return the capabilities; what the service does not say is as the profile assumes.

    `config` is None where the service has no such end point.
    """
    assumed = profile.assumed
    said = config or {}
    return Capabilities(
        patch=_supported(said, "patch", assumed.patch),
        filter=_supported(said, "filter", assumed.filter),
        etag=_supported(said, "etag", assumed.etag),
        bulk=_supported(said, "bulk", assumed.bulk),
        sort=_supported(said, "sort", assumed.sort),
        max_results=_max_results(said) or assumed.max_results,
        cursor=_cursor(said, profile.paging is Paging.CURSOR),
    )


def _cursor(config: Json, assumed: bool) -> bool:
    """Return whether to page by cursors; `pagination` is that of RFC 9865 §4."""
    held = member_of(config, "pagination")
    said = held if isinstance(held, Mapping) else {}
    if member_of(said, "cursor") is False:
        return False
    return assumed or (member_of(said, "cursor") is True and member_of(said, "index") is False)


def _supported(config: Json, feature: str, assumed: bool) -> bool:
    held = member_of(config, feature)
    said = member_of(held, "supported") if isinstance(held, Mapping) else None
    match said:
        case bool():
            return said
        case str():
            return said.casefold() == "true"
        case _:
            return assumed


def _max_results(config: Json) -> int | None:
    held = member_of(config, "filter")
    said = member_of(held, "maxResults") if isinstance(held, Mapping) else None
    return said if isinstance(said, int) and said > 0 else None
