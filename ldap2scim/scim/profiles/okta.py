"""A service that was built for Okta as its client, and tried with nothing else. Pure data.

https://developer.okta.com/docs/reference/scim/scim-20/ says what Okta sends: users by PUT, groups by PATCH, look-ups
by userName with `eq`, pages of 100, and no DELETE of users.
"""

from dataclasses import replace
from typing import Final

from ldap2scim.model import ResourceType
from ldap2scim.scim.habits import UpdateMethod
from ldap2scim.scim.profiles.generic import GENERIC
from ldap2scim.scim.profiles.profile import DEACTIVATED

OKTA: Final = replace(
    GENERIC,
    name="okta",
    update=UpdateMethod.PUT,
    group_update=UpdateMethod.PATCH,
    nested_groups=False,
    page_size=100,
    filter_operators=frozenset({"eq"}),
    look_ups={ResourceType.USER: ("userName",), ResourceType.GROUP: ("displayName",)},
    removal=(DEACTIVATED,),
)
