"""What a group in a group means in each configured directory, and by which way somebody is a member."""

from ldap2scim.directory.settings import Nesting
from ldap2scim.model import Key
from ldap2scim.settings import Settings
from ldap2scim.state.desired import ImageReader
from ldap2scim.state.listed import NestedGroups
from ldap2scim.state.references import Link


def nested_groups(settings: Settings) -> NestedGroups:
    """Return the setting `nesting` of every directory."""
    by_mode = {
        mode: frozenset(one.settings.name for one in settings.directories if one.settings.nesting is mode)
        for mode in Nesting
    }
    return NestedGroups(flattened=by_mode[Nesting.FLATTEN], kept=by_mode[Nesting.KEEP])


def way_to_member(settings: Settings, image: ImageReader, group: Key, member: Key) -> tuple[Link, ...] | None:
    """Return the groups through which somebody is a member, as the image has it; None: she is no member.

    The first is `group`, each later one is inside of the one before, and the last one lists her, or is her primary
    group.
    """
    directories = [one.settings.name for one in settings.directories]
    return image.chain(group, member, directories, nested_groups(settings))
