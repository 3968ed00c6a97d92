"""Operations on their way into a plan: proposed, held for a person, or blocked for everybody. Pure."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from ldap2scim.findings import Finding
from ldap2scim.model import Key, Scope
from ldap2scim.planning.operations import Deactivate, Delete, HeldOperation, Operation
from ldap2scim.planning.removability import Removability, why_held


@dataclass(frozen=True, slots=True)
class Difference:
    """What the diff says; not judged yet."""

    operations: tuple[Operation, ...]
    held: tuple[HeldOperation, ...]
    """A person may release these: short reads, re-created accounts, matches by login."""
    blocked: tuple[HeldOperation, ...]
    """Nobody can release these: what they need to know could not be read."""
    findings: tuple[Finding, ...]
    unchanged: Mapping[Scope, int]
    """Managed resources that are in step, counted by comparing; groups with members to change are not among them."""
    dropped_members: int
    """Desired memberships whose member is not, and will not be, at the service."""
    known_members: Mapping[Key, int]
    """How many members each group that loses some had before."""
    taken_over: frozenset[Key]
    """Managed keys that an `Adopt` replaces."""
    doubtful_gains: Mapping[Key, str] = field(default_factory=dict)
    """Groups that nobody may enter without a person, each with the reason."""


@dataclass(slots=True)
class Proposals:
    """What the parts of the diff add to, while it runs."""

    operations: list[Operation] = field(default_factory=list)
    held: list[HeldOperation] = field(default_factory=list)
    blocked: list[HeldOperation] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    successors: dict[Key, Key] = field(default_factory=dict)
    """Key of a known row → key of the re-created entry that takes it over, held or not."""
    taken_over: set[Key] = field(default_factory=set)
    """Managed keys among them."""

    def removal(self, operation: Operation, removability: Removability) -> None:
        """File an operation that takes something away, as the reads allow."""
        match removability:
            case Removability.FREE:
                self.operations.append(operation)
            case Removability.HELD | Removability.BLOCKED:
                reason = why_held(operation.key, removability)
                held = HeldOperation(operation, (reason,))
                (self.blocked if removability is Removability.BLOCKED else self.held).append(held)
            case Removability.UNKNOWN:
                pass


def with_last_dns(difference: Difference, dns: Callable[[Collection[Key]], Mapping[Key, str]]) -> Difference:
    """Let leavers be called what their entries were, as everybody else is; who has no such name keeps the login.

    Args:
        difference: as the diff made it: leavers go by their logins there.
        dns: asked once, about all of them.
    """
    waiting = (*difference.held, *difference.blocked)
    everything = (*difference.operations, *(one.operation for one in waiting))
    leavers = [one.key for one in everything if isinstance(one, Delete | Deactivate)]
    if not leavers:
        return difference
    names = dns(leavers)

    def named(one: Operation) -> Operation:
        return replace(one, name=names.get(one.key, one.name)) if isinstance(one, Delete | Deactivate) else one

    def named_held(held: Iterable[HeldOperation]) -> tuple[HeldOperation, ...]:
        return tuple(replace(one, operation=named(one.operation)) for one in held)

    return replace(
        difference,
        operations=tuple(map(named, difference.operations)),
        held=named_held(difference.held),
        blocked=named_held(difference.blocked),
    )
