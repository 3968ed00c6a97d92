"""Judge: which operations may flow without a person, and which are held, each with its reasons (DESIGN §6). Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.approvals import Approval, Refused, approval_for, refused_approvals
from ldap2scim.planning.dimensions import guard_dimensions, guard_kinds
from ldap2scim.planning.guards import (
    guard_attributes,
    guard_external_ids,
    guard_members,
    guard_protected,
    guard_removals,
    guard_updates,
)
from ldap2scim.planning.lost_groups import guard_lost_groups, members_lost
from ldap2scim.planning.member_parts import NOT_TOO_MANY, GroupChange, Standing, TooMany, gather, part
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
from ldap2scim.planning.orphans import is_of_an_orphan
from ldap2scim.planning.policy import SafetyPolicy
from ldap2scim.planning.population import Population
from ldap2scim.planning.privileged import MemberReasons, guard_memberships, guard_privileged
from ldap2scim.planning.proposals import Difference
from ldap2scim.planning.reasons import Reasons, identity

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
    proposed = _proposed(difference, approvals)
    changes = gather(_changes_of_members(difference.operations), difference.held, difference.blocked)
    privileged = guard_privileged(proposed, changes, population, policy)
    lost = members_lost(proposed, population)
    together = guard_memberships(changes, lost, population, policy)
    groups = guard_lost_groups(proposed, lost, together[1], population, policy)
    judged = _judge_resources(
        difference, proposed, population, policy, recent_removals, (privileged.resources, groups), approvals
    )
    standing = _standing(judged, approvals)
    flowing, held = list(judged.flowing), list(judged.held)
    of_groups = (privileged, MemberReasons(gains=difference.doubtful_gains))
    too_many = _too_many_members(changes, of_groups, together, population, policy)
    for key, group in changes.items():
        flows, waits = part(group, standing, too_many.get(key, NOT_TOO_MANY), approvals)
        if flows is not None:
            flowing.append(flows)
        if waits is not None:
            held.append(waits)
    return Judged(tuple(flowing), tuple(held), refused_approvals(approvals, flowing, held))


def _proposed(difference: Difference, approvals: frozenset[Approval]) -> list[Operation]:
    """Return what is judged beside memberships: what is proposed, and what was held for a person who has agreed."""
    return [
        *(operation for operation in difference.operations if not isinstance(operation, ChangeMembers)),
        *(held.operation for held in _resources_only(difference.held) if approval_for(held.operation) in approvals),
    ]


def _judge_resources(  # noqa: PLR0913, PLR0917 - the inputs of `judge`, and what was found on the way
    difference: Difference,
    proposed: Sequence[Operation],
    population: Population,
    policy: SafetyPolicy,
    recent_removals: Mapping[ResourceType, int],
    of_members: Sequence[Reasons],
    approvals: frozenset[Approval],
) -> Judged:
    """Judge everything but memberships."""
    # Creations endanger nobody unless the settings say so, and may be a million.
    harmless = () if policy.limits_creations else (Create,)
    risky = [operation for operation in proposed if not isinstance(operation, harmless)]
    # Orphans are none of the managed, of whom the limits are shares: they use up nobody's, and a person looked at each.
    managed = [operation for operation in risky if not is_of_an_orphan(operation)]
    guards = (
        guard_removals(managed, population, policy, recent_removals),
        guard_updates(risky, population, policy),
        guard_kinds(managed, population, policy),
        guard_dimensions(managed, population, policy, recent_removals),
        guard_attributes(risky, population, policy),
        guard_external_ids(risky, population, policy),
        *of_members,
    )
    protected = guard_protected(risky, population, policy)
    flowing: list[Operation] = [operation for operation in proposed if isinstance(operation, harmless)]
    held = [*_resources_only(difference.blocked)]
    held.extend(one for one in _resources_only(difference.held) if approval_for(one.operation) not in approvals)
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


def _too_many_members(
    changes: Mapping[Key, GroupChange],
    of_groups: Sequence[MemberReasons],
    together: tuple[str | None, str | None],
    population: Population,
    policy: SafetyPolicy,
) -> Mapping[Key, TooMany]:
    """Say of each group whom it may not gain or lose, and why."""
    shares = guard_members({key: len(group.leaving) for key, group in changes.items()}, population, policy)
    enter, leave = together
    return {
        key: TooMany(
            gain=_given(enter, *(one.gains.get(key) for one in of_groups)) if group.added else (),
            loss=_given(shares.get(key), leave, *(one.losses.get(key) for one in of_groups)) if group.leaving else (),
        )
        for key, group in changes.items()
    }


def _given(*reasons: str | None) -> tuple[str, ...]:
    return tuple(reason for reason in reasons if reason is not None)


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
