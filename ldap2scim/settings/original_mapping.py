"""Reads `iid.scim.attribute.{user,group}` of the original: `ad_bind`, `default`, `convert`, `exclude`. No I/O.

The four are parallel trees over the same attributes. A list under a single-valued attribute of `ad_bind` means
"the first that has a value". The values of a multi-valued attribute are lists too; those of the four trees belong
together by position, and `null` skips a place.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

from ldap2scim.mapping.spec import ItemRule, ValueRule
from ldap2scim.model import ResourceType
from ldap2scim.settings.attribute_names import VOCABULARIES, Leaves, Vocabulary, leaves, slots
from ldap2scim.settings.native_mapping import excluded_values, read_exclusions
from ldap2scim.settings.nodes import Entry, MappingNode, SequenceNode, is_empty
from ldap2scim.settings.reading import Field, Section, Unfit
from ldap2scim.settings.rules import Overlay, conversions, is_conversion, value_of
from ldap2scim.settings.values import ldap_attributes

T = TypeVar("T")


def read_original_overlay(section: Section, resource_type: ResourceType) -> Overlay:
    """Return what `attribute.user` or `attribute.group` says."""
    vocabulary = VOCABULARIES[resource_type]
    binds = leaves(_repaired(section.section("ad_bind")), vocabulary)
    defaults = leaves(_repaired(section.section("default")), vocabulary)
    converts = leaves(_repaired(section.section("convert")), vocabulary)
    exclude = read_exclusions(section.section("exclude"), vocabulary)
    section.finish()
    single = {
        name: rule
        for name in {**binds.single, **defaults.single}
        if (rule := _single_rule(name, binds, defaults, converts)) is not None
    }
    multi = {
        name: items
        for name in {**binds.multi, **defaults.multi}
        if not _is_idle(items := _items(name, vocabulary, binds, defaults, converts))
    }
    for part in (defaults, converts):
        _name_idle(part, {**single, **multi})
    places = {f"exclude.{name}": field.node.place for name, field in exclude.items()}
    for part in (defaults, binds):
        places |= {name: field.node.place for name, field in [*part.single.items(), *part.multi.items()]}
    return Overlay(single, multi, excluded_values(exclude), None, places, section.path_of("ad_bind"))


def _single_rule(name: str, binds: Leaves, defaults: Leaves, converts: Leaves) -> ValueRule | None:
    rule = ValueRule(
        _read(binds.single.get(name), ldap_attributes, ()),
        _read(defaults.single.get(name), lambda field: value_of(field, name), None),
        _read(converts.single.get(name), conversions, ()),
    )
    return rule if rule.sources or rule.default is not None else None


def _items(
    name: str, vocabulary: Vocabulary, binds: Leaves, defaults: Leaves, converts: Leaves
) -> tuple[ItemRule, ...]:
    subs = vocabulary.sub_attributes[name]
    bound, fixed = (_slots(part.multi.get(name), subs) for part in (binds, defaults))
    _note_unequal(binds.multi.get(name), defaults.multi.get(name), len(bound), len(fixed))
    changed = _conversion_slots(converts.multi.get(name), subs, len(bound))
    items: list[ItemRule] = []
    for number in range(max(len(bound), len(fixed))):
        sources, values, conversions_ = (_at(part, number) for part in (bound, fixed, changed))
        rules = {
            sub: ValueRule(
                _read(sources.get(sub), ldap_attributes, ()),
                _read(values.get(sub), lambda field, sub=sub: value_of(field, sub), None),  # type: ignore[misc]
                _read(conversions_.get(sub), conversions, ()),
            )
            for sub in {**sources, **values}
        }
        if rules:
            items.append(ItemRule(rules))
    return tuple(items)


def _is_idle(items: tuple[ItemRule, ...]) -> bool:
    """Say whether items could never be there: a type or a mark, and no value that has it.

    Were they mapped, they would take away at the service what is there.
    """
    rules = [item.sub_attributes for item in items]
    return bool(rules) and not any("value" in one or any(rule.sources for rule in one.values()) for one in rules)


def _slots(field: Field | None, subs: Mapping[str, str]) -> tuple[Mapping[str, Field] | None, ...]:
    return () if field is None or is_empty(field.node) else slots(field, subs)


def _conversion_slots(
    field: Field | None, subs: Mapping[str, str], count: int
) -> tuple[Mapping[str, Field] | None, ...]:
    """Return the conversions by position; a list of patterns without positions holds for every `value`."""
    if field is None or is_empty(field.node):
        return ()
    items = field.node.items if isinstance(field.node, SequenceNode) else (field.node,)
    if any(is_conversion(item) for item in items):
        return ({"value": field},) * count
    return slots(field, subs)


def _at(found: tuple[Mapping[str, Field] | None, ...], number: int) -> Mapping[str, Field]:
    return (found[number] if number < len(found) else None) or {}


def _read(field: Field | None, parse: Callable[[Field], T], absent: T) -> T:
    if field is None or is_empty(field.node):
        return absent
    try:
        return parse(field)
    except Unfit as error:
        field.reading.problem(field.node.place, field.path, str(error))
        return absent


def _note_unequal(bind: Field | None, default: Field | None, bound: int, fixed: int) -> None:
    if bind and default and bound and fixed and bound != fixed:
        text = f"has {fixed} places where `{bind.path}` has {bound}; they are matched by position (`null` skips one)."
        default.reading.note(default.node.place, default.path, text)


def _name_idle(written: Leaves, mapped: Mapping[str, object]) -> None:
    for name, field in [*written.single.items(), *written.multi.items()]:
        if name not in mapped and not is_empty(field.node):
            field.reading.note(field.node.place, field.path, "has no effect: nothing is mapped to this attribute.")


def _repaired(section: Section) -> Section:
    """Move `name.active` to `active`: an FAQ of the original prints it so, its samples write `active`."""
    name = section.node.get("name") if section.node else None
    if section.node is None or name is None or not isinstance(name.node, MappingNode):
        return section
    misplaced = name.node.get("active")
    if misplaced is None:
        return section
    rest = tuple(entry for entry in name.node.entries if entry is not misplaced)
    kept = [entry for entry in section.node.entries if entry is not name]
    repaired = [Entry("name", name.place, MappingNode(name.node.place, rest))] if rest else []
    node = MappingNode(section.node.place, (*kept, *repaired, misplaced))
    return Section(section.reading, section.path, node, section.place)
