"""The attributes that have one value, compiled: simple ones, complex ones, and those of extensions. Pure."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from ldap2scim.mapping.paths import split_path
from ldap2scim.mapping.spec import ResourceMapping, ValueRule
from ldap2scim.mapping.values import Raw, Reader, compile_value
from ldap2scim.model import EXTENSIONS, AttributeValue, ComplexValue, ResourceType, Scalar

AttributeReader: TypeAlias = Callable[[Raw], AttributeValue | None]
"""Gives the value of one top-level attribute, or None where there is none. Raises `Unreadable`."""
_Named: TypeAlias = tuple[tuple[str, Reader], ...]


def compile_single(mapping: ResourceMapping, resource_type: ResourceType) -> _Named:
    """Return the reader of every path with one value, except `active` of users, which the clock has a say in.

    For users a value that `exclude` names is no value; for groups it says something about the whole entry.
    """
    is_user = resource_type is ResourceType.USER
    return tuple(
        (path, _without(compile_value(_typed(path, rule)), mapping.exclude.get(path) if is_user else None))
        for path, rule in mapping.single.items()
        if not (is_user and path == "active")
    )


def compile_attributes(values: _Named) -> tuple[tuple[str, AttributeReader], ...]:
    """Return a reader for each top-level attribute, given those of the paths below it."""
    simple: dict[str, AttributeReader] = {}
    complex_: dict[str, list[tuple[str, Reader]]] = {}
    extensions: dict[str, list[tuple[str, Reader]]] = {}
    for path, read in values:
        match split_path(path):
            case (name,):
                simple[name] = read
            case (name, sub):
                complex_.setdefault(name, []).append((sub, read))
            case (_, urn, attribute):
                extensions.setdefault(urn, []).append((attribute, read))
    readers = [*simple.items(), *((name, _complex(tuple(subs))) for name, subs in complex_.items())]
    if extensions:
        readers.append(
            (EXTENSIONS, _extensions(tuple((urn, _complex(tuple(subs))) for urn, subs in extensions.items())))
        )
    return tuple(readers)


def _complex(subs: _Named) -> Callable[[Raw], ComplexValue | None]:
    def read_all(raw: Raw) -> ComplexValue | None:
        found: dict[str, Scalar] = {}
        for name, read in subs:
            value = read(raw)
            if value is not None:
                found[name] = value
        return found or None

    return read_all


def _extensions(schemas: tuple[tuple[str, Callable[[Raw], ComplexValue | None]], ...]) -> AttributeReader:
    def read_all(raw: Raw) -> AttributeValue | None:
        return {urn: value for urn, read in schemas if (value := read(raw)) is not None} or None

    return read_all


def _without(read: Reader, excluded: frozenset[str] | None) -> Reader:
    if not excluded:
        return read

    def read_allowed(raw: Raw) -> Scalar | None:
        value = read(raw)
        return None if str(value) in excluded else value

    return read_allowed


def _typed(path: str, rule: ValueRule) -> ValueRule:
    """Return the rule with its default as text: YAML reads `1001` as a number, and RFC 7643 §4 has strings there."""
    if path.startswith(EXTENSIONS) or rule.default is None or isinstance(rule.default, str):
        return rule
    text = str(rule.default).lower() if isinstance(rule.default, bool) else str(rule.default)
    return replace(rule, default=text)
