"""Which side moved: what the service last confirmed, what the directory says now, what the service has now. Pure.

Told by attribute, and by membership. Where nothing was confirmed, nobody can say which side moved.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, TypeVar

import orjson

from ldap2scim.model import Attributes, AttributeValue
from ldap2scim.planning.attribute_changes import changes_between


class Moved(StrEnum):
    """Which side moved since the service last confirmed a value."""

    SERVICE = "edited in the service"
    DIRECTORY = "pending in the directory"
    BOTH = "conflict"
    """Both moved, to different values."""
    NORMALISED = "normalised by the service"
    """The service writes what it was given in another way."""
    UNKNOWN = "different"
    """Nothing was confirmed."""


@dataclass(frozen=True, slots=True)
class Move:
    """One attribute that the service has otherwise than the directory wants it."""

    path: str
    moved: Moved
    confirmed: AttributeValue | None
    wanted: AttributeValue | None
    held: AttributeValue | None
    """Each None where there is no value."""


def moves(confirmed: Attributes | None, wanted: Attributes, held: Attributes) -> tuple[Move, ...]:
    """Return the attributes in which service and directory differ, sorted by path.

    Args:
        confirmed: what the service last confirmed; None: nothing is known of it.
        wanted: what the directory says now.
        held: what the service has now.
    """
    differing = changes_between(held, wanted)
    if confirmed is None:
        return tuple(Move(one.path, Moved.UNKNOWN, None, one.new, one.old) for one in differing)
    by_service = {one.path: one for one in changes_between(confirmed, held)}
    by_directory = {one.path: one for one in changes_between(confirmed, wanted)}
    found: list[Move] = []
    for one in differing:
        here, there = by_service.get(one.path), by_directory.get(one.path)
        was = (here or there or one).old
        found.append(Move(one.path, _moved(one.path, was, one.new, one.old), was, one.new, one.old))
    return tuple(found)


def _moved(path: str, was: AttributeValue | None, wanted: AttributeValue | None, held: AttributeValue | None) -> Moved:
    edited, pending = _differ(was, held), _differ(was, wanted)
    if edited and same_but_for_writing(path, held, wanted):
        return Moved.NORMALISED
    if pending:
        return Moved.BOTH if edited and not same_but_for_writing(path, held, was) else Moved.DIRECTORY
    return Moved.SERVICE


def _differ(one: AttributeValue | None, other: AttributeValue | None) -> bool:
    """Compare as JSON does: in Python `True == 1`, and a list is no tuple."""
    return _canonical(one) != _canonical(other)


_EXACT: Final = frozenset({"external_id"})
"""Every character counts (RFC 7643 §3.1)."""
_PHONES: Final = "phone_numbers"
_BETWEEN_DIGITS: Final = str.maketrans("", "", " -.()/\u00a0")


def same_but_for_writing(path: str, one: AttributeValue | None, other: AttributeValue | None) -> bool:
    """Say whether two values are the same but for how a service may write them.

    That is: case, width and other compatible forms of characters (NFKC), blanks, the order of several values,
    `primary: false` for no `primary` (RFC 7643 §2.4), and what stands between the digits of a telephone number.
    """
    if path in _EXACT or one is None or other is None:
        return False
    return _canonical(_folded(path, one)) == _canonical(_folded(path, other))


def _folded(path: str, value: AttributeValue) -> object:
    match value:
        case str():
            text = " ".join(unicodedata.normalize("NFKC", value).casefold().split())
            return text.removeprefix("tel:").translate(_BETWEEN_DIGITS) if path == _PHONES else text
        case Mapping():
            parts: Mapping[str, AttributeValue] = value
            return {
                name: _folded(path, part) for name, part in parts.items() if not (name == "primary" and part is False)
            }
        case Sequence():
            return sorted((_folded(path, part) for part in value), key=_canonical)
        case _:
            return value


def _canonical(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


Pair = TypeVar("Pair")


@dataclass(frozen=True, slots=True)
class PairMoves(Generic[Pair]):
    """Memberships by which side moved them; nobody can move one to two places, so there is no conflict."""

    added: frozenset[Pair]
    """Put in at the service."""
    removed: frozenset[Pair]
    """Taken out at the service."""
    entering: frozenset[Pair]
    """Pending in the directory."""
    leaving: frozenset[Pair]
    """Pending in the directory."""


def pair_moves(confirmed: Iterable[Pair], wanted: Iterable[Pair], held: Iterable[Pair]) -> PairMoves[Pair]:
    """Return the memberships in which service and directory differ, by which side moved."""
    was, want, has = frozenset(confirmed), frozenset(wanted), frozenset(held)
    return PairMoves(
        added=has - want - was, removed=(want & was) - has, entering=want - was - has, leaving=(has & was) - want
    )
