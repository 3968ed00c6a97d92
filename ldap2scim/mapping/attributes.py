"""Values side by side: attributes that have one value, and the sub-attributes of complex ones. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TypeAlias

from ldap2scim.mapping.paths import split_path
from ldap2scim.mapping.spec import ValueRule
from ldap2scim.mapping.values import Raw, compile_value, default_of, first_of, not_text, plain_source
from ldap2scim.model import EXTENSIONS, AttributeValue

ObjectReader: TypeAlias = Callable[[Raw], dict[str, AttributeValue]]
"""Gives the values by name; a name without a value is not there. Raises `Unreadable`."""
_PartReader: TypeAlias = Callable[[Raw], AttributeValue | None]
_Objects: TypeAlias = Iterable[tuple[str, ObjectReader]]


def compile_object(
    rules: Mapping[str, ValueRule], parts: Iterable[tuple[str, _PartReader]] = (), objects: _Objects = ()
) -> ObjectReader:
    """Return the reader of several values at once, and of `parts` and `objects` inside that are already compiled.

    Most rules ask for one text attribute and nothing else; these are read here, without a call for each. An object
    without any value is not there.
    """
    constants: dict[str, AttributeValue] = {}
    plain: list[tuple[str, str]] = []
    others = list(parts)
    for name, rule in rules.items():
        default = default_of(rule)
        if source := plain_source(rule):
            plain.append((name, source))
        elif not rule.sources:
            if default is not None:
                constants[name] = default
        else:
            others.append((name, compile_value(rule)))
    return _object_reader(constants, tuple(plain), tuple(others), tuple(objects))


def compile_attributes(rules: Mapping[str, ValueRule]) -> ObjectReader:
    """Return the reader of all attributes with one value, given their rules by path."""
    top: dict[str, ValueRule] = {}
    nested: dict[str, dict[str, ValueRule]] = {}
    extensions: dict[str, dict[str, ValueRule]] = {}
    for path, rule in rules.items():
        match split_path(path):
            case (name,):
                top[name] = rule
            case (name, sub):
                nested.setdefault(name, {})[sub] = rule
            case (_, urn, attribute):
                extensions.setdefault(urn, {})[attribute] = rule
    objects = [(name, compile_object(subs)) for name, subs in nested.items()]
    if extensions:
        schemas = [(urn, compile_object(subs)) for urn, subs in extensions.items()]
        objects.append((EXTENSIONS, compile_object({}, objects=schemas)))
    return compile_object(top, objects=objects)


def with_text_defaults(rules: Mapping[str, ValueRule]) -> Mapping[str, ValueRule]:
    """Return the rules with their defaults as text: YAML reads `1001` as a number, RFC 7643 §4 has strings there.

    What the attributes of an extension are is not known, so these keep theirs.
    """
    return {path: rule if path.startswith(f"{EXTENSIONS}.") else _as_text(rule) for path, rule in rules.items()}


def _object_reader(
    constants: dict[str, AttributeValue],
    plain: tuple[tuple[str, str], ...],
    others: tuple[tuple[str, _PartReader], ...],
    objects: tuple[tuple[str, ObjectReader], ...],
) -> ObjectReader:
    def read_all(raw: Raw) -> dict[str, AttributeValue]:
        found = constants.copy()
        for name, source in plain:
            values = raw.get(source)
            if values:
                text = values[0] or first_of(values)
                if not isinstance(text, str):
                    text = _decoded(text, source)
                if text:
                    found[name] = text
        for name, read_object in objects:
            if inside := read_object(raw):
                found[name] = inside  # type: ignore[assignment]  # one level of nesting less than the type allows
        for name, read in others:
            value = read(raw)
            if value is not None:
                found[name] = value
        return found

    return read_all


def _decoded(value: bytes, source: str) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise not_text(source) from None


def _as_text(rule: ValueRule) -> ValueRule:
    match rule.default:
        case bool():
            return replace(rule, default=str(rule.default).lower())
        case int():
            return replace(rule, default=str(rule.default))
        case _:
            return rule
