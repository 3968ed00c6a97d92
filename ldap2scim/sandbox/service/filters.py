"""Filters of RFC 7644 §3.4.2.2 as predicates on JSON objects. Pure; scim2-models reads the grammar."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from scim2_models import SCIMException, ScimFilter
from scim2_models.path import (
    ORDERING_OPERATORS,
    STRING_OPERATORS,
    AttrPath,
    CompareOperator,
    Comparison,
    FilterNode,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
)

from ldap2scim.sandbox.service.refusal import Refused
from ldap2scim.sandbox.service.schemas import KINDS, Rule, canonical_urn, resource_rules, rules
from ldap2scim.sandbox.service.wire import Value

Predicate: TypeAlias = Callable[[Mapping[str, Any]], bool]
Getter: TypeAlias = Callable[[Mapping[str, Any]], list[Any]]

_FREE = Rule("")


def parse_filter(text: str) -> FilterNode:
    """Parse a filter.

    Raises:
        Refused: 400 invalidFilter.
    """
    try:
        return ScimFilter[Any](text).ast
    except (SCIMException, ValueError) as error:
        raise Refused(400, f"The filter cannot be read: {error}", "invalidFilter") from error


def resource_predicate(kind: str, node: FilterNode) -> Predicate:
    """Compile a filter on resources of a kind.

    Raises:
        Refused: 400 invalidFilter, for an attribute that the kind does not have or an operator its type has not.
    """
    return _compile(node, lambda path: _resource_getter(kind, path))


def item_predicate(rule: Rule, node: FilterNode) -> Predicate:
    """Compile a value filter, `members[value eq "2819c223"]`, on the values of one attribute."""
    return _compile(node, lambda path: _item_getter(rule, path))


def _compile(node: FilterNode, resolve: Callable[[AttrPath], tuple[Getter, Rule]]) -> Predicate:
    match node:
        case LogicalExpr(op=op, terms=terms):
            parts = [_compile(term, resolve) for term in terms]
            joined = all if op is LogicalOperator.and_ else any
            return lambda resource: joined(part(resource) for part in parts)
        case Not(expr=expr):
            inner = _compile(expr, resolve)
            return lambda resource: not inner(resource)
        case Present(attr_path=path):
            get, _ = resolve(path)
            return lambda resource: any(value not in (None, "", [], {}) for value in get(resource))
        case ValuePath(attr_path=path, val_filter=val_filter):
            get, rule = resolve(path)
            chosen = item_predicate(rule, val_filter)
            return lambda resource: any(isinstance(item, dict) and chosen(item) for item in get(resource))
        case Comparison(attr_path=path, op=op, value=value):
            get, rule = resolve(path)
            return _comparison(get, rule, op, value)
    raise Refused(400, "The filter cannot be read.", "invalidFilter")


def _comparison(get: Getter, rule: Rule, op: CompareOperator, operand: Value) -> Predicate:
    if op in ORDERING_OPERATORS and rule.type in ("boolean", "binary"):
        raise Refused(400, f"{op.value} cannot compare {rule.name}, a {rule.type}.", "invalidFilter")
    if op in STRING_OPERATORS and not isinstance(operand, str):
        raise Refused(400, f"{op.value} compares text.", "invalidFilter")
    wanted = comparable(rule, operand)
    if op is CompareOperator.ne:
        return lambda resource: all(comparable(rule, _leaf(value)) != wanted for value in get(resource) or [None])
    if op is CompareOperator.eq and operand is None:
        return lambda resource: not get(resource)
    holds = _OPERATORS[op]

    def matches(resource: Mapping[str, Any]) -> bool:
        for value in get(resource):
            found = comparable(rule, _leaf(value))
            if type(found) is type(wanted) and holds(found, wanted):
                return True
        return False

    return matches


_OPERATORS: Mapping[CompareOperator, Callable[[Any, Any], bool]] = {
    CompareOperator.eq: lambda found, wanted: found == wanted,
    CompareOperator.co: lambda found, wanted: wanted in found,
    CompareOperator.sw: lambda found, wanted: found.startswith(wanted),
    CompareOperator.ew: lambda found, wanted: found.endswith(wanted),
    CompareOperator.gt: lambda found, wanted: found > wanted,
    CompareOperator.ge: lambda found, wanted: found >= wanted,
    CompareOperator.lt: lambda found, wanted: found < wanted,
    CompareOperator.le: lambda found, wanted: found <= wanted,
}


def _leaf(value: Value) -> Value:
    """A complex value is compared by its `value` (RFC 7643 §2.4)."""
    return value.get("value") if isinstance(value, dict) else value


def comparable(rule: Rule, value: Value) -> Value:
    """Return what stands for a value in comparisons: text by its case rule, times as times, objects by their parts."""
    if isinstance(value, dict):
        return {name: comparable(rule.subs.get(name.lower(), _FREE), each) for name, each in value.items()}
    if not isinstance(value, str):
        return value
    if rule.type == "dateTime":
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return value
    return value if rule.case_exact else value.casefold()


def _resource_getter(kind: str, path: AttrPath) -> tuple[Getter, Rule]:
    if path.uri is None or path.uri.lower() == KINDS[kind].lower():
        rule = resource_rules(kind).get(path.attr.lower())
        if rule is None:
            raise Refused(400, f"{kind} has no attribute {path.attr}.", "invalidFilter")
        return _getter(rule.name, rule, path.sub_attr)
    whole = canonical_urn(f"{path.uri}:{path.attr}", {})
    if whole is not None:
        return _getter(whole, _FREE, path.sub_attr)
    urn = canonical_urn(path.uri, {}) or path.uri
    rule = (rules(urn) or {}).get(path.attr.lower())
    get, leaf = _getter(rule.name if rule else path.attr, rule or _FREE, path.sub_attr)
    return (lambda resource: get(resource.get(urn) or {})), leaf


def _item_getter(rule: Rule, path: AttrPath) -> tuple[Getter, Rule]:
    sub = rule.subs.get(path.attr.lower())
    if sub is None and rule.subs:
        raise Refused(400, f"{rule.name} has no sub-attribute {path.attr}.", "invalidFilter")
    name = sub.name if sub else path.attr
    return (lambda item: [item[name]] if name in item else []), sub or _FREE


def _getter(name: str, rule: Rule, sub_attr: str | None) -> tuple[Getter, Rule]:
    def whole(resource: Mapping[str, Any]) -> list[Any]:
        value = resource.get(name)
        if value is None:
            return []
        return value if isinstance(value, list) else [value]

    if sub_attr is None:
        # A comparison with a complex attribute compares its `value`, with the case rule of that.
        return whole, rule if not rule.subs or "value" not in rule.subs else _with_value_case(rule)
    sub = rule.subs.get(sub_attr.lower())
    if sub is None and rule.subs:
        raise Refused(400, f"{name} has no sub-attribute {sub_attr}.", "invalidFilter")
    sub_name = sub.name if sub else sub_attr
    return (
        lambda resource: [item[sub_name] for item in whole(resource) if isinstance(item, dict) and sub_name in item]
    ), sub or _FREE


def _with_value_case(rule: Rule) -> Rule:
    value = rule.subs["value"]
    return Rule(rule.name, rule.type, rule.multi_valued, rule.required, value.case_exact, subs=rule.subs)
