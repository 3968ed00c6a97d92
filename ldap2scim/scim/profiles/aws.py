"""AWS IAM Identity Center. Pure data.

https://docs.aws.amazon.com/singlesignon/latest/developerguide/limitations.html, and the pages listusers.html,
listgroups.html, putuser.html and patchgroup.html beside it.
"""

from dataclasses import replace
from typing import Final

from ldap2scim.model import ResourceType
from ldap2scim.scim.habits import MemberRemovals, MembersShown, Paging, UpdateMethod
from ldap2scim.scim.profiles.generic import GENERIC
from ldap2scim.scim.profiles.guidance import Guidance

AWS: Final = replace(
    GENERIC,
    name="aws",
    update=UpdateMethod.PUT,  # patchuser.html: PATCH of a user knows few attributes
    group_update=UpdateMethod.PATCH,  # there is no PutGroup
    member_removals=MemberRemovals.BY_VALUE,  # the example of patchgroup.html
    members_per_request=100,  # patchgroup.html: membership changes in one request
    members_shown=MembersShown.NOWHERE,  # listgroups.html: GetGroup and ListGroups return an empty member list
    nested_groups=False,
    paging=Paging.CURSOR,  # listusers.html: `startIndex` is not supported
    page_size=100,
    projects=False,  # listusers.html: nor is `excludedAttributes`
    filter_operators=frozenset({"eq", "and"}),
    trusted_external_id_filter=True,
    one_value=frozenset({"emails", "phone_numbers", "addresses"}),
    ignored={  # limitations.html, the table of attributes
        ResourceType.USER: frozenset({"ims", "photos", "entitlements", "roles", "x509_certificates"}),
    },
    assumed=replace(GENERIC.assumed, max_results=100),
    guidance=Guidance(
        longest={  # the Identity Store API behind it, CreateUser and CreateGroup
            ResourceType.USER: {"user_name": 128, "display_name": 1024, "nick_name": 1024, "title": 1024},
            ResourceType.GROUP: {"display_name": 1024},
        }
    ),
)
