"""Multi-valued attributes: one slot after the other, one primary at most (RFC 7643 §2.4). Pure."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

from ldap2scim.mapping.attributes import compile_object
from ldap2scim.mapping.phones import global_number
from ldap2scim.mapping.spec import GlobalNumbers, ItemRule, ValueRule
from ldap2scim.mapping.values import Raw, compile_all_values, compile_truth, compile_value, default_of, plain_source
from ldap2scim.model import Scalar

Item: TypeAlias = dict[str, Scalar]


class Collected(NamedTuple):
    """The items of one attribute."""

    items: tuple[Item, ...]
    surplus_primary: bool
    """More than one was marked primary; the first one has kept the mark."""


Collector: TypeAlias = Callable[[Raw], Collected]
"""Raises `Unreadable`."""
_Slot: TypeAlias = Callable[[Raw, list[Item]], None]
"""Adds what one rule gives."""
_Rest: TypeAlias = Callable[[Raw], Item] | None
"""Reads the sub-attributes beside `value`, where any comes from the entry."""

_NOTHING = Collected((), surplus_primary=False)


def compile_items(
    name: str, rules: tuple[ItemRule, ...], excluded: frozenset[str], phones: GlobalNumbers | None = None
) -> Collector:
    """Return the reader of the multi-valued attribute `name`.

    Each slot gives one item; one that is alone gives an item for every value of its source. A slot without a value
    gives none, and neither does a value in `excluded`. Two items of one type and value are one. Where e-mail
    addresses may be primary, exactly one is. Telephone numbers become global ones where `phones` says so, after
    exclusion: those are written as the directory has them.
    """
    alone = len(rules) == 1
    slots = tuple(_compile_slot(rule, alone=alone) for rule in rules)
    globally = phones if name == "phone_numbers" else None
    knows_primary = any("primary" in rule.sub_attributes for rule in rules)
    needs_primary = name == "emails" and any(_may_be_primary(rule) for rule in rules)

    def collect(raw: Raw) -> Collected:
        items: list[Item] = []
        for slot in slots:
            slot(raw, items)
        if not items:
            return _NOTHING
        if excluded:
            items = [item for item in items if str(item.get("value")) not in excluded]
        if globally is not None:
            _globalise(items, globally.country)
        if len(items) > 1:
            items = _without_repetition(items)
        if not knows_primary:
            return Collected(tuple(items), False)
        return _with_one_primary(items, needed=needs_primary)

    if alone and globally is None and not excluded and (plain := _plain_slot(rules[0])) is not None:
        return _one_text(*plain, collect)
    return collect


def _plain_slot(rule: ItemRule) -> tuple[str, Item] | None:
    """Return the source and the constants of a slot that takes a text as it is; None where it asks for more."""
    rules = dict(rule.sub_attributes)
    source = plain_source(rules.pop("value", ValueRule()))
    if source is None or any(one.sources for one in rules.values()):
        return None
    return source, _constants(rules)


def _one_text(source: str, constants: Item, collect: Collector) -> Collector:
    """Return a collector that is quick with entries of one value, as most are, and asks `collect` about all others."""

    def collect_one(raw: Raw) -> Collected:
        values = raw.get(source)
        if not values:
            return _NOTHING
        text = values[0]
        if len(values) == 1 and text and isinstance(text, str):
            return Collected(({"value": text, **constants},), False)
        return collect(raw)

    return collect_one


def _globalise(items: list[Item], country: str) -> None:
    for item in items:
        value = item.get("value")
        if isinstance(value, str):
            item["value"] = global_number(value, country) or value


def _compile_slot(rule: ItemRule, *, alone: bool) -> _Slot:
    rules = dict(rule.sub_attributes)
    value = rules.pop("value", None)
    if value is None:
        return _valueless(rules)
    constants = _constants(rules)
    sourced = {name: one for name, one in rules.items() if one.sources}
    read_rest = _compile_item(sourced) if sourced else None
    return _every_value(value, constants, read_rest) if alone else _first_value(value, constants, read_rest)


def _constants(rules: Mapping[str, ValueRule]) -> Item:
    return {
        name: default for name, one in rules.items() if not one.sources and (default := default_of(one)) is not None
    }


def _first_value(rule: ValueRule, constants: Item, read_rest: _Rest) -> _Slot:
    read_value = compile_value(rule)

    def add(raw: Raw, items: list[Item]) -> None:
        value = read_value(raw)
        if value is not None:
            item = {"value": value, **constants}
            if read_rest:
                item.update(read_rest(raw))
            items.append(item)

    return add


def _every_value(rule: ValueRule, constants: Item, read_rest: _Rest) -> _Slot:
    read_values = compile_all_values(rule)

    def add(raw: Raw, items: list[Item]) -> None:
        values = read_values(raw)
        if not values:
            return
        rest = {**constants, **read_rest(raw)} if read_rest else constants
        items.append({"value": values[0], **rest})
        if len(values) > 1:
            rest = {name: value for name, value in rest.items() if name != "primary" or value is not True}
            items.extend({"value": value, **rest} for value in values[1:])

    return add


def _valueless(rules: Mapping[str, ValueRule]) -> _Slot:
    """Compile a slot such as an address, which is there when anything read from the entry is."""
    read_item = _compile_item(rules)
    sourced = tuple(name for name, rule in rules.items() if rule.sources)

    def add(raw: Raw, items: list[Item]) -> None:
        item = read_item(raw)
        if any(name in item for name in sourced):
            items.append(item)

    return add


def _compile_item(rules: Mapping[str, ValueRule]) -> Callable[[Raw], Item]:
    primary = rules.get("primary")
    if primary is None or not primary.sources:
        return compile_object(rules)  # type: ignore[return-value]  # the rules of an item give nothing but scalars
    texts = {name: rule for name, rule in rules.items() if name != "primary"}
    return compile_object(texts, [("primary", compile_truth(primary))])  # type: ignore[return-value]  # as above


def _may_be_primary(rule: ItemRule) -> bool:
    primary = rule.sub_attributes.get("primary")
    return primary is not None and (primary.default is True or bool(primary.sources))


def _without_repetition(items: list[Item]) -> list[Item]:
    """Return the items without those whose type and value came before; the mark of a dropped one is kept."""
    if len({item.get("value") for item in items}) == len(items):
        return items
    kept: dict[object, Item] = {}
    for item in items:
        identity = (item["value"], item.get("type")) if "value" in item else tuple(sorted(item.items()))
        first = kept.setdefault(identity, item)
        if item.get("primary") is True:
            first["primary"] = True
    return list(kept.values())


def _with_one_primary(items: list[Item], *, needed: bool) -> Collected:
    if len(items) == 1 and items[0].get("primary") is True:
        return Collected((items[0],), False)
    marked = [item for item in items if item.get("primary") is True]
    if needed and items and not marked:
        items[0]["primary"] = True
    for surplus in marked[1:]:
        del surplus["primary"]
    return Collected(tuple(items), len(marked) > 1)
