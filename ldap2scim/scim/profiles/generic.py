"""Any service that keeps to RFC 7643 and RFC 7644. Pure data, on the careful side."""

from typing import Final

from ldap2scim.scim.habits import ListingMethod, RestoreMethod, UpdateMethod, UserDeletion
from ldap2scim.scim.profiles.profile import Profile
from ldap2scim.scim.provider import Capabilities
from ldap2scim.scim.settings import Leavers

GENERIC: Final = Profile(
    name="generic",
    base_url=None,
    placements={},
    leavers=Leavers.DEACTIVATE,  # DELETE cannot be undone at most services
    user_deletion=UserDeletion.FINAL,
    restore=RestoreMethod.ACTIVATE,
    update=UpdateMethod.PATCH,
    listing=ListingMethod.GET,  # §3.4.3 is optional
    nested_groups=True,
    trusted_external_id_filter=False,  # some services answer 200 with nothing to any filter on externalId
    # Services without discovery are mostly those with PATCH; a 405 or 501 tells otherwise.
    assumed=Capabilities(patch=True, filter=True, etag=False, bulk=False, sort=False, max_results=None),
)
