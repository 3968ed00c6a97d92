"""Search filters: RFC 4515 text, its parsed form, and builders that escape. Pure.

Administrators write filters with or without the outer parentheses; both are read. What is read can be rendered,
and means the same again.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from ldap2scim.directory.filter_text import FilterError, escape, read_attribute, read_extensible, read_value

__all__ = [
    "And",
    "Comparison",
    "Extensible",
    "Filter",
    "FilterError",
    "Not",
    "Operator",
    "Or",
    "Present",
    "Substrings",
    "all_of",
    "attributes_of",
    "equals",
    "escape",
    "parse",
    "render",
    "with_object_class",
]


@dataclass(frozen=True, slots=True)
class And:
    """All of them; with none it is always true (RFC 4526)."""

    filters: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of them; with none it is always false (RFC 4526)."""

    filters: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Not that."""

    filter: "Filter"


class Operator(StrEnum):
    """How a value is compared."""

    EQUAL = "="
    AT_LEAST = ">="
    AT_MOST = "<="
    APPROXIMATE = "~="


@dataclass(frozen=True, slots=True)
class Comparison:
    """`attribute=value`, or another operator."""

    attribute: str
    operator: Operator
    value: bytes


@dataclass(frozen=True, slots=True)
class Present:
    """`attribute=*`."""

    attribute: str


@dataclass(frozen=True, slots=True)
class Substrings:
    """`attribute=initial*any*final`; at least one part is not empty."""

    attribute: str
    initial: bytes
    middle: tuple[bytes, ...]
    final: bytes


@dataclass(frozen=True, slots=True)
class Extensible:
    """`attribute:dn:rule:=value`; at least one of attribute and rule."""

    attribute: str
    dn_attributes: bool
    rule: str
    value: bytes


Filter: TypeAlias = And | Or | Not | Comparison | Present | Substrings | Extensible


def parse(text: str) -> Filter:
    """Read a filter written with or without its outer parentheses.

    Raises:
        FilterError: it cannot be read; names the column and what was expected there.
    """
    start = _skip_spaces(text, 0)
    if text[start : start + 1] == "(":
        found, end = _read_filter(text, start)
    else:
        stop = len(text.rstrip())
        found, end = _read_component(text[:stop], start)
    end = _skip_spaces(text, end)
    if end < len(text):
        raise FilterError(text, end + 1, "the end of the filter (several filters are joined as (&(…)(…)))")
    return found


def render(found: Filter) -> str:
    """Write a filter with outer parentheses and everything escaped that must be."""
    match found:
        case And(filters):
            inside = f"&{''.join(map(render, filters))}"
        case Or(filters):
            inside = f"|{''.join(map(render, filters))}"
        case Not(inner):
            inside = f"!{render(inner)}"
        case Comparison(attribute, operator, value):
            inside = f"{attribute}{operator}{escape(value)}"
        case Present(attribute):
            inside = f"{attribute}=*"
        case Substrings(attribute, initial, middle, final):
            inside = f"{attribute}={'*'.join(map(escape, (initial, *middle, final)))}"
        case Extensible(attribute, dn_attributes, rule, value):
            inside = f"{attribute}{':dn' if dn_attributes else ''}{':' if rule else ''}{rule}:={escape(value)}"
    return f"({inside})"


def attributes_of(found: Filter) -> frozenset[str]:
    """Return the attributes that a filter looks at, in lower case and without options (RFC 4512 §2.5)."""
    match found:
        case And(inner) | Or(inner):
            return frozenset().union(*map(attributes_of, inner))
        case Not(one):
            return attributes_of(one)
        case Comparison(name) | Present(name) | Substrings(name) | Extensible(name):
            return frozenset({name.partition(";")[0].lower()} - {""})


def equals(attribute: str, value: str | bytes) -> Comparison:
    """Build `(attribute=value)`; nothing in `value` has a special meaning."""
    return Comparison(attribute, Operator.EQUAL, value if isinstance(value, bytes) else value.encode())


def all_of(*filters: Filter) -> Filter:
    """Build the filter that wants all of `filters`; one alone needs no `&`."""
    return filters[0] if len(filters) == 1 else And(filters)


def with_object_class(object_class: str, text: str) -> Filter:
    """Build `(&(objectClass=…)(text))` from an administrator's filter; an empty one asks for the class alone.

    Raises:
        FilterError: `text` cannot be read.
    """
    wanted = equals("objectClass", object_class)
    return all_of(wanted, parse(text)) if text.strip() else wanted


def _skip_spaces(text: str, position: int) -> int:
    # RFC 4515 has no spaces between filters; filters written over several lines of YAML do.
    while text[position : position + 1].isspace():
        position += 1
    return position


def _read_filter(text: str, start: int) -> tuple[Filter, int]:
    """Read the filter whose `(` is at `start`; return it and the position after its `)`."""
    found, end = _read_component(text, _skip_spaces(text, start + 1))
    if text[end : end + 1] != ")":
        raise FilterError(text, end + 1, f'")" that closes the "(" of column {start + 1}')
    return found, end + 1


def _read_component(text: str, start: int) -> tuple[Filter, int]:
    match text[start : start + 1]:
        case "&":
            filters, end = _read_list(text, start + 1)
            return And(filters), end
        case "|":
            filters, end = _read_list(text, start + 1)
            return Or(filters), end
        case "!":
            filters, end = _read_list(text, start + 1)
            if len(filters) != 1:
                raise FilterError(text, start + 2, 'exactly one filter in parentheses after "!"')
            return Not(filters[0]), end
        case _:
            return _read_item(text, start)


def _read_list(text: str, start: int) -> tuple[tuple[Filter, ...], int]:
    filters: list[Filter] = []
    position = _skip_spaces(text, start)
    while text[position : position + 1] == "(":
        found, position = _read_filter(text, position)
        filters.append(found)
        position = _skip_spaces(text, position)
    if position < len(text) and text[position] != ")":
        raise FilterError(text, position + 1, '"(" of the next filter, or ")"')
    return tuple(filters), position


def _read_item(text: str, start: int) -> tuple[Filter, int]:
    attribute, position = read_attribute(text, start)
    if text[position] == ":":
        dn_attributes, rule, position = read_extensible(text, position, attribute)
        value, end = _read_single(text, position)
        return Extensible(attribute, dn_attributes, rule, value), end
    operator = Operator.EQUAL if text[position] == "=" else Operator(text[position : position + 2])
    position += len(operator)
    if operator is Operator.EQUAL:
        parts, end = read_value(text, position)
        return _equality(attribute, parts), end
    value, end = _read_single(text, position)
    return Comparison(attribute, operator, value), end


def _equality(attribute: str, parts: list[bytes]) -> Filter:
    if len(parts) == 1:
        return Comparison(attribute, Operator.EQUAL, parts[0])
    initial, *middle, final = parts
    kept = tuple(part for part in middle if part)
    if initial or kept or final:
        return Substrings(attribute, initial, kept, final)
    return Present(attribute)


def _read_single(text: str, start: int) -> tuple[bytes, int]:
    parts, end = read_value(text, start)
    if len(parts) > 1:
        raise FilterError(text, start + 1, 'a value without "*" ("*" itself is written \\2a)')
    return parts[0], end
