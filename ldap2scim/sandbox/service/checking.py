"""What a client may write: names, types, read-only and required attributes (RFC 7643 §2). Pure."""

from collections.abc import Mapping
from typing import Any

from ldap2scim.sandbox.service.refusal import Refused
from ldap2scim.sandbox.service.schemas import KINDS, Rule, canonical_urn, resource_rules, rules
from ldap2scim.sandbox.service.wire import Value

_PYTHON: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "reference": (str,),
    "binary": (str,),
    "dateTime": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "decimal": (int, float),
    "complex": (dict,),
}


def is_empty(value: object) -> bool:
    """Say whether a value is none: null and an empty array are the same as absent (RFC 7643 §2.5)."""
    return value is None or value in ([], {})


def accepted_resource(kind: str, body: object) -> dict[str, Any]:
    """Return what a POST or PUT body says of a resource, in the spelling of the schemas.

    Read-only attributes and core attributes that no schema has are left out; extensions without a schema stay.

    Raises:
        Refused: 400, for another schema, a missing required attribute or a value of another type.
    """
    if not isinstance(body, dict):
        raise Refused(400, "The body is not a JSON object.", "invalidSyntax")
    listed = body.get("schemas")
    if not isinstance(listed, list) or KINDS[kind].lower() not in {str(each).lower() for each in listed}:
        raise Refused(400, f"`schemas` does not list {KINDS[kind]}.", "invalidSyntax")
    known = resource_rules(kind)
    attributes: dict[str, Any] = {}
    for name, value in body.items():
        if ":" in name:
            extension = accepted_extension(canonical_urn(name, {}) or name, value)
            if extension:
                attributes[canonical_urn(name, {}) or name] = extension
        elif (rule := known.get(name.lower())) is not None and rule.name != "schemas":
            accepted = accepted_value(rule, value, rule.name)
            if not is_empty(accepted):
                attributes[rule.name] = accepted
    check_required(kind, attributes)
    return attributes


def accepted_extension(urn: str, value: object) -> dict[str, Any]:
    """Return the attributes of an extension; those that its schema does not have stay as they came."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refused(400, f"{urn} is not a JSON object.", "invalidValue")
    known = rules(urn) or {}
    accepted = {}
    for name, each in value.items():
        rule = known.get(name.lower())
        accepted[rule.name if rule else name] = accepted_value(rule, each, f"{urn}:{name}") if rule else each
    return {name: each for name, each in accepted.items() if not is_empty(each)}


def accepted_value(rule: Rule, value: object, where: str) -> Value:
    """Return a value of an attribute as it is kept; None for a read-only one.

    Raises:
        Refused: 400 invalidValue, for another type or more than one primary value.
    """
    if rule.mutability == "readOnly" or is_empty(value):
        return None
    if not rule.multi_valued:
        return accepted_item(rule, value, where)
    if not isinstance(value, list):
        raise Refused(400, f"{where} is multi-valued and was not sent as an array.", "invalidValue")
    items = [accepted_item(rule, item, where) for item in value]
    if rule.name != "members" and sum(1 for item in items if isinstance(item, dict) and item.get("primary")) > 1:
        raise Refused(400, f"{where} has more than one primary value.", "invalidValue")
    return items


def accepted_item(rule: Rule, value: object, where: str) -> Value:
    """Return one value of an attribute, of the type that its schema names."""
    if not isinstance(value, _PYTHON[rule.type]) or (rule.type == "integer" and isinstance(value, bool)):
        raise Refused(400, f"{where} is not of type {rule.type}.", "invalidValue")
    if not isinstance(value, dict) or not rule.subs:
        return value
    item = {}
    for name, each in value.items():
        sub = rule.subs.get(name.lower())
        if sub is None or sub.mutability == "readOnly" or is_empty(each):
            continue
        item[sub.name] = accepted_value(sub, each, f"{where}.{sub.name}")
    return item


def check_required(kind: str, attributes: Mapping[str, Any]) -> None:
    """Refuse a resource without a required attribute (RFC 7643 §2.2)."""
    for rule in resource_rules(kind).values():
        if rule.required and attributes.get(rule.name) in (None, ""):
            raise Refused(400, f"{rule.name} is required.", "invalidValue")
