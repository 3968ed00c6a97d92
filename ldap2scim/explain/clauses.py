"""A search filter clause by clause: which holds for an entry, and which one decides. Pure but for the question asked.

The server itself is asked about each clause by a search of the one entry, so that its matching rules, its schema and
our rights count as they do when it is searched for real. A clause that the server finds undefined (RFC 4511 §4.5.1.7)
does not hold, and neither does its negation.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ldap2scim.directory.filters import And, Filter, Not, Or, render

Holds = Callable[[Filter], bool]
"""Asks whether a filter holds for the entry."""
MOST_CLAUSES = 200
"""Questions about one entry; beyond them a composed clause is asked about as one."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause with what the server says of it."""

    filter: Filter
    holds: bool
    parts: tuple["Clause", ...] = ()
    """Of a composed one."""


def evaluate(found: Filter, holds: Holds) -> Clause:
    """Ask about a filter and all that it is composed of."""
    return _Evaluation(holds).clause(found)


class _Evaluation:
    def __init__(self, holds: Holds) -> None:
        self._holds = holds
        self._asked = 0

    def clause(self, found: Filter) -> Clause:
        parts: tuple[Clause, ...] = ()
        if self._asked < MOST_CLAUSES:
            match found:
                case And(inner) | Or(inner):
                    parts = tuple(self.clause(one) for one in inner)
                case Not(one):
                    parts = (self.clause(one),)
                case _:
                    pass
        self._asked += 1
        return Clause(found, self._holds(found), parts)


def decisive(clause: Clause) -> tuple[Clause, ...]:
    """Return the clauses, as small as they can be, that make a filter hold or not hold.

    Of an `and` that does not hold those parts that do not; of an `or` that holds those that do.
    """
    match clause.filter:
        case And() if not clause.holds:
            return _among(clause, [part for part in clause.parts if not part.holds])
        case And():
            return _among(clause, list(clause.parts))
        case Or() if clause.holds:
            return _among(clause, [part for part in clause.parts if part.holds])
        case Or():
            return _among(clause, list(clause.parts))
        case _:
            return (clause,)


def _among(clause: Clause, parts: list[Clause]) -> tuple[Clause, ...]:
    found = tuple(one for part in parts for one in decisive(part))
    return found or (clause,)


def rows(clause: Clause) -> Iterator[tuple[str, str]]:
    """Yield each clause with its answer, the parts of a composed one below it."""
    yield from _rows(clause, 0)


def named(clauses: tuple[Clause, ...], joint: str) -> str:
    """Return clauses for a sentence."""
    return f" {joint} ".join(render(one.filter) for one in clauses)


def _rows(clause: Clause, depth: int) -> Iterator[tuple[str, str]]:
    answer = "holds" if clause.holds else "does not hold"
    yield answer, "  " * depth + _heading(clause)
    for part in clause.parts:
        yield from _rows(part, depth + 1)


def _heading(clause: Clause) -> str:
    if not clause.parts:
        return render(clause.filter)
    match clause.filter:
        case And():
            return "all of:"
        case Or():
            return "any of:"
        case _:
            return "not:"
