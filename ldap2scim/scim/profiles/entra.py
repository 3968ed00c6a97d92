"""A service that was built for Microsoft Entra ID as its client, and tried with nothing else. Pure data.

https://learn.microsoft.com/entra/identity/app-provisioning/use-scim-to-provision-users-and-groups and, for the two
ways of removing a member, .../application-provisioning-config-problem-scim-compatibility.
"""

from dataclasses import replace
from typing import Final

from ldap2scim.scim.habits import MemberRemovals, MembersShown
from ldap2scim.scim.profiles.generic import GENERIC

ENTRA: Final = replace(
    GENERIC,
    name="entra",
    nested_groups=False,
    filter_operators=frozenset({"eq", "and"}),
    trusted_external_id_filter=True,
    member_removals=MemberRemovals.BY_VALUE,  # by a path only where the customer set aadOptscim062020
    members_shown=MembersShown.ONE_GROUP,  # Entra always asks with excludedAttributes=members
)
