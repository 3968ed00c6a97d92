"""Which objects of Active Directory changes are read of. Pure.

A filter is asked of deleted objects too: they keep `objectClass`, and lose `objectCategory`.
"""

from ldap2scim.directory import filters
from ldap2scim.directory.filters import Filter, Not, Or
from ldap2scim.directory.settings import DirectorySettings

_CLASSES = ("user", "group")
_COMPUTER = filters.equals("objectClass", "computer")


def members(settings: DirectorySettings) -> Filter:
    """Return the filter of people and groups: what the searches of a read look for, whatever else they ask."""
    classes = dict.fromkeys((*_CLASSES, settings.user_object_class.lower(), settings.group_object_class.lower()))
    return filters.all_of(Or(tuple(filters.equals("objectClass", name) for name in classes)), Not(_COMPUTER))


def containers(settings: DirectorySettings) -> Filter:
    """Return the filter of everything else that entries may lie in: the class of a container is not foreseeable."""
    return filters.all_of(Not(members(settings)), Not(_COMPUTER))
