"""Which attributes an answer holds: `attributes` and `excludedAttributes` (RFC 7644 §3.9). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ldap2scim.sandbox.service.schemas import COMMON, KINDS, canonical_urn
from ldap2scim.sandbox.service.wire import Object

_ALWAYS = frozenset(rule.name for rule in COMMON.values() if rule.returned == "always")


@dataclass(frozen=True, slots=True)
class Projection:
    """The attributes asked for, and those not wanted."""

    attributes: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()

    def of(self, kind: str, resource: Object) -> Object:
        """Return what of a resource is answered."""
        if self.attributes:
            wanted: Object = {}
            for path in self.attributes:
                _merge(wanted, _only(resource, _steps(kind, path, resource)))
            return {name: value for name, value in resource.items() if name in _ALWAYS} | wanted
        for path in self.excluded:
            resource = _without(resource, _steps(kind, path, resource))
        return resource


def names(listed: object) -> tuple[str, ...]:
    """Read a list of names from a query (`a,b`) or from a search request (an array)."""
    parts: Sequence[Any] = listed.split(",") if isinstance(listed, str) else listed if isinstance(listed, list) else ()
    return tuple(part.strip() for part in map(str, parts) if part.strip())


def _steps(kind: str, path: str, resource: Object) -> tuple[str, ...]:
    """Split a name into steps: `urn:…:User:manager.value` is extension, attribute, sub-attribute."""
    whole = canonical_urn(path, resource)
    if whole is not None and whole != KINDS[kind]:
        return (whole,)
    if ":" not in path:
        return tuple(path.split("."))
    head, _, tail = path.rpartition(":")
    urn = canonical_urn(head, resource)
    if urn is None:
        return (path,)
    steps = tuple(tail.split("."))
    return steps if urn == KINDS[kind] else (urn, *steps)


def _key(container: Object, name: str) -> str | None:
    return next((key for key in container if key.lower() == name.lower()), None)


def _only(container: Object, steps: tuple[str, ...]) -> Object:
    key = _key(container, steps[0])
    if key is None:
        return {}
    value, rest = container[key], steps[1:]
    if not rest:
        return {key: value}
    if isinstance(value, list):
        return {key: [_only(item, rest) for item in value if isinstance(item, dict)]}
    return {key: _only(value, rest)} if isinstance(value, dict) else {}


def _without(container: Object, steps: tuple[str, ...]) -> Object:
    key = _key(container, steps[0])
    if key is None or key in _ALWAYS:
        return container
    value, rest = container[key], steps[1:]
    others = {name: each for name, each in container.items() if name != key}
    if not rest:
        return others
    if isinstance(value, list):
        return {**others, key: [_without(item, rest) if isinstance(item, dict) else item for item in value]}
    return {**others, key: _without(value, rest)} if isinstance(value, dict) else container


def _merge(into: Object, more: Object) -> None:
    for name, value in more.items():
        here = into.get(name)
        if isinstance(here, dict) and isinstance(value, dict):
            _merge(here, value)
        elif isinstance(here, list) and isinstance(value, list) and len(here) == len(value):
            into[name] = [{**old, **new} for old, new in zip(here, value, strict=True)]
        else:
            into[name] = dict(value) if isinstance(value, dict) else value
