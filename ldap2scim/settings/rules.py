"""Parts of a mapping that both forms of the settings file share, and mappings laid over one another. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ldap2scim.mapping.ruby_regex import conversion
from ldap2scim.mapping.spec import Conversion, ItemRule, ResourceMapping, ValueRule
from ldap2scim.model import Scalar
from ldap2scim.settings.attribute_names import BOOLEANS, camel, written_path
from ldap2scim.settings.composed import Row
from ldap2scim.settings.nodes import MappingNode, Node, Place, SequenceNode, is_empty
from ldap2scim.settings.reading import Field, Section, Unfit, show
from ldap2scim.settings.values import boolean, raw_text, text


@dataclass(frozen=True, slots=True)
class Overlay:
    """What one place of the settings says about a mapping; what it does not say shows through from below."""

    single: Mapping[str, ValueRule | None] = field(default_factory=dict)
    """None: mapped from nothing (`title: null`)."""
    multi: Mapping[str, tuple[ItemRule, ...]] = field(default_factory=dict)
    """Empty: mapped from nothing."""
    exclude: Mapping[str, frozenset[str]] = field(default_factory=dict)
    required: tuple[str, ...] | None = None
    places: Mapping[str, Place] = field(default_factory=dict)
    """By path of the model, `exclude.PATH`, or `required`."""
    sources: str | None = None
    """Key path of the block that says where attributes come from, in the form that has one, and has no `required`."""


def lay(base: ResourceMapping, overlays: tuple[Overlay, ...], path: str) -> tuple[ResourceMapping, tuple[Row, ...]]:
    """Return a mapping under overlays, the last one on top, and its rows under a key path.

    Without a word about it, `base.required` is required; `externalId` is the source anchor where nothing maps it.
    """
    single: dict[str, ValueRule | None] = dict(base.single)
    multi = dict(base.multi)
    exclude = dict(base.exclude)
    places: dict[str, Place] = {}
    required: tuple[str, ...] | None = None
    for overlay in overlays:
        single.update(overlay.single)
        multi.update(overlay.multi)
        exclude.update(overlay.exclude)
        places.update(overlay.places)
        required = overlay.required if overlay.required is not None else required
    mapped = {name: rule for name, rule in single.items() if rule is not None}
    if required is None:
        required = tuple(name for name in base.required if name in mapped or name != "external_id")
    mapping = ResourceMapping(mapped, {name: items for name, items in multi.items() if items}, exclude, required)
    return mapping, tuple(_rows(mapping, places, path))


def value_of(field_: Field, name: str) -> Scalar | None:
    """Return a fixed value for an attribute or sub-attribute; None for an empty text."""
    if name.rpartition(".")[2] in BOOLEANS:
        return boolean(field_)
    return text(field_) or None


def conversions(field_: Field) -> tuple[Conversion, ...]:
    """Return the replacements of a `convert`: one block of `pattern` and `replacement`, or a list of them."""
    items = field_.node.items if isinstance(field_.node, SequenceNode) else (field_.node,)
    found = [_conversion(field_, item) for item in items if not is_empty(item)]
    return tuple(one for one in found if one is not None)


def is_conversion(node: Node) -> bool:
    """Say whether a block is one `pattern` and `replacement`."""
    return isinstance(node, MappingNode) and node.get("pattern") is not None


def exclusions(field_: Field) -> frozenset[str]:
    """Return the values of an `exclude`: texts, or blocks of `value: text`; `null` slots are passed over."""
    items = field_.node.items if isinstance(field_.node, SequenceNode) else (field_.node,)
    found: set[str] = set()
    for item in items:
        entry = item.get("value") if isinstance(item, MappingNode) else None
        node = entry.node if entry else item
        if isinstance(node, SequenceNode):
            found |= exclusions(Field(field_.reading, field_.path, node, field_.origin))
        elif not is_empty(node):
            found.add(text(Field(field_.reading, field_.path, node, field_.origin)))
    return frozenset(found)


def _conversion(field_: Field, node: Node) -> Conversion | None:
    if not isinstance(node, MappingNode):
        raise Unfit("must be a list of blocks with `pattern` and `replacement`.")
    section = Section(field_.reading, field_.path, node, node.place)
    # Patterns and replacements are taken as written: `${` has a meaning of its own in neither.
    pattern = section.get("pattern")
    replacement = section.get("replacement")
    section.finish()
    if pattern is None:
        raise Unfit("has no `pattern`.")
    try:
        return conversion(raw_text(pattern), "" if replacement is None else raw_text(replacement))
    except ValueError as error:
        field_.reading.problem(pattern.place, f"{field_.path}.pattern", f"cannot be used: {error}")
        return None


def _rows(mapping: ResourceMapping, places: Mapping[str, Place], path: str) -> list[Row]:
    origins = {name: f"{place.file}:{place.line}" for name, place in places.items()}
    shown = {name: _show_rule(rule, " and " if name == "active" else " or ") for name, rule in mapping.single.items()}
    shown |= {name: "; ".join(_show_item(item) for item in items) for name, items in mapping.multi.items()}
    rows = [Row(f"{path}.{written_path(name)}", shown[name], origins.get(name, "default")) for name in sorted(shown)]
    for name, values in sorted(mapping.exclude.items()):
        origin = origins.get(f"exclude.{name}", "default")
        rows.append(Row(f"{path}.exclude.{camel(name)}", show(tuple(sorted(values))), origin))
    required = show(tuple(written_path(name) for name in mapping.required))
    return [*rows, Row(f"{path}.required", required, origins.get("required", "default"))]


def _show_rule(rule: ValueRule, joint: str = " or ") -> str:
    parts = [joint.join(rule.sources)] if rule.sources else []
    parts += [f"converted by {one.written!r} → {one.replacement!r}" for one in rule.conversions]
    if rule.default is not None:
        parts.append(f"else {show(rule.default)}" if rule.sources else f"always {show(rule.default)}")
    return ", ".join(parts)


def _show_item(item: ItemRule) -> str:
    return ", ".join(f"{camel(name)}: {_show_rule(rule)}" for name, rule in sorted(item.sub_attributes.items()))
