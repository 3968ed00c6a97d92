"""Filters of RFC 7644 §3.4.2.2: built with escaping, and as a tree that can be read. Pure.

`filter_parser.parse` reads an administrator's filter; `filter_match.matches` evaluates one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

import orjson

CompareValue: TypeAlias = str | bool | int | float | None

_ATTRIBUTE_PATH: Final = re.compile(r"(?:urn:[^\s()\[\]\"]+:)?[A-Za-z$][\w$-]*(?:\.[A-Za-z$][\w$-]*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`attribute operator value`; `pr` has no value."""

    attribute: str
    """As written: `userName`, `name.familyName`, `urn:…:User:department`."""
    operator: str
    """Lower case: eq ne co sw ew gt ge lt le pr."""
    value: CompareValue


@dataclass(frozen=True, slots=True)
class And:
    """All of them."""

    terms: "tuple[Filter, ...]"


@dataclass(frozen=True, slots=True)
class Or:
    """Any of them."""

    terms: "tuple[Filter, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    term: "Filter"


@dataclass(frozen=True, slots=True)
class ValuePath:
    """`emails[type eq "work"]`: one value of a multi-valued attribute that satisfies the inner filter."""

    attribute: str
    inner: "Filter"


Filter: TypeAlias = Comparison | And | Or | Not | ValuePath


def eq(attribute: str, value: str | bool | int) -> str:
    """Return `attribute eq value`, the value escaped as JSON (RFC 7644 §3.4.2.2).

    Raises:
        ValueError: `attribute` is not an attribute path; a mistake of the program, not of a user.
    """
    if not _ATTRIBUTE_PATH.fullmatch(attribute):
        raise ValueError(f"not an attribute path: {attribute!r}")
    return f"{attribute} eq {orjson.dumps(value).decode()}"


def operators(root: Filter) -> frozenset[str]:
    """Return every operator that a filter uses, `and`, `or` and `not` among them."""
    used = frozenset(operator for _, operator in comparisons(root))
    return used | frozenset(_connectives(root))


def _connectives(root: Filter) -> Iterator[str]:
    match root:
        case And() | Or():
            yield "and" if isinstance(root, And) else "or"
            for term in root.terms:
                yield from _connectives(term)
        case Not():
            yield "not"
            yield from _connectives(root.term)
        case ValuePath():
            yield from _connectives(root.inner)
        case Comparison():
            return


def comparisons(root: Filter) -> Iterator[tuple[str, str]]:
    """Yield (attribute, operator) of every comparison, left to right; inside a value path with its attribute."""
    match root:
        case Comparison():
            yield root.attribute, root.operator
        case And() | Or():
            for term in root.terms:
                yield from comparisons(term)
        case Not():
            yield from comparisons(root.term)
        case ValuePath():
            for attribute, operator in comparisons(root.inner):
                yield f"{root.attribute}.{attribute}", operator
