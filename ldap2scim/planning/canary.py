"""A few operations of a kind go first, and too many errors end that kind for this run. Pure.

Only the order within one kind changes: what a plan does first, it still does first. An operation that failed lately
and fails again says nothing new, and is not counted: entries that always fail never keep the others waiting, since
every run that is stopped has learnt of some more of them.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby
from typing import TypeAlias

from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.operations import Operation
from ldap2scim.planning.policy import Canary, ErrorRate, SafetyPolicy
from ldap2scim.planning.reasons import NAMED_IN_A_SENTENCE, identity

Known: TypeAlias = Callable[[], Collection[tuple[Key, str]]]
"""Says key and verb of what failed lately; asked only where it matters."""
Kind: TypeAlias = tuple[int, ResourceType]
"""Rank (there is one for each verb) and type: operations that do not depend on one another."""


def rank_and_type(operation: Operation) -> Kind:
    """Return what must be alike for operations to be judged together."""
    return (operation.rank, operation.resource_type)


@dataclass(frozen=True, slots=True)
class Stop:
    """Why the rest of a kind is not sent."""

    failed: int
    of: int
    """Operations that were looked at."""
    percent: float
    """The limit."""
    which: str
    """`the first`, `the last`."""

    def __str__(self) -> str:
        return f"{self.failed} of {self.which} {self.of} failed, more than {self.percent:g} %"


@dataclass(slots=True)
class Brake:
    """Counts how the operations of one kind end, and says when the rest is not to be sent."""

    canary: Canary
    rate: ErrorRate
    known: Known
    stopped: Stop | None = None
    examples: list[str] = field(default_factory=list)
    """What the first errors were, for a person."""
    names: list[str] = field(default_factory=list)
    """Entries that failed."""
    verb: str = ""
    """Of the kind, as soon as one of it was counted."""
    held_back: int = 0
    _first: list[bool] = field(default_factory=list)
    _last: deque[bool] = field(default_factory=deque)

    def count(self, operation: Operation, error: str | None) -> None:
        """Count one that was sent; `error` is None where it succeeded."""
        if error is not None and identity(operation) in self.known():
            return
        self.verb = operation.verb
        if error is not None:
            self.names.append(operation.name)
            if len(self.examples) < NAMED_IN_A_SENTENCE:
                self.examples.append(error)
        self._first.append(error is not None)
        self._last.append(error is not None)
        if len(self._last) > self.rate.window:
            self._last.popleft()
        if len(self._last) == self.rate.window:
            self._judge(self._last, self.rate.percent, "the last")

    def judge_first(self) -> None:
        """Look at those that went first, before the others are sent."""
        self._judge(self._first, self.canary.error_percent, "the first")

    def _judge(self, ended: Collection[bool], percent: float, which: str) -> None:
        failed = sum(ended)
        if self.stopped is None and failed * 100 > len(ended) * percent:
            self.stopped = Stop(failed, len(ended), percent, which)


class Waves:
    """Which operations of a plan go first, and the brake of each kind."""

    def __init__(
        self,
        operations: Sequence[Operation],
        policy: SafetyPolicy,
        pilot: Collection[Key] = frozenset(),
        known: Known = frozenset,
    ) -> None:
        self._policy = policy
        self._known = known
        groups = {kind: list(own) for kind, own in groupby(operations, key=rank_and_type)}
        first = {kind: _first_of(own, policy.canary, pilot, known) for kind, own in groups.items()}
        self._first = {kind: frozenset(map(identity, own)) for kind, own in first.items() if own}
        self.brakes: dict[Kind, Brake] = {}
        self.operations: Sequence[Operation] = operations
        """All of them, those of each kind that go first before the others."""
        if self._first:
            self.operations = list(chain.from_iterable(chain(*self.split(*group)) for group in groups.items()))

    def brake(self, kind: Kind) -> Brake:
        """Return the brake of a kind."""
        if kind not in self.brakes:
            self.brakes[kind] = Brake(self._policy.canary, self._policy.errors, self._known)
        return self.brakes[kind]

    def split(self, kind: Kind, operations: Iterable[Operation]) -> tuple[list[Operation], list[Operation]]:
        """Part operations of one kind into those that go first, and the others."""
        ahead = self._first.get(kind)
        if ahead is None:
            return [], list(operations)
        parts: tuple[list[Operation], list[Operation]] = ([], [])
        for operation in operations:
            parts[identity(operation) not in ahead].append(operation)
        return parts


def _first_of(
    operations: Sequence[Operation], canary: Canary, pilot: Collection[Key], known: Known
) -> Sequence[Operation]:
    """Return the operations on members of the pilot group, or else a few from all over the kind."""
    chosen = [operation for operation in operations if operation.key in pilot] if pilot else []
    if chosen or canary.first == 0 or len(operations) <= canary.above:
        return chosen
    failed = known()
    new = [operation for operation in operations if identity(operation) not in failed] if failed else operations
    # Names in a row are often of one kind of account, and would tell little about the others.
    return new[:: max(1, len(new) // canary.first)][: canary.first]
