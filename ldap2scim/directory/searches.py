"""Which questions a directory is asked: the search for users and the one for groups. Pure."""

from collections.abc import Iterable

from ldap2scim.directory import active_directory, filters
from ldap2scim.directory.anchors import UUID_ATTRIBUTES
from ldap2scim.directory.reader import Search
from ldap2scim.directory.settings import DirectoryKind, DirectorySettings, MemberReference
from ldap2scim.model import ResourceType


def searches(
    settings: DirectorySettings, user_attributes: Iterable[str], group_attributes: Iterable[str]
) -> tuple[Search, Search]:
    """Return the search for users and the search for groups.

    The attributes are those that the mapping reads; what reading itself needs is added: the source anchor, the
    server's own name of each entry, the member attribute, `uid` where groups list users by it, `userAccountControl`
    in Active Directory.

    Raises:
        FilterError: a filter of the administrator cannot be read.
    """
    names = [settings.source_anchor]
    if settings.kind in UUID_ATTRIBUTES:
        names.append(UUID_ATTRIBUTES[settings.kind])
    for_users = [*names, *user_attributes]
    if settings.member_reference is MemberReference.UID:
        for_users.append("uid")
    if settings.kind is DirectoryKind.ACTIVE_DIRECTORY:
        for_users.append("userAccountControl")
    for_groups = [*names, settings.member_attribute, *group_attributes]
    return (
        _search(settings, ResourceType.USER, user_filter(settings), for_users),
        _search(settings, ResourceType.GROUP, group_filter(settings), for_groups),
    )


def user_filter(settings: DirectorySettings) -> filters.Filter:
    """Return the filter of users: the object class and the administrator's filter.

    Raises:
        FilterError: the administrator's filter cannot be read.
    """
    if settings.kind is DirectoryKind.ACTIVE_DIRECTORY:
        return _and_filter(active_directory.people(settings.user_object_class), settings.user_filter)
    return filters.with_object_class(settings.user_object_class, settings.user_filter)


def group_filter(settings: DirectorySettings) -> filters.Filter:
    """Return the filter of groups: the object class and the administrator's filter.

    Raises:
        FilterError: the administrator's filter cannot be read.
    """
    if settings.kind is DirectoryKind.ACTIVE_DIRECTORY:
        return _and_filter(active_directory.groups(settings.group_object_class), settings.group_filter)
    return filters.with_object_class(settings.group_object_class, settings.group_filter)


def _and_filter(wanted: filters.Filter, text: str) -> filters.Filter:
    return filters.all_of(wanted, filters.parse(text)) if text.strip() else wanted


def _search(
    settings: DirectorySettings, resource_type: ResourceType, wanted: filters.Filter, attributes: Iterable[str]
) -> Search:
    # Attribute names are case-insensitive (RFC 4512 §2.5); the first spelling stays.
    by_name: dict[str, str] = {}
    for attribute in attributes:
        by_name.setdefault(attribute.lower(), attribute)
    return Search(
        resource_type=resource_type,
        base=settings.base_dn,
        filter=filters.render(wanted),
        attributes=tuple(by_name.values()),
        page_size=settings.page_size,
    )
