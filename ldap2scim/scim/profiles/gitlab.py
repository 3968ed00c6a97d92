"""GitLab. Pure data.

https://docs.gitlab.com/development/internal_api/ (group SCIM API, instance SCIM API). A user's externalId must be the
NameID of their SAML sign-in.
"""

from dataclasses import replace
from typing import Final

from ldap2scim.model import COMPLEX_USER_ATTRIBUTES, MULTI_VALUED_USER_ATTRIBUTES, SINGLE_USER_ATTRIBUTES, ResourceType
from ldap2scim.scim.profiles.generic import GENERIC

_KEPT: Final = frozenset({"external_id", "user_name", "name", "emails", "active"})

GITLAB: Final = replace(
    GENERIC,
    name="gitlab",
    nested_groups=False,
    filter_operators=frozenset({"eq"}),
    look_ups={ResourceType.USER: ("externalId",), ResourceType.GROUP: ("externalId",)},  # eq on id and externalId
    trusted_external_id_filter=True,
    one_value=frozenset({"emails"}),
    ignored={
        ResourceType.USER: frozenset(
            {*SINGLE_USER_ATTRIBUTES, *COMPLEX_USER_ATTRIBUTES, *MULTI_VALUED_USER_ATTRIBUTES} - _KEPT
        )
    },
)
