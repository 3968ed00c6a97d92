"""PATCH on plain JSON objects (RFC 7644 §3.5.2). Pure: every change gives a new object, the old one stays.

Nothing is copied deeply: one member more in a group of 50,000 copies a list of references, and no member.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from scim2_models import Path, SCIMException
from scim2_models.path import AttrPath, PathNode, ValuePath

from ldap2scim.sandbox.service.checking import accepted_extension, accepted_item, accepted_value, is_empty
from ldap2scim.sandbox.service.filters import comparable, item_predicate
from ldap2scim.sandbox.service.refusal import Refused
from ldap2scim.sandbox.service.schemas import KINDS, Rule, canonical_urn, resource_rules, rules
from ldap2scim.sandbox.service.wire import Object, Value

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_SCHEMA_URN = re.compile(r"urn:.+:\d+\.\d+:[A-Za-z]+", re.IGNORECASE)


def patched(kind: str, resource: Object, body: object) -> Object:
    """Return a resource after the operations of a PATCH body, all of them or none.

    Raises:
        Refused: 400 with the `scimType` of RFC 7644 §3.12.
    """
    if not isinstance(body, dict) or PATCH_OP not in body.get("schemas", ()):
        raise Refused(400, f"The body is not a {PATCH_OP}.", "invalidSyntax")
    operations = body.get("Operations")
    if not isinstance(operations, list) or not operations:
        raise Refused(400, "`Operations` holds no operation.", "invalidSyntax")
    for operation in operations:
        resource = _applied(kind, resource, operation)
    return resource


def _applied(kind: str, resource: Object, operation: object) -> Object:
    if not isinstance(operation, dict):
        raise Refused(400, "An operation is not a JSON object.", "invalidSyntax")
    op = str(operation.get("op", "")).lower()
    path, value = operation.get("path"), operation.get("value")
    _check_operation(op, path, value)
    if op == "replace" and value is None:
        op = "remove"
    if path:
        return _at_path(kind, resource, op, str(path), value)
    if not isinstance(value, dict):
        raise Refused(400, f"{op} without a path needs an object of attributes.", "invalidValue")
    for name, each in value.items():
        core = resource_rules(kind).get(name.partition(".")[0].lower())
        if ":" in name or (core is not None and core.mutability != "readOnly" and core.name != "schemas"):
            resource = _at_path(kind, resource, "remove" if is_empty(each) else op, name, each)
    return resource


def _check_operation(op: str, path: Value, value: Value) -> None:
    if op not in ("add", "replace", "remove"):
        raise Refused(400, f"There is no operation {op!r}.", "invalidSyntax")
    if op == "add" and value is None:
        raise Refused(400, "add needs a value.", "invalidValue")
    if op == "remove" and not path:
        raise Refused(400, "remove needs a path (RFC 7644 §3.5.2.2).", "noTarget")
    if op == "remove" and value is not None:
        raise Refused(400, "remove takes no value: its target is the path alone.", "invalidValue")


def _at_path(kind: str, resource: Object, op: str, path: str, value: Value) -> Object:
    urn = canonical_urn(path, resource) or (path if _SCHEMA_URN.fullmatch(path) else None)
    if urn is not None and urn != KINDS[kind]:
        return _at_extension(resource, op, urn, value)
    if urn is not None:
        return _applied(kind, resource, {"op": op, "value": value})
    node = _parse_path(path)
    attr_path = node.attr_path if isinstance(node, ValuePath) else node
    if not isinstance(attr_path, AttrPath):
        raise Refused(400, f"{path} is no path of an attribute.", "invalidPath")
    if attr_path.uri is None or attr_path.uri.lower() == KINDS[kind].lower():
        rule = resource_rules(kind).get(attr_path.attr.lower())
        if rule is None:
            raise Refused(400, f"{kind} has no attribute {attr_path.attr}.", "invalidPath")
        return _at_attribute(resource, op, rule, node, value)
    urn = canonical_urn(attr_path.uri, resource) or attr_path.uri
    rule = (rules(urn) or {}).get(attr_path.attr.lower()) or _free_rule(attr_path.attr, resource.get(urn, {}), value)
    return _with(resource, urn, _at_attribute(resource.get(urn, {}), op, rule, node, value))


def _parse_path(path: str) -> PathNode:
    try:
        node = Path[Any](path).ast
    except (SCIMException, ValueError) as error:
        raise Refused(400, f"The path {path!r} cannot be read.", "invalidPath") from error
    if node is None:
        raise Refused(400, f"The path {path!r} is empty.", "invalidPath")
    return node


def _free_rule(name: str, extension: Object, value: Value) -> Rule:
    """The rule of an attribute that no schema describes: what its value looks like."""
    sample = extension.get(name, value)
    one = sample[0] if isinstance(sample, list) and sample else sample
    types: list[tuple[type, str]] = [(dict, "complex"), (bool, "boolean"), (int, "integer"), (float, "decimal")]
    found = next((named for python, named in types if isinstance(one, python)), "string")
    return Rule(name, found, multi_valued=isinstance(sample, list))


def _at_extension(resource: Object, op: str, urn: str, value: Value) -> Object:
    if op == "remove":
        return _with(resource, urn, None)
    return _with(resource, urn, {**resource.get(urn, {}), **accepted_extension(urn, value)})


def _at_attribute(container: Object, op: str, rule: Rule, node: PathNode, value: Value) -> Object:
    if rule.mutability == "readOnly" or rule.name == "schemas":
        raise Refused(400, f"{rule.name} is read-only.", "mutability")
    old = container.get(rule.name)
    if isinstance(node, ValuePath):
        return _with(container, rule.name, _in_selection(op, rule, node, old, value))
    sub_attr = node.sub_attr if isinstance(node, AttrPath) else None
    if sub_attr is None:
        return _with(container, rule.name, _whole(op, rule, old, value))
    sub = rule.subs.get(sub_attr.lower()) or Rule(sub_attr)
    if rule.subs and sub_attr.lower() not in rule.subs:
        raise Refused(400, f"{rule.name} has no sub-attribute {sub_attr}.", "invalidPath")
    if rule.multi_valued:
        return _with(container, rule.name, [_with_sub(item, op, sub, value) for item in old or []])
    return _with(container, rule.name, _with_sub(old or {}, op, sub, value))


def _whole(op: str, rule: Rule, old: Value, value: Value) -> Value:
    if op == "remove":
        return None
    if not rule.multi_valued:
        accepted = accepted_value(rule, value, rule.name)
        # §3.5.2.3: sub-attributes that are not named keep their values.
        return {**(old or {}), **accepted} if rule.type == "complex" and accepted else accepted
    new = accepted_value(rule, value if isinstance(value, list) else [value], rule.name) or []
    return new if op == "replace" else _joined(rule, old or [], new)


def _joined(rule: Rule, old: list[Any], new: list[Any]) -> list[Any]:
    """Append values that are not there yet; a new primary one takes the mark from the old (RFC 7644 §3.5.2)."""
    if rule.name == "members":
        held = {item.get("value") for item in old}
        return [*old, *{item.get("value"): item for item in new if item.get("value") not in held}.values()]
    held_values = [comparable(rule, item) for item in old]
    added = [item for item in new if comparable(rule, item) not in held_values]
    if any(isinstance(item, dict) and item.get("primary") for item in added):
        old = [_unmarked(item) for item in old]
    return [*old, *added]


def _unmarked(item: Value) -> Value:
    return {**item, "primary": False} if isinstance(item, dict) and item.get("primary") else item


def _in_selection(op: str, rule: Rule, node: ValuePath, old: Value, value: Value) -> Value:
    if not rule.multi_valued:
        raise Refused(400, f"{rule.name} has one value: a filter selects nothing in it.", "invalidPath")
    chosen = item_predicate(rule, node.val_filter)
    items: list[Any] = old or []
    marks = [isinstance(item, dict) and chosen(item) for item in items]
    if not any(marks):
        if op == "remove":
            return old
        raise Refused(400, f"No value of {rule.name} matches the filter of the path.", "noTarget")
    if op == "remove" and node.sub_attr is None:
        return [item for item, mark in zip(items, marks, strict=True) if not mark]
    change = _item_change(op, rule, node.sub_attr, value)
    changed = [change(item) if mark else item for item, mark in zip(items, marks, strict=True)]
    if any(mark and item.get("primary") for item, mark in zip(changed, marks, strict=True)):
        changed = [item if mark else _unmarked(item) for item, mark in zip(changed, marks, strict=True)]
    return changed


def _item_change(op: str, rule: Rule, sub_attr: str | None, value: Value) -> Callable[[Object], Object]:
    if sub_attr is not None:
        sub = rule.subs.get(sub_attr.lower())
        if sub is None and rule.subs:
            raise Refused(400, f"{rule.name} has no sub-attribute {sub_attr}.", "invalidPath")
        return lambda item: _with_sub(item, op, sub or Rule(sub_attr), value)
    accepted = accepted_item(rule, value, rule.name)
    return lambda item: {**item, **accepted} if op == "add" else accepted


def _with_sub(item: Object, op: str, sub: Rule, value: Value) -> Object:
    if sub.mutability == "readOnly" or (sub.mutability == "immutable" and item.get(sub.name) not in (None, value)):
        raise Refused(400, f"{sub.name} cannot be changed.", "mutability")
    return _with(item, sub.name, None if op == "remove" else accepted_value(sub, value, sub.name))


def _with(container: Mapping[str, Any], name: str, value: Value) -> Object:
    rest = {key: each for key, each in container.items() if key != name}
    return rest if is_empty(value) else {**rest, name: value}
