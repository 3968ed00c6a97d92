"""Two plans side by side: what one has that the other has not, what is another operation, and what waits. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ldap2scim.model import Key
from ldap2scim.planning.operations import HeldOperation, Operation
from ldap2scim.planning.plan import Plan

_Name: TypeAlias = tuple[Key, str, bool]
"""Key, verb, and whether it waits: one group may have a flowing and a held change of its members."""


@dataclass(frozen=True, slots=True)
class PlanDifference:
    """What differs between two plans, each part in the order of a plan."""

    added: tuple[HeldOperation, ...]
    """Operations that only the second has; with reasons, where it holds them."""
    dropped: tuple[HeldOperation, ...]
    """That only the first has."""
    changed: tuple[tuple[HeldOperation, HeldOperation], ...]
    """Of the same verb on the same resource, and yet others: first and second."""
    newly_held: tuple[HeldOperation, ...]
    """The same in both, held by the second alone."""
    released: tuple[HeldOperation, ...]
    """The same in both, held by the first alone."""
    same: int
    """The same in both, and in the same place."""

    @property
    def is_empty(self) -> bool:
        """Say whether the two plans do the same."""
        return not (self.added or self.dropped or self.changed or self.newly_held or self.released)


def difference(first: Plan, second: Plan) -> PlanDifference:
    """Return what differs; the reasons for which both hold an operation are not compared, they have counts in them."""
    before, after = _by_name(first), _by_name(second)
    added: list[HeldOperation] = []
    dropped: list[HeldOperation] = []
    changed: list[tuple[HeldOperation, HeldOperation]] = []
    newly_held: list[HeldOperation] = []
    released: list[HeldOperation] = []
    same = 0
    for name, then in before.items():
        now = after.get(name)
        moved = after.get(_elsewhere(name)) if now is None and _elsewhere(name) not in before else None
        if now is None and moved is None:
            dropped.append(then)
        elif now is not None and now.operation == then.operation:
            same += 1
        elif moved is not None and moved.operation == then.operation:
            (newly_held if moved.reasons else released).append(moved)
        else:
            changed.append((then, now or moved or then))
    for name, now in after.items():
        if name not in before and (_elsewhere(name) not in before or _elsewhere(name) in after):
            added.append(now)
    return PlanDifference(
        tuple(_sorted(added)),
        tuple(_sorted(dropped)),
        tuple(sorted(changed, key=lambda both: both[1].operation.sort_key)),
        tuple(_sorted(newly_held)),
        tuple(_sorted(released)),
        same,
    )


def _by_name(plan: Plan) -> Mapping[_Name, HeldOperation]:
    found: dict[_Name, HeldOperation] = {_name(one, waits=False): HeldOperation(one, ()) for one in plan.operations}
    found.update((_name(one.operation, waits=True), one) for one in plan.held)
    return found


def _name(operation: Operation, *, waits: bool) -> _Name:
    return (operation.key, operation.verb, waits)


def _elsewhere(name: _Name) -> _Name:
    return (name[0], name[1], not name[2])


def _sorted(found: list[HeldOperation]) -> Iterator[HeldOperation]:
    yield from sorted(found, key=lambda one: one.operation.sort_key)
