"""Atlassian Cloud (Guard). Pure data.

https://support.atlassian.com/atlassian-cloud/kb/how-to-filter-users-in-provisioning-scim-using-rest-api/ and
https://support.atlassian.com/atlassian-cloud/kb/how-to-fetch-all-users-via-user-provisioning-scim-api/.
A base URL is `https://api.atlassian.com/scim/directory/ID`.
"""

from dataclasses import replace
from typing import Final

from ldap2scim.scim.profiles.generic import GENERIC

ATLASSIAN: Final = replace(
    GENERIC,
    name="atlassian",
    nested_groups=False,
    page_size=100,
    filter_operators=frozenset({"eq"}),
    trusted_external_id_filter=True,
)
