"""Paths of attributes, and which of them a mapping manages. Pure."""

from collections.abc import Mapping

from ldap2scim.mapping.spec import ResourceMapping
from ldap2scim.model import EXTENSIONS, ResourceType


def split_path(path: str) -> tuple[str, ...]:
    """Return the steps into the attributes of a resource.

    `title` has one, `name.family_name` two, and `extensions.URN.attribute` three: the URN may hold dots, the
    name of its attribute may not (RFC 7643 §2.1).
    """
    top, _, rest = path.partition(".")
    if top == EXTENSIONS and "." in rest:
        urn, _, attribute = rest.rpartition(".")
        return (top, urn, attribute)
    return (top, rest) if rest else (top,)


def managed(mapping: ResourceMapping, resource_type: ResourceType) -> Mapping[str, frozenset[str] | None]:
    """Return the attributes that are ours: by top-level name the mapped sub-attributes, None for a single one.

    Under `extensions` the sub-attributes are `URN.attribute`. `external_id` is always ours, and so is `active`
    for users: a leaver who comes back is enabled even where nothing maps it.
    """
    found: dict[str, frozenset[str] | None] = {"external_id": None}
    if resource_type is ResourceType.USER:
        found["active"] = None
    for path in mapping.single:
        top, *rest = split_path(path)
        found[top] = (found.get(top) or frozenset()) | {".".join(rest)} if rest else None
    for name, items in mapping.multi.items():
        found[name] = frozenset(sub for item in items for sub in item.sub_attributes)
    return found
