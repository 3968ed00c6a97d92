"""Attributes of the domain ↔ a resource on the wire. Pure.

The law that everything rests on: what a service in step holds, read back with `from_wire`, is the very
essence that `to_wire` was given.
"""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final, TypeAlias, cast
from urllib.parse import unquote, urlsplit

from ldap2scim.model import EXTENSIONS, Attributes, AttributeValue, ComplexValue, ResourceType, Scalar
from ldap2scim.scim.layout import Place, Shape, layout, member_of, place_of
from ldap2scim.scim.profiles import Profile
from ldap2scim.scim.provider import Json
from ldap2scim.scim.schemas import CORE, ENDPOINT

Managed: TypeAlias = Mapping[str, frozenset[str] | None]
"""The attributes that a mapping writes → their sub-attributes; None for a single value, or for all of them.
Under `extensions` the members are `URN.attribute`."""

_NO_IDS: Final = frozenset({"", ".", ".."})
"""Segments of dots go out of an address (RFC 3986 §5.2.4): it would be that of all users, or the base URL."""
_FIELD_VALUE: Final = re.compile(r"[!-~\xa0-\xff]+( +[!-~\xa0-\xff]+)*")
"""RFC 9110 §5.5: anything else could not be sent back in `If-Match`, or would be another version there."""
_BOOLEANS: Final = frozenset({"active", "primary"})


def managed_from(paths: Iterable[str]) -> Managed:
    """Return what is managed.

    `paths` are those of a mapping: `title`, `name.family_name`, `emails.value`, `extensions.URN.attribute`.
    """
    managed: dict[str, set[str] | None] = {}
    for path in paths:
        attribute, _, rest = path.partition(".")
        if not rest:
            managed[attribute] = None
        elif (subs := managed.setdefault(attribute, set())) is not None:
            subs.add(rest)
    return {attribute: None if subs is None else frozenset(subs) for attribute, subs in managed.items()}


def to_wire(resource_type: ResourceType, attributes: Attributes, profile: Profile) -> dict[str, Any]:
    """Return the resource as it is sent, with its `schemas`.

    Raises:
        SettingsError: an attribute has no place at this service.
    """
    places = layout(resource_type, profile)
    body: dict[str, Any] = {"schemas": [CORE[resource_type]]}
    extensions: dict[str, dict[str, Any]] = {}
    for attribute, value in attributes.items():
        if attribute == EXTENSIONS:
            for urn, held in cast("Mapping[str, ComplexValue]", value).items():
                extensions.setdefault(urn, {}).update(held)
            continue
        place = places.get(attribute) or place_of(attribute, resource_type, profile)
        holder = body if place.schema is None else extensions.setdefault(place.schema, {})
        if place.name:
            holder[place.name] = value_to_wire(place, value)
        else:
            holder.update(value_to_wire(place, value))
    for urn in sorted(extensions):
        body["schemas"].append(urn)
        body[urn] = extensions[urn]
    return body


def value_to_wire(place: Place, value: AttributeValue) -> Any:  # noqa: ANN401 - JSON
    """Return the value of one attribute as it is sent."""
    names = place.sub_attributes
    match place.shape:
        case Shape.SINGLE:
            return value
        case Shape.COMPLEX:
            return {names[name]: held for name, held in cast("ComplexValue", value).items()}
        case Shape.MULTI_VALUED:
            items = cast("tuple[ComplexValue, ...]", value)
            return [{names[name]: held for name, held in item.items()} for item in items]


def from_wire(
    resource_type: ResourceType, body: Json, profile: Profile, managed: Managed, like: Attributes | None = None
) -> Attributes:
    """Return what the service holds of the managed attributes; nothing else of `body` is looked at.

    `like` is the state that is compared with: values of a multi-valued attribute come back in its order, since
    a service keeps none (RFC 7643 §2.4), and `primary: false` is the same as none; a login in another case comes back
    as it is there, since some services keep all in one case (§4.1.1: `userName` is compared without). Booleans
    written as text and numbers where text belongs are read as meant; a value of another kind is left out.
    """
    places = layout(resource_type, profile)
    known: Attributes = like or {}
    attributes: dict[str, AttributeValue] = {}
    for attribute, chosen in managed.items():
        value: AttributeValue | None
        if attribute == EXTENSIONS:
            value = _extensions(body, chosen or frozenset())
        else:
            place = places.get(attribute) or place_of(attribute, resource_type, profile)
            value = _value(attribute, place, body, chosen)
            if place.shape is Shape.MULTI_VALUED and value is not None and attribute in known:
                items = cast("tuple[ComplexValue, ...]", value)
                value = _in_order_of(items, cast("tuple[ComplexValue, ...]", known[attribute]))
            if attribute == "user_name" and resource_type not in profile.case_exact:
                value = _spelled_like(value, known.get(attribute))
        if value is not None:
            attributes[attribute] = value
    return attributes


