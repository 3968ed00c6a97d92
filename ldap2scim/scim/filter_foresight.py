"""Will the service's own filter see a resource as we want it? Pure.

Three-valued: what the service alone decides (`id`, `meta`, attributes that no mapping writes) is not known before.
"""

from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from ldap2scim.model import EXTENSIONS, ResourceType
from ldap2scim.scim.filter_match import matches
from ldap2scim.scim.filters import And, Comparison, Filter, Not, Or, ValuePath
from ldap2scim.scim.layout import layout
from ldap2scim.scim.profiles import Profile
from ldap2scim.scim.provider import Json

Known: TypeAlias = Callable[[str], bool]
"""Says of an attribute path whether the mapping decides its value."""
_NOT_ASKED: Final = frozenset({"active"})
"""Whoever is disabled must be disabled, whether or not the filter sees the account afterwards."""


def foresee(root: Filter, resource: Json, known: Known) -> bool | None:
    """Say whether a resource will satisfy a filter; None where that is not ours to know."""
    match root:
        case And():
            return _all(foresee(term, resource, known) for term in root.terms)
        case Or():
            return _inverse(_all(_inverse(foresee(term, resource, known)) for term in root.terms))
        case Not():
            return _inverse(foresee(root.term, resource, known))
        case ValuePath() | Comparison():
            return matches(root, resource) if known(root.attribute) else None


def _all(terms: Iterable[bool | None]) -> bool | None:
    found = set(terms)
    return False if False in found else None if None in found else True


def _inverse(value: bool | None) -> bool | None:
    return None if value is None else not value


def decided_by(paths: Iterable[str], resource_type: ResourceType, profile: Profile) -> Known:
    """Return which attributes on the wire are decided by the paths of a mapping.

    The paths are those of the model: `title`, `name.family_name`, `emails`, `extensions.URN.attribute`.
    """
    places = layout(resource_type, profile)
    names: set[str] = set()
    for path in paths:
        attribute, _, sub = path.partition(".")
        if attribute == EXTENSIONS:
            names.add(sub.rpartition(".")[2].casefold())
            continue
        place = places.get(attribute)
        if place is None:
            continue
        inner = place.sub_attributes.get(sub, "") if sub else ""
        names.add(".".join(part for part in (place.name, inner) if part).casefold())

    def known(attribute: str) -> bool:
        bare = attribute.rpartition(":")[2].casefold()
        return bare not in _NOT_ASKED and (bare in names or bare.partition(".")[0] in names)

    return known
