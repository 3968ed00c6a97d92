"""Does a resource satisfy a filter (RFC 7644 §3.4.2.2)? Pure.

Used to compare what a service returned with what was asked: some services ignore filters and return everybody.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from operator import eq, ge, gt, le, lt
from typing import Any, Final

from ldap2scim.scim.filters import And, CompareValue, Comparison, Filter, Not, Or, ValuePath
from ldap2scim.scim.layout import member_of
from ldap2scim.scim.provider import Json

CASE_EXACT: Final = frozenset({"id", "externalid"})
"""Attributes whose case counts (RFC 7643 §3.1); of the others of the catalogue it does not (§4.1)."""


_TIMES: Final = frozenset({"meta.created", "meta.lastmodified"})
_ORDERED: Final = frozenset({"eq", "gt", "ge", "lt", "le"})


def matches(root: Filter, resource: Json) -> bool:
    """Say whether `resource` satisfies the filter. An attribute without a value satisfies `ne` alone."""
    match root:
        case And():
            return all(matches(term, resource) for term in root.terms)
        case Or():
            return any(matches(term, resource) for term in root.terms)
        case Not():
            return not matches(root.term, resource)
        case ValuePath():
            return any(
                isinstance(value, Mapping) and matches(root.inner, value)
                for value in values_of(root.attribute, resource)
            )
        case Comparison():
            return _compares(root, resource)


def values_of(path: str, resource: Json) -> list[Any]:
    """Return the values at an attribute path, those of every item of a multi-valued attribute."""
    urn, _, name = path.rpartition(":")
    holder = (member_of(resource, urn) or resource) if urn else resource
    held: list[Any] = [holder]
    for part in name.split("."):
        held = [value for one in held if isinstance(one, Mapping) for value in _flat(member_of(one, part))]
    return held


def _flat(value: Any) -> list[Any]:  # noqa: ANN401 - JSON
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _compares(comparison: Comparison, resource: Json) -> bool:
    values = values_of(comparison.attribute, resource)
    # A comparison with a complex attribute means its `value` (RFC 7644 §3.4.2.2, the example of `emails co`).
    plain = [member_of(value, "value") if isinstance(value, Mapping) else value for value in values]
    exact = comparison.attribute.rpartition(":")[2].casefold() in CASE_EXACT
    match comparison.operator:
        case "pr":
            return any(value not in (None, "", [], {}) for value in values)
        case "ne":
            return not any(_holds("eq", value, comparison.value, exact) for value in plain)
        case "eq" if comparison.value is None or comparison.value == "":
            # Nothing, null and the empty text are one thing (RFC 7643 §2.5).
            return not plain or any(value in (None, "") for value in plain)
        case operator if comparison.attribute.casefold() in _TIMES and operator in _ORDERED:
            return any(_is_when(operator, value, comparison.value) for value in plain)
        case operator:
            return any(_holds(operator, value, comparison.value, exact) for value in plain)


def _is_when(operator: str, held: Any, wanted: CompareValue) -> bool:  # noqa: ANN401 - JSON
    """Compare moments, whatever zone and precision each is written in (RFC 7643 §2.3.5)."""
    try:
        moments = datetime.fromisoformat(str(held)), datetime.fromisoformat(str(wanted))
        return _OPERATORS[operator](*moments)
    except (TypeError, ValueError):  # no moment, or one without a zone beside one with
        return _holds(operator, held, wanted, exact=False)


def _holds(operator: str, held: Any, wanted: CompareValue, exact: bool) -> bool:  # noqa: ANN401 - JSON
    if held is None:
        return False
    if type(held) is not type(wanted):
        held, wanted = str(held), str(wanted)  # "True" for true, "12" for 12
        exact = False
    if isinstance(held, str) and isinstance(wanted, str) and not exact:
        held, wanted = held.casefold(), wanted.casefold()
    return _OPERATORS[operator](held, wanted)


_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "eq": eq,
    "gt": gt,
    "ge": ge,
    "lt": lt,
    "le": le,
    "co": lambda held, wanted: str(wanted) in str(held),
    "sw": lambda held, wanted: str(held).startswith(str(wanted)),
    "ew": lambda held, wanted: str(held).endswith(str(wanted)),
}