def service_id(body: Json) -> str | None:
    """Return the `id` of a resource as text; some services give a number."""
    value = member_of(body, "id")
    known = isinstance(value, str | int) and not isinstance(value, bool) and value not in _NO_IDS
    return str(value) if known else None


def identifier_of(body: Json | None, location: str | None) -> str | None:
    """Return the id of a created resource, from its body or else its Location (RFC 7644 §3.1)."""
    found = service_id(body) if body is not None else None
    if found is None and location:
        with suppress(ValueError):  # it is no address
            last = unquote(urlsplit(location).path.rstrip("/").rpartition("/")[2])
            # Where the address is that of all users, nothing is said of one.
            return None if f"/{last}" in ENDPOINT.values() else service_id({"id": last})
    return found


def version_of(body: Json) -> str | None:
    """Return `meta.version`, the ETag of RFC 7644 §3.14; None where it is no value that a header can have."""
    meta = member_of(body, "meta")
    value = member_of(meta, "version") if isinstance(meta, Mapping) else None
    return value if isinstance(value, str) and _FIELD_VALUE.fullmatch(value) else None


def _value(attribute: str, place: Place, body: Json, chosen: frozenset[str] | None) -> AttributeValue | None:
    holder = body if place.schema is None else member_of(body, place.schema)
    if not isinstance(holder, Mapping):
        return None
    held = member_of(holder, place.name) if place.name else holder
    match place.shape:
        case Shape.SINGLE:
            return _scalar(attribute, held)
        case Shape.COMPLEX:
            return _complex(place, held, chosen)
        case Shape.MULTI_VALUED:
            values = held if isinstance(held, list | tuple) else [held]
            items = tuple(item for value in values if (item := _item(place, value, chosen)))
            return items or None


def _complex(place: Place, held: Any, chosen: frozenset[str] | None) -> ComplexValue | None:  # noqa: ANN401 - JSON
    if not isinstance(held, Mapping):
        return None
    value: dict[str, Scalar] = {}
    for name, name_on_wire in place.sub_attributes.items():
        if chosen is not None and name not in chosen:
            continue
        scalar = _scalar(name, member_of(held, name_on_wire))
        if scalar is not None and not (name == "primary" and scalar is False):
            value[name] = scalar
    return value or None


def _item(place: Place, held: Any, chosen: frozenset[str] | None) -> ComplexValue | None:  # noqa: ANN401 - JSON
    # RFC 7643 §2.4 lets a multi-valued attribute hold plain values; some services answer so.
    return _complex(place, {"value": held} if isinstance(held, str) else held, chosen)


def _scalar(name: str, held: Any) -> Scalar | None:  # noqa: ANN401 - JSON
    match held:
        case bool():
            return held if name in _BOOLEANS else None
        case str() if name in _BOOLEANS:
            return {"true": True, "false": False}.get(held.casefold())
        case str():
            return held or None
        case int() if name not in _BOOLEANS:
            return str(held)
        case _:
            return None


def _extensions(body: Json, chosen: frozenset[str]) -> AttributeValue | None:
    found: dict[str, dict[str, Scalar]] = {}
    for path in sorted(chosen):
        urn, _, name = path.rpartition(".")
        holder = member_of(body, urn)
        held = member_of(holder, name) if isinstance(holder, Mapping) else None
        # The schema is not known to us, so neither is the type: the value stays as it is.
        if isinstance(held, str | bool | int) and held != "":
            found.setdefault(urn, {})[name] = held
    return found or None


def _spelled_like(value: AttributeValue | None, like: AttributeValue | None) -> AttributeValue | None:
    same = isinstance(value, str) and isinstance(like, str) and value.casefold() == like.casefold()
    return like if same else value


def _in_order_of(items: tuple[ComplexValue, ...], like: Iterable[ComplexValue]) -> tuple[ComplexValue, ...]:
    left = list(items)
    ordered: list[ComplexValue] = []
    for wanted in like:
        plain = {name: value for name, value in wanted.items() if not (name == "primary" and value is False)}
        if plain in left:
            left.remove(plain)
            ordered.append(dict(wanted))
    return (*ordered, *left)
