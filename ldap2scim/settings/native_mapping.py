"""Reads a mapping of the native form: `userName: uid`, or `userName: {from: …, default: …, convert: …}`. No I/O."""

from collections.abc import Mapping

from ldap2scim.mapping.spec import ItemRule, ValueRule
from ldap2scim.model import ResourceType
from ldap2scim.settings.attribute_names import BOOLEANS, VOCABULARIES, Vocabulary, leaves, slots
from ldap2scim.settings.nodes import MappingNode, ScalarNode, is_empty
from ldap2scim.settings.reading import Field, Parser, Section, Unfit, unknown
from ldap2scim.settings.rules import Overlay, conversions, exclusions, value_of
from ldap2scim.settings.values import ldap_attributes, texts

_FIXED = frozenset({"type", "primary", "display"})
"""Sub-attributes that say what a value is: a plain word there is that word, not an LDAP attribute."""


def read_overlay(section: Section, resource_type: ResourceType) -> Overlay:
    """Return what `mapping.user` or `mapping.group` says. An attribute without a value is mapped from nothing."""
    vocabulary = VOCABULARIES[resource_type]
    exclude_section = section.section("exclude")
    required = section.read("required", _required(vocabulary), None)
    found = leaves(section, vocabulary)
    single = {name: _rule_or_none(field, name) for name, field in found.single.items()}
    multi = {
        name: () if is_empty(field.node) else tuple(_items(field, vocabulary.sub_attributes[name]))
        for name, field in found.multi.items()
    }
    places = {name: field.node.place for name, field in [*found.single.items(), *found.multi.items()]}
    exclude = read_exclusions(exclude_section, vocabulary)
    place = section.place_of("required")
    if required is not None and place:
        places["required"] = place
    for name, field in exclude.items():
        places[f"exclude.{name}"] = field.node.place
    return Overlay(single, multi, excluded_values(exclude), required, places)


def read_exclusions(section: Section, vocabulary: Vocabulary) -> Mapping[str, Field]:
    """Return the fields of an `exclude` block by attribute of the model."""
    found = leaves(section, vocabulary)
    return {name: field for name, field in [*found.single.items(), *found.multi.items()] if not is_empty(field.node)}


def excluded_values(fields: Mapping[str, Field]) -> Mapping[str, frozenset[str]]:
    """Return the values of each field of an `exclude` block."""
    values: dict[str, frozenset[str]] = {}
    for name, field in fields.items():
        try:
            values[name] = exclusions(field)
        except Unfit as error:
            field.reading.problem(field.node.place, field.path, str(error))
    return values


def _rule_or_none(field: Field, name: str) -> ValueRule | None:
    if is_empty(field.node):
        return None
    try:
        return _rule(field, name)
    except Unfit as error:
        field.reading.problem(field.node.place, field.path, str(error))
        return None


def _rule(field: Field, name: str) -> ValueRule:
    match field.node:
        case MappingNode() as node:
            section = Section(field.reading, field.path, node, node.place)
            sources = section.read("from", ldap_attributes, ())
            default = section.read("default", lambda written: value_of(written, name), None)
            converted = section.read("convert", conversions, ())
            section.finish()
            if section.get("from") is None and section.get("default") is None:
                raise Unfit("has neither `from` nor `default`.")
            return ValueRule(sources, default, converted)
        case ScalarNode(value=bool(value)) if name in BOOLEANS:
            return ValueRule(default=value)
        case _:
            return ValueRule(ldap_attributes(field))


def _items(field: Field, sub_attributes: Mapping[str, str]) -> list[ItemRule]:
    items: list[ItemRule] = []
    for number, slot in enumerate(slots(field, sub_attributes), 1):
        if slot is None:
            continue
        rules = {name: _sub_rule(written, name) for name, written in slot.items()}
        if "value" in sub_attributes and "value" not in slot:
            field.reading.problem(field.node.place, f"{field.path}[{number}]", "has no `value`.")
        items.append(ItemRule({name: rule for name, rule in rules.items() if rule is not None}))
    return items


def _sub_rule(field: Field, name: str) -> ValueRule | None:
    if name not in _FIXED or isinstance(field.node, MappingNode):
        return _rule_or_none(field, name)
    try:
        return ValueRule(default=value_of(field, name))
    except Unfit as error:
        field.reading.problem(field.node.place, field.path, str(error))
        return None


def _required(vocabulary: Vocabulary) -> Parser[tuple[str, ...]]:
    known = {**vocabulary.single, **vocabulary.multi}

    def parse(field: Field) -> tuple[str, ...]:
        names = texts(field)
        for name in names:
            if name not in known:
                raise Unfit(f"names `{name}`, which {unknown(name, list(known))}")
        return tuple(known[name] for name in names)

    return parse
