"""Miro. Pure data.

https://developers.miro.com/reference/rate-limits
"""

from dataclasses import replace
from typing import Final

from ldap2scim.scim.profiles.generic import GENERIC
from ldap2scim.scim.profiles.profile import GROUPS, READS, USERS, Addressed, RateLimit, SmallRequest

_WINDOW: Final = 30.0
_SMALL: Final = 499
"""Bytes of a body smaller than 500, the border that is published."""

MIRO: Final = replace(
    GENERIC,
    name="miro",
    base_url="https://miro.com/api/v1/scim",
    nested_groups=False,
    members_per_request=8000,
    bytes_per_request=800_000,  # above either: 413
    small_request=SmallRequest(_SMALL, worth=20),
    limits=(
        RateLimit(200, _WINDOW, READS, USERS, addressed=Addressed.ENDPOINT),
        RateLimit(200, _WINDOW, READS, USERS, addressed=Addressed.RESOURCE),
        RateLimit(200, _WINDOW, frozenset({"POST"}), USERS),
        RateLimit(100, _WINDOW, frozenset({"PUT"}), USERS),
        RateLimit(100, _WINDOW, frozenset({"PATCH"}), USERS),
        RateLimit(20, _WINDOW, frozenset({"DELETE"}), USERS),
        RateLimit(5, _WINDOW, READS, GROUPS, addressed=Addressed.ENDPOINT),
        RateLimit(20, _WINDOW, READS, GROUPS, addressed=Addressed.RESOURCE),
        RateLimit(5, _WINDOW, frozenset({"PATCH"}), GROUPS, above_bytes=_SMALL),
        RateLimit(100, _WINDOW, frozenset({"PATCH"}), GROUPS, up_to_bytes=_SMALL),
    ),
)
