"""Multi-valued attributes: one slot after the other, one primary at most (RFC 7643 §2.4). Pure."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

from ldap2scim.mapping.spec import ItemRule, ValueRule
from ldap2scim.mapping.values import Raw, Reader, compile_all_values, compile_truth, compile_value
from ldap2scim.model import Scalar

Item: TypeAlias = dict[str, Scalar]


class Collected(NamedTuple):
    """The items of one attribute."""

    items: tuple[Item, ...]
    surplus_primary: bool
    """More than one was marked primary; the first one has kept the mark."""


Collector: TypeAlias = Callable[[Raw], Collected]
"""Raises `Unreadable`."""

_NOTHING = Collected((), surplus_primary=False)


def compile_items(name: str, rules: tuple[ItemRule, ...], excluded: frozenset[str]) -> Collector:
    """Return the reader of the multi-valued attribute `name`.

    Each slot gives one item; one that is alone gives an item for every value of its source. A slot without a value
    gives none, and neither does a value in `excluded`. Two items of one type and value are one.
    """
    slots = tuple(map(_slot, rules))
    if len(rules) == 1 and "value" in rules[0].sub_attributes:
        slots = (_every_value(rules[0]),)
    wants_primary = name == "emails" and any(_may_be_primary(rule) for rule in rules)

    def collect(raw: Raw) -> Collected:
        items: list[Item] = []
        for slot in slots:
            items.extend(slot(raw))
        if not items:
            return _NOTHING
        if len(items) > 1:
            items = _without_repetition(items)
        if excluded:
            items = [item for item in items if str(item.get("value")) not in excluded]
        return _with_one_primary(items, wanted=wants_primary)

    return collect


def _slot(rule: ItemRule) -> Callable[[Raw], list[Item]]:
    readers = _readers(rule.sub_attributes)
    # An address has no `value`; it is there when anything read from the entry is.
    telling = ("value",) if "value" in rule.sub_attributes else _sourced(rule.sub_attributes)

    def read(raw: Raw) -> list[Item]:
        item = {name: value for name, read in readers if (value := read(raw)) is not None}
        return [item] if any(name in item for name in telling) else []

    return read


def _every_value(rule: ItemRule) -> Callable[[Raw], list[Item]]:
    read_values = compile_all_values(rule.sub_attributes["value"])
    readers = _readers({name: value for name, value in rule.sub_attributes.items() if name != "value"})

    def read(raw: Raw) -> list[Item]:
        values = read_values(raw)
        if not values:
            return []
        rest = {name: value for name, read in readers if (value := read(raw)) is not None}
        first: Item = {"value": values[0], **rest}
        if len(values) == 1:
            return [first]
        if rest.get("primary") is True:
            del rest["primary"]
        return [first, *({"value": value, **rest} for value in values[1:])]

    return read


def _readers(rules: Mapping[str, ValueRule]) -> tuple[tuple[str, Reader], ...]:
    return tuple(
        (name, compile_truth(rule) if name == "primary" else compile_value(rule)) for name, rule in rules.items()
    )


def _sourced(rules: Mapping[str, ValueRule]) -> tuple[str, ...]:
    return tuple(name for name, rule in rules.items() if rule.sources)


def _may_be_primary(rule: ItemRule) -> bool:
    primary = rule.sub_attributes.get("primary")
    return primary is not None and (primary.default is True or bool(primary.sources))


def _without_repetition(items: list[Item]) -> list[Item]:
    """Return the items without those whose type and value came before; the mark of a dropped one is kept."""
    kept: dict[object, Item] = {}
    for item in items:
        identity = (item["value"], item.get("type")) if "value" in item else tuple(sorted(item.items()))
        first = kept.setdefault(identity, item)
        if item.get("primary") is True:
            first["primary"] = True
    return list(kept.values())


def _with_one_primary(items: list[Item], *, wanted: bool) -> Collected:
    marked = [item for item in items if item.get("primary") is True]
    for surplus in marked[1:]:
        del surplus["primary"]
    if wanted and items and not marked:
        items[0]["primary"] = True
    return Collected(tuple(items), len(marked) > 1)
