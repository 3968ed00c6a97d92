"""Slack. Pure data.

https://docs.slack.dev/reference/scim-api/rate-limits and https://docs.slack.dev/reference/scim-api.
"""

from dataclasses import replace
from typing import Final

from ldap2scim.scim.profiles.generic import GENERIC
from ldap2scim.scim.profiles.profile import (
    DEACTIVATED,
    GROUPS,
    READS,
    USERS,
    WRITES,
    Addressed,
    RateLimit,
)

_MINUTE: Final = 60.0

SLACK: Final = replace(
    GENERIC,
    name="slack",
    base_url="https://api.slack.com/scim/v2",
    nested_groups=False,
    removal=(DEACTIVATED,),  # DELETE deactivates as well
    quota_share=0.9,  # the limits are those of the organisation: every SCIM app draws on them
    limits=(
        RateLimit(600, _MINUTE, WRITES, burst=180),
        RateLimit(1000, _MINUTE, READS, burst=1000),
        RateLimit(300, _MINUTE, READS, USERS, burst=300, addressed=Addressed.RESOURCE),
        RateLimit(180, _MINUTE, frozenset({"POST"}), USERS, burst=20),
        RateLimit(180, _MINUTE, frozenset({"PUT", "PATCH"}), USERS, burst=20),
        RateLimit(180, _MINUTE, frozenset({"DELETE"}), USERS, burst=20),
        RateLimit(180, _MINUTE, frozenset({"PUT", "PATCH"}), GROUPS, burst=20),
    ),
)
