"""The IIJ ID Service. Pure data.

Its public documentation names the base URL, the schemas, `POST /Users/.search`, pending deletion, and the
attributes; it does not say which schema holds which attribute, how an update is made, nor how a restore is
asked for. What is assumed is said in `ASSUMED_PLACEMENTS` and beside the lines below, and nowhere else.
"""

from collections.abc import Mapping
from typing import Final

from ldap2scim.model import GuidForm, ResourceType
from ldap2scim.scim.habits import ListingMethod, RestoreMethod, UpdateMethod, UserDeletion
from ldap2scim.scim.profiles.guidance import Guidance, Refusal
from ldap2scim.scim.profiles.profile import DEACTIVATED, Profile, RemovalState, RemovalStep, Return
from ldap2scim.scim.provider import Capabilities
from ldap2scim.scim.settings import Leavers

# The service spells it so.
OIDFJ_USER: Final = "urn:oidfj:params:scim:schemas:extention:enterprisejp:2.0:User"
IIJ_USER: Final = "urn:iij:params:scim:schemas:extension:enterprisejp:2.0:User"
IIJ_GROUP: Final = "urn:iij:params:scim:schemas:extension:enterprise:2.0:Group"

# Assumption, to be checked with one GET of a user on a tenant: names in kana belong to the schema of the
# OpenID Foundation Japan, everything about linked services to IIJ's own. The group's are documented, except
# for the name of its e-mail attribute.
ASSUMED_PLACEMENTS: Final[Mapping[ResourceType, Mapping[str, str]]] = {
    ResourceType.USER: {
        "local_names": OIDFJ_USER,
        "downstream_id": IIJ_USER,
        "external_user_name": IIJ_USER,
        "subject": IIJ_USER,
        "id_token_claims": IIJ_USER,
    },
    ResourceType.GROUP: {"description": IIJ_GROUP, "email": IIJ_GROUP, "group_type": IIJ_GROUP},
}

_RENEWAL: Final = (
    "An ID administrator issues a token in the console, for the resource server `IIJ ID Service API`; it is shown once."
)
IIJ_ID_GUIDANCE: Final = Guidance(
    # Two of them, those of users, suffice for passwords alone.
    scopes={
        ResourceType.USER: frozenset({"escim_read_users", "escim_write_users"}),
        ResourceType.GROUP: frozenset({"escim_read_groups", "escim_write_groups"}),
    },
    renewal=_RENEWAL,
    access={
        401: "The token is wrong, expired or revoked. An expired one vanishes from the console's list; disabling or "
        "deleting the user who owns it revokes it, even if that user is restored. " + _RENEWAL,
        403: "The token needs the scopes escim_read_users, escim_write_users, escim_read_groups and "
        "escim_write_groups (the first two alone for passwords); see also that its owner is still an ID administrator. "
        + _RENEWAL,
    },
    not_found_on_create="Most likely the domain of this login is not registered in the tenant "
    "(`organization is not found.`): register it in the console, or correct the login in the directory or the mapping.",
    taken="Another user or group has this value, or a user that is pending deletion: purge that one in the console, "
    "give it back its login in the directory, or correct the value. For a re-created person there is `ldap2scim keep`.",
    firewall=("auth.iij.jp and all hosts below it (*.auth.iij.jp), 443/TCP; their addresses change",),
    new_users=(
        "Nobody was mailed. Each person enters the login ID on the login page of the IIJ ID Service.",
        "The service then mails a temporary password to the notification address; who has none cannot get one.",
        "Mails about passwords go to every registered address, all others to the primary one alone.",
    ),
    refuses=frozenset(Refusal),
    writes_to_users=True,
    most={"emails": 5, "phone_numbers": 10, "ims": 10},  # the console has 4 addresses beside the primary one
)

IIJ_ID: Final = Profile(
    name="iij-id",
    base_url="https://scim.auth.iij.jp/scim/v2",
    placements=ASSUMED_PLACEMENTS,
    leavers=Leavers.DELETE,
    user_deletion=UserDeletion.PENDING,
    removal=(
        DEACTIVATED,
        RemovalStep(RemovalState.PENDING, Return.AS_BEFORE),  # for as long as the tenant's console says
        RemovalStep(RemovalState.DELETED, Return.AS_NEW),  # by the console alone
    ),
    restore=RestoreMethod.POST,  # inferred from another product of IIJ that creates such a user again
    update=UpdateMethod.PATCH,  # not documented; its `/ServiceProviderConfig`, or a 405 or 501, may say otherwise
    listing=ListingMethod.SEARCH,  # the one way that is documented
    nested_groups=False,  # the service can hold them, as an extension that Directory Sync does not send
    trusted_external_id_filter=True,  # Password Sync finds its users so
    # Application-linking ID and external ID become the immutable ID of Microsoft 365, which is the base64 of the
    # GUID's octets. The form itself is not documented: look at a user of the tenant before the first run.
    guid_form=GuidForm.BASE64,
    guidance=IIJ_ID_GUIDANCE,
    unproven={
        "restore": "a user in pending deletion comes back when the same user is created again (POST)",
        "update": "attributes are changed by PATCH",
        "deletion": "DELETE of a user leads to pending deletion",
        "placements": "names in kana live in the schema of the OpenID Foundation Japan, all else beyond RFC 7643 in "
        "IIJ's own",
    },
    assumed=Capabilities(patch=True, filter=True, etag=False, bulk=False, sort=False, max_results=None),
)
