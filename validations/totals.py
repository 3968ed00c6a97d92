"""Totals against the last run: by directory, organisational unit, department and group. Pure.

Counted from what is about to leave, so that a run costs what it changes. What is held is counted too: the directory
does not show it any more. The safety policy holds by the same parts; here the numbers are said.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from ldap2scim.findings import Finding, Severity, named
from ldap2scim.model import ResourceType
from ldap2scim.planning.operations import ChangeMembers, Create, Operation
from ldap2scim.planning.policy import Dimension
from ldap2scim.planning.population import Places
from ldap2scim.planning.proposals import Difference
from ldap2scim.planning.removals import is_removal

FAR = 0.3
"""The share that must be gone …"""
LEAST = 5
"""… and so many at least: of three people one is a third."""
_WORDS = {
    Dimension.DIRECTORY: "by directory",
    Dimension.UNIT: "by organisational unit",
    Dimension.DEPARTMENT: "by department",
}


def check_totals(difference: Difference, places: Places) -> Iterator[Finding]:
    """Yield a note for each way to count in which something fell far."""
    proposed = _proposed(difference)
    leaving = [operation for operation in proposed if is_removal(operation)]
    for kind in ResourceType:
        own = [operation.key for operation in leaving if operation.resource_type is kind]
        if len(own) < LEAST:
            continue
        for dimension, words in _WORDS.items():
            if dimension is Dimension.DEPARTMENT and kind is ResourceType.GROUP:
                continue
            gone = Counter(places.parts(dimension, own).values())
            many = {part: count for part, count in gone.items() if count >= LEAST}
            sizes = places.sizes(dimension, kind, many) if many else {}
            yield from _fell(f"{kind.value.lower()}s", words, many, sizes)
    yield from _members(proposed, difference)


def _proposed(difference: Difference) -> list[Operation]:
    """Return what may take something away: a creation, of which there may be a million, does not."""
    waiting = (one.operation for held in (difference.held, difference.blocked) for one in held)
    return [one for one in chain(difference.operations, waiting) if not isinstance(one, Create)]


def _members(proposed: Iterable[Operation], difference: Difference) -> Iterator[Finding]:
    gone: Counter[str] = Counter()
    sizes: dict[str, int] = {}
    for operation in proposed:
        if isinstance(operation, ChangeMembers) and operation.removed:
            gone[operation.name] += len(operation.removed)
            sizes[operation.name] = difference.known_members.get(operation.key, 0)
    many = {name: count for name, count in gone.items() if count >= LEAST}
    yield from _fell("members", "by group", many, sizes)


def _fell(what: str, words: str, gone: Mapping[str, int], sizes: Mapping[str, int]) -> Iterator[Finding]:
    far = sorted((part, sizes.get(part, 0), count) for part, count in gone.items() if count >= sizes.get(part, 0) * FAR)
    if not far:
        return
    shown = named([f"{part} from {before} to {max(before - count, 0)}" for part, before, count in far])
    yield Finding(
        rule="total-fell",
        severity=Severity.NOTE,
        message=f"Since the service was last brought in step, {what} fell far {words}: {shown}.",
        remedy="If that is right, nothing needs to be done but what the plan holds; else look at the rights, filters "
        "and base of what fell.",
        subjects=tuple(part for part, _, _ in far),
    )
