"""Bodies of PUT (RFC 7644 §3.5.1), made from what the service holds now. Pure.

PUT wipes what it does not carry, so whatever the mapping does not manage is sent back as it was read.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from ldap2scim.model import EXTENSIONS, Attributes, ResourceType
from ldap2scim.scim.filter_match import values_of
from ldap2scim.scim.layout import key_like, layout
from ldap2scim.scim.patch import member_value
from ldap2scim.scim.profiles import Profile
from ldap2scim.scim.provider import Json
from ldap2scim.scim.wire import Managed, to_wire

_NOT_SENT_BACK: Final = frozenset({"meta", "groups", "password"})
"""Read-only (RFC 7643 §3.1, §4.1.2), and a password that is none of ours."""


def with_attributes(
    resource_type: ResourceType, current: Json, desired: Attributes, managed: Managed, profile: Profile
) -> dict[str, Any]:
    """Return `current` with exactly `desired` in the managed attributes; managed ones not in it are gone."""
    body = _writable(current)
    wanted = to_wire(resource_type, desired, profile)
    held = [urn for urn in values_of("schemas", current) if isinstance(urn, str)]
    schemas = dict.fromkeys([*held, *wanted.pop("schemas")])
    _clear(body, resource_type, managed, profile)
    _merge(body, wanted)
    body[key_like(body, "schemas") or "schemas"] = list(schemas)
    return body


def with_members(current: Json, members: Iterable[str], groups: Collection[str] = ()) -> dict[str, Any]:
    """Return a group with all of its `members`, given by id; `groups` are those of them that are groups.

    They come from our own memory, since some services never return them and PUT without them empties a group.
    """
    values = [member_value(one, is_group=one in groups) for one in members]
    return _writable(current) | {key_like(current, "members") or "members": values}


def with_activity(current: Json, active: bool) -> dict[str, Any]:
    """Return a user enabled or disabled."""
    return _writable(current) | {key_like(current, "active") or "active": active}


def _writable(current: Json) -> dict[str, Any]:
    return {name: value for name, value in current.items() if name.casefold() not in _NOT_SENT_BACK}


def _clear(body: dict[str, Any], resource_type: ResourceType, managed: Managed, profile: Profile) -> None:
    """Take out of `body` every managed value, and leave what a person or another program set."""
    places = layout(resource_type, profile)
    for attribute, chosen in managed.items():
        if attribute == EXTENSIONS:
            for path in chosen or ():
                urn, _, name = path.rpartition(".")
                _drop(body, (urn, name))
            continue
        place = places[attribute]
        way = tuple(part for part in (place.schema, place.name) if part)
        if chosen is None or place.multi_valued:
            _drop(body, way)
        else:
            for name in chosen:
                _drop(body, (*way, place.sub_attributes[name]))


def _drop(body: dict[str, Any], way: tuple[str, ...]) -> None:
    key = key_like(body, way[0])
    if key is None:
        return
    if len(way) == 1:
        del body[key]
    elif isinstance(body[key], Mapping):
        body[key] = dict(body[key])
        _drop(body[key], way[1:])
        if not body[key]:
            del body[key]


def _merge(body: dict[str, Any], wanted: Mapping[str, Any]) -> None:
    for name, value in wanted.items():
        key = key_like(body, name) or name
        held = body.get(key)
        if isinstance(value, Mapping) and isinstance(held, Mapping):
            body[key] = dict(held)
            _merge(body[key], value)
        else:
            body[key] = value
