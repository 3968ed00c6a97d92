"""Cuts a mapping down to what the service keeps, so that nothing is sent, compared or read in vain. Pure."""

from dataclasses import replace

from ldap2scim.mapping.spec import ItemRule, ResourceMapping
from ldap2scim.model import ResourceType
from ldap2scim.scim.profiles import Profile


def fitted(mapping: ResourceMapping, resource_type: ResourceType, profile: Profile) -> ResourceMapping:
    """Return the mapping without what the service drops, and with the attributes of which it takes one value."""
    if not profile.ignored.get(resource_type) and not profile.one_value:
        return mapping
    multi = {
        name: tuple(_slot(item, name, resource_type, profile) for item in items)
        for name, items in mapping.multi.items()
        if not _ignored(name, resource_type, profile)
    }
    single = {path: rule for path, rule in mapping.single.items() if not _ignored(path, resource_type, profile)}
    return replace(
        mapping,
        single=single,
        multi=multi,
        exclude={name: values for name, values in mapping.exclude.items() if name in multi or name in single},
        required=tuple(path for path in mapping.required if not _ignored(path, resource_type, profile)),
        one_value=frozenset(profile.one_value & multi.keys()),
    )


def left_out(before: ResourceMapping, after: ResourceMapping) -> tuple[str, ...]:
    """Return the paths that `fitted` took away."""
    return tuple(path for path in (*before.single, *before.multi) if path not in {*after.single, *after.multi})


def _ignored(path: str, resource_type: ResourceType, profile: Profile) -> bool:
    attribute, _, sub_attribute = path.partition(".")
    return profile.ignores(resource_type, attribute, sub_attribute)


def _slot(item: ItemRule, name: str, resource_type: ResourceType, profile: Profile) -> ItemRule:
    return ItemRule(
        {sub: rule for sub, rule in item.sub_attributes.items() if not profile.ignores(resource_type, name, sub)}
    )
