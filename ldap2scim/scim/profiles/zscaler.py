"""Zscaler (ZIA and ZPA). Pure data.

https://help.zscaler.com/zia/scim-api-examples and https://help.zscaler.com/zpa/about-scim-apis.
"""

from dataclasses import replace
from typing import Final

from ldap2scim.scim.profiles.generic import GENERIC
from ldap2scim.scim.profiles.profile import RateLimit

ZSCALER: Final = replace(
    GENERIC,
    name="zscaler",
    nested_groups=False,
    filter_operators=frozenset({"eq"}),
    booleans_as_text=True,
    limits=(RateLimit(5, 1.0),),  # of ZIA; that of ZPA is not published
)
