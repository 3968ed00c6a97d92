"""Which questions a directory is asked: the search for users and the one for groups. Pure."""

from collections.abc import Iterable
from dataclasses import replace

from ldap2scim.directory import active_directory, filters
from ldap2scim.directory.anchors import UUID_ATTRIBUTES
from ldap2scim.directory.reader import Search
from ldap2scim.directory.settings import DirectoryKind, DirectorySettings, MemberReference, Nesting
from ldap2scim.model import ResourceType


def searches(
    settings: DirectorySettings, user_attributes: Iterable[str], group_attributes: Iterable[str]
) -> tuple[Search, Search]:
    """Return the search for users and the search for groups.

    The attributes are those that the mapping reads; what reading itself needs is added: the source anchor, the
    server's own name of each entry, the member attribute, `uid` where groups list users by it; in Active Directory
    `userAccountControl`, SIDs and primary groups, and members by GUID.

    Where groups are flattened the search for groups finds all of the class, since members come through groups that
    the administrator's filter leaves out; `group_scope_search` tells which are in scope.

    Raises:
        FilterError: a filter of the administrator cannot be read.
    """
    names = [settings.source_anchor]
    if settings.kind in UUID_ATTRIBUTES:
        names.append(UUID_ATTRIBUTES[settings.kind])
    for_users = [*names, *sorted(user_attributes)]
    if settings.member_reference is MemberReference.UID:
        for_users.append("uid")
    for_groups = [*names, settings.member_attribute, *sorted(group_attributes)]
    extended: tuple[str, ...] = ()
    if settings.kind is DirectoryKind.ACTIVE_DIRECTORY:
        for_users += ["userAccountControl", active_directory.SID, active_directory.PRIMARY_GROUP]
        for_groups.append(active_directory.SID)
        extended = (settings.member_attribute,)
    groups = _every_group(settings) if settings.nesting is Nesting.FLATTEN else group_filter(settings)
    return (
        _search(settings, ResourceType.USER, user_filter(settings), for_users),
        replace(_search(settings, ResourceType.GROUP, groups, for_groups), extended=extended),
    )


def group_scope_search(settings: DirectorySettings) -> Search | None:
    """Return the search for the keys of the groups in scope; None where those of `searches` are.

    Raises:
        FilterError: the administrator's filter cannot be read.
    """
    if settings.nesting is not Nesting.FLATTEN or not settings.group_filter.strip():
        return None
    names = (settings.source_anchor, UUID_ATTRIBUTES.get(settings.kind, settings.source_anchor))
    return _search(settings, ResourceType.GROUP, group_filter(settings), names)


def user_filter(settings: DirectorySettings) -> filters.Filter:
    """Return the filter of users: the object class and the administrator's filter; in Active Directory people alone.

    Raises:
        FilterError: the administrator's filter cannot be read.
    """
    if settings.kind is DirectoryKind.ACTIVE_DIRECTORY:
        own = filters.parse(settings.user_filter) if settings.user_filter.strip() else None
        return _and_filter(active_directory.people(settings.user_object_class, own), settings.user_filter)
    return filters.with_object_class(settings.user_object_class, settings.user_filter)


def group_filter(settings: DirectorySettings) -> filters.Filter:
    """Return the filter of groups: the object class and the administrator's filter.

    Raises:
        FilterError: the administrator's filter cannot be read.
    """
    return _and_filter(_every_group(settings), settings.group_filter)


def _every_group(settings: DirectorySettings) -> filters.Filter:
    if settings.kind is DirectoryKind.ACTIVE_DIRECTORY:
        return active_directory.groups(settings.group_object_class)
    return filters.equals("objectClass", settings.group_object_class)


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
