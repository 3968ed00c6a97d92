"""What is mapped where the settings say nothing: the usual attributes of each kind of directory. Pure."""

from collections.abc import Mapping

from ldap2scim.directory.settings import DirectoryKind
from ldap2scim.mapping.spec import ItemRule, Mappings, ResourceMapping, ValueRule
from ldap2scim.model import ResourceType


def _from(*sources: str) -> ValueRule:
    return ValueRule(sources=sources)


_WORK_MAIL = ItemRule({"value": _from("mail"), "type": ValueRule(default="work"), "primary": ValueRule(default=True)})

_INET_ORG_PERSON: Mapping[str, ValueRule] = {  # RFC 2798
    "user_name": _from("uid"),
    "name.family_name": _from("sn"),
    "name.given_name": _from("givenName"),
    "display_name": _from("displayName", "cn"),
    "title": _from("title"),
    "preferred_language": _from("preferredLanguage"),
    "enterprise.employee_number": _from("employeeNumber"),
    "enterprise.department": _from("departmentNumber"),
    # OpenLDAP has no attribute that says *disabled*; who comes back from an absence is enabled again.
    "active": ValueRule(default=True),
}
_ACTIVE_DIRECTORY: Mapping[str, ValueRule] = {
    "user_name": _from("userPrincipalName"),
    "name.family_name": _from("sn"),
    "name.given_name": _from("givenName"),
    "display_name": _from("displayName", "cn"),
    "title": _from("title"),
    "preferred_language": _from("preferredLanguage"),
    "enterprise.employee_number": _from("employeeNumber", "employeeID"),
    "enterprise.department": _from("department"),
    "active": _from("userAccountControl", "accountExpires"),
}
REQUIRED: Mapping[ResourceType, tuple[str, ...]] = {
    # `userName` is required by RFC 7643 §4.1.1, a group's `displayName` by §4.2; without `externalId` nothing pairs.
    ResourceType.USER: ("user_name", "external_id"),
    ResourceType.GROUP: ("display_name", "external_id"),
}


def default_mappings(kind: DirectoryKind, source_anchor: str) -> Mappings:
    """Return the mappings for a kind of directory; `externalId` is its source anchor."""
    people = _ACTIVE_DIRECTORY if kind is DirectoryKind.ACTIVE_DIRECTORY else _INET_ORG_PERSON
    return Mappings(
        ResourceMapping(
            {"external_id": _from(source_anchor), **people},
            {"emails": (_WORK_MAIL,)},
            required=REQUIRED[ResourceType.USER],
        ),
        least_group_mapping(source_anchor),
    )


def least_user_mapping(source_anchor: str) -> ResourceMapping:
    """Return what is mapped of a person even where another mapping is written in full, as in the original's form."""
    # Nobody is in scope and disabled without an attribute that says so: who comes back is enabled in this way too.
    single = {"external_id": _from(source_anchor), "active": ValueRule(default=True)}
    return ResourceMapping(single, required=REQUIRED[ResourceType.USER])


def least_group_mapping(source_anchor: str) -> ResourceMapping:
    """Return what is mapped of a group unless the settings say otherwise."""
    return ResourceMapping(
        {"external_id": _from(source_anchor), "display_name": _from("cn")}, required=REQUIRED[ResourceType.GROUP]
    )
