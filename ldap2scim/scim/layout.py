"""Where each attribute lives in a resource on the wire (RFC 7643 §3, §3.3). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from typing import Any

from ldap2scim.errors import SettingsError
from ldap2scim.model import (
    COMPLEX_USER_ATTRIBUTES,
    MULTI_VALUED_USER_ATTRIBUTES,
    SINGLE_GROUP_ATTRIBUTES,
    SINGLE_USER_ATTRIBUTES,
    ResourceType,
)
from ldap2scim.scim.profiles import Profile
from ldap2scim.scim.profiles.profile import OUTSIDE_THE_RFC
from ldap2scim.scim.schemas import ENTERPRISE


class Shape(Enum):
    """How the value of an attribute is built (RFC 7643 §2.2–2.4)."""

    SINGLE = auto()
    COMPLEX = auto()
    MULTI_VALUED = auto()


@dataclass(frozen=True, slots=True)
class Place:
    """The place of one attribute."""

    shape: Shape
    schema: str | None
    """URN of the extension that holds it; None for the core schema."""
    name: str
    """On the wire; empty where the extension itself is the container of the sub-attributes."""
    sub_attributes: Mapping[str, str]
    """Name → name on the wire."""

    @property
    def multi_valued(self) -> bool:
        """Whether it holds a list of values."""
        return self.shape is Shape.MULTI_VALUED

    def path(self, sub_attribute: str | None = None) -> str:
        """Return the attribute path of RFC 7644 §3.10, such as `name.familyName` or `urn:…:User:department`."""
        parts = [part for part in (self.name, sub_attribute and self.sub_attributes[sub_attribute]) if part]
        name = ".".join(parts)
        return f"{self.schema}:{name}" if self.schema else name


Layout = Mapping[str, Place]


def wire_name(name: str) -> str:
    """Return the name on the wire: `phone_numbers` → `phoneNumbers`."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


@cache
def layout(resource_type: ResourceType, profile: Profile) -> Layout:
    """Return the place of every attribute that the service can hold."""
    placements = profile.placements.get(resource_type, {})
    return {
        attribute: _place(attribute, shape, sub_attributes, placements)
        for attribute, (shape, sub_attributes) in _catalogue(resource_type).items()
        if attribute not in OUTSIDE_THE_RFC[resource_type] or attribute in placements
    }


def place_of(attribute: str, resource_type: ResourceType, profile: Profile) -> Place:
    """Return the place of an attribute.

    Raises:
        SettingsError: the service has none for it; `profiles.unsupported` says so before.
    """
    try:
        return layout(resource_type, profile)[attribute]
    except KeyError:
        problem = f"{attribute}: a {resource_type.value} of the profile `{profile.name}` has no such attribute."
        raise SettingsError((problem,)) from None


def member_of(body: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - JSON
    """Return what `body` holds under `name`. Names and URNs are compared without case (RFC 7643 §2.1)."""
    if name in body:
        return body[name]
    key = key_like(body, name)
    return None if key is None else body[key]


def key_like(body: Mapping[str, Any], name: str) -> str | None:
    """Return the key of `body` that is `name` in any case."""
    if name in body:
        return name
    folded = name.casefold()
    return next((key for key in body if key.casefold() == folded), None)


def _catalogue(resource_type: ResourceType) -> dict[str, tuple[Shape, frozenset[str]]]:
    match resource_type:
        case ResourceType.USER:
            return (
                {name: (Shape.SINGLE, frozenset[str]()) for name in SINGLE_USER_ATTRIBUTES}
                | {name: (Shape.COMPLEX, subs) for name, subs in COMPLEX_USER_ATTRIBUTES.items()}
                | {name: (Shape.MULTI_VALUED, subs) for name, subs in MULTI_VALUED_USER_ATTRIBUTES.items()}
            )
        case ResourceType.GROUP:
            return {name: (Shape.SINGLE, frozenset[str]()) for name in SINGLE_GROUP_ATTRIBUTES}


def _place(attribute: str, shape: Shape, sub_attributes: frozenset[str], placements: Mapping[str, str]) -> Place:
    names = {name: wire_name(name) for name in sorted(sub_attributes)}
    if attribute == "enterprise":
        return Place(shape, ENTERPRISE, "", names)
    return Place(shape, placements.get(attribute), wire_name(attribute), names)
