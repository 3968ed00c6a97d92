"""GitHub Enterprise with managed users. Pure data.

https://docs.github.com/en/enterprise-cloud@latest/admin/managing-iam/provisioning-user-accounts-with-scim/provisioning-users-and-groups-with-scim-using-the-rest-api
and, for what leaving means, the page deprovisioning-and-reinstating-users beside it. The end points' page names the
attributes: https://docs.github.com/en/enterprise-cloud@latest/rest/enterprise-admin/scim. A base URL is
`https://api.github.com/scim/v2/enterprises/NAME`.
"""

from dataclasses import replace
from typing import Final

from ldap2scim.model import COMPLEX_USER_ATTRIBUTES, MULTI_VALUED_USER_ATTRIBUTES, SINGLE_USER_ATTRIBUTES, ResourceType
from ldap2scim.scim.profiles.generic import GENERIC
from ldap2scim.scim.profiles.profile import (
    DEACTIVATED,
    GROUPS,
    USERS,
    Counted,
    RateLimit,
    RemovalState,
    RemovalStep,
    Return,
)

_HOUR: Final = 3600.0
_KEPT: Final = frozenset({"external_id", "user_name", "display_name", "name", "emails", "roles", "active"})

GITHUB_EMU: Final = replace(
    GENERIC,
    name="github-emu",
    nested_groups=False,
    filter_operators=frozenset({"eq"}),
    trusted_external_id_filter=True,
    removal=(
        DEACTIVATED,  # a suspension, which `active: true` lifts
        # A suspension for good: even a new account for the same person is another one.
        RemovalStep(RemovalState.DELETED, Return.NEVER),
    ),
    limits=(
        # What the guide advises identity providers to keep to.
        RateLimit(1000, _HOUR, frozenset({"POST"}), USERS),
        RateLimit(1000, _HOUR, frozenset({"PATCH"}), GROUPS, counted=Counted.MEMBERS),
    ),
    ignored={
        ResourceType.USER: frozenset(
            {*SINGLE_USER_ATTRIBUTES, *COMPLEX_USER_ATTRIBUTES, *MULTI_VALUED_USER_ATTRIBUTES} - _KEPT
        )
    },
)
