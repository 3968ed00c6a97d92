"""Propositions: what can something that is joined by and, or and not come to? Pure.

One with few comparisons is tried with every combination of their answers.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final, TypeAlias, TypeVar

_MOST: Final = 10
"""Comparisons; a filter with more of them is not tried: the combinations double with each."""

Answers: TypeAlias = Mapping[object, bool]
Joint: TypeAlias = Callable[[Iterable[bool]], bool]
F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class Atom:
    """A comparison, whichever language it is written in."""

    what: object

    def atoms(self) -> Iterator[object]:
        """Yield it."""
        yield self.what

    def holds(self, answers: Answers) -> bool:
        """Return its answer."""
        return answers[self.what]


@dataclass(frozen=True, slots=True)
class Joined:
    """Filters, and how their answers come to one."""

    joint: Joint
    parts: tuple["Atom | Joined", ...]

    def atoms(self) -> Iterator[object]:
        """Yield the comparisons below, each as often as it is written."""
        for part in self.parts:
            yield from part.atoms()

    def holds(self, answers: Answers) -> bool:
        """Return what the filter comes to."""
        return self.joint(part.holds(answers) for part in self.parts)


def none(answers: Iterable[bool]) -> bool:
    """Return whether no answer is yes: the joint of `not`."""
    return not any(answers)


def tree_of(
    root: F, parts: Callable[[F], tuple[Joint, Sequence[F]] | None], atom: Callable[[F], object]
) -> Atom | Joined:
    """Return a filter of either language as a proposition.

    Args:
        root: the filter.
        parts: how the answers of the filters inside one come to its own, and these filters; None for a comparison.
        atom: what a comparison is known by.
    """
    found = parts(root)
    if found is None:
        return Atom(atom(root))
    joint, inner = found
    return Joined(joint, tuple(tree_of(one, parts, atom) for one in inner))


def outcomes_of(tree: Atom | Joined, possible: Callable[[Answers], bool]) -> frozenset[bool]:
    """Return what a filter can come to; both where it was not tried.

    Args:
        tree: the filter.
        possible: whether these answers to its comparisons can go together.
    """
    atoms = tuple(dict.fromkeys(tree.atoms()))
    if len(atoms) > _MOST:
        return frozenset({True, False})
    found: set[bool] = set()
    for values in product((True, False), repeat=len(atoms)):
        answers = dict(zip(atoms, values, strict=True))
        if possible(answers):
            found.add(tree.holds(answers))
            if len(found) == 2:
                break
    return frozenset(found)
