"""Judge: which operations may flow without a person, and which are held, each with its reasons (DESIGN §6). Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ldap2scim.model import ResourceType
from ldap2scim.planning.approvals import Approval, Refused, approval_for, refused_approvals
from ldap2scim.planning.guards import (
    Population,
    guard_attributes,
    guard_external_ids,
    guard_members,
    guard_protected,
    guard_removals,
    guard_updates,
    identity,
)
from ldap2scim.planning.member_parts import Standing, gather, part
from ldap2scim.planning.operations import (
    Adopt,
    ChangeMembers,
    Create,
    Deactivate,
    Delete,
    HeldOperation,
    Operation,
    Restore,
)
from ldap2scim.planning.policy import SafetyPolicy
from ldap2scim.planning.proposals import Difference

__all__ = ["Judged", "Population", "Refused", "judge"]


@dataclass(frozen=True, slots=True)
class Judged:
    """Every proposed operation, in one of two places; a change of members may be parted between them."""

    flowing: tuple[Operation, ...]
    held: tuple[HeldOperation, ...]
    refused: tuple[Refused, ...]


def judge(
    difference: Difference,
    population: Population,
    policy: SafetyPolicy,
    recent_removals: Mapping[ResourceType, int],
    approvals: frozenset[Approval],
) -> Judged:
    """Apply the safety policy.

    Removals of one kind over the limit are held all together, approved ones flow, and approved ones still count: an
    approval covers what it was given for and nothing new. What cannot be known and what is protected stays held.
    """
    judged = _judge_resources(difference, population, policy, recent_removals, approvals)
    standing = _standing(judged, approvals)
    flowing, held = list(judged.flowing), list(judged.held)
    changes = gather(_changes_of_members(difference.operations), difference.held, difference.blocked)
    losses = guard_members({key: len(group.leaving) for key, group in changes.items()}, population, policy)
    for key, group in changes.items():
        flows, waits = part(group, standing, losses.get(key), approvals)
        if flows is not None:
            flowing.append(flows)
        if waits is not None:
            held.append(waits)
    return Judged(tuple(flowing), tuple(held), refused_approvals(approvals, flowing, held))


def _judge_resources(
    difference: Difference,
    population: Population,
    policy: SafetyPolicy,
    recent_removals: Mapping[ResourceType, int],
    approvals: frozenset[Approval],
) -> Judged:
    """Judge everything but memberships."""
    known_reasons = _resources_only(difference.held)
    candidates = [
        *(operation for operation in difference.operations if not isinstance(operation, ChangeMembers)),
        *(held.operation for held in known_reasons if approval_for(held.operation) in approvals),
    ]
    # Creations endanger nobody, and may be a million.
    risky = [operation for operation in candidates if not isinstance(operation, Create)]
    guards = (
        guard_removals(risky, population, policy, recent_removals),
        guard_updates(risky, population, policy),
        guard_attributes(risky, population, policy),
        guard_external_ids(risky, population, policy),
    )
    protected = guard_protected(risky, population, policy)
    flowing: list[Operation] = [operation for operation in candidates if isinstance(operation, Create)]
    held = [*_resources_only(difference.blocked)]
    held.extend(waiting for waiting in known_reasons if approval_for(waiting.operation) not in approvals)
    for operation in risky:
        name = identity(operation)
        reasons = tuple(guard[name] for guard in guards if name in guard)
        if name in protected:
            held.append(HeldOperation(operation, (protected[name], *reasons)))
        elif reasons and approval_for(operation) not in approvals:
            held.append(HeldOperation(operation, reasons))
        else:
            flowing.append(operation)
    return Judged(tuple(flowing), tuple(held), ())


def _resources_only(held: Iterable[HeldOperation]) -> list[HeldOperation]:
    return [waiting for waiting in held if not isinstance(waiting.operation, ChangeMembers)]


def _changes_of_members(operations: Iterable[Operation]) -> Iterator[ChangeMembers]:
    return (operation for operation in operations if isinstance(operation, ChangeMembers))


def _standing(judged: Judged, approvals: frozenset[Approval]) -> Standing:
    held = [waiting.operation for waiting in judged.held]
    gone = (operation for operation in judged.flowing if isinstance(operation, Delete | Deactivate))
    return Standing(
        not_coming=frozenset(op.key for op in held if isinstance(op, Create | Adopt | Restore)),
        staying=frozenset(op.key for op in held if isinstance(op, Delete | Deactivate)),
        released=frozenset(op.key for op in gone if approval_for(op) in approvals),
    )
