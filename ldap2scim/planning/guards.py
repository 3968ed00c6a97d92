"""The guards of DESIGN §6, one function each: which operations it would hold, and why. Pure.

A reason is one sentence with counts, the limit, and what to do.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from ldap2scim.essence import from_essence
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.linking import LINKING_ID
from ldap2scim.planning.operations import Adopt, Operation, Restore, Update
from ldap2scim.planning.policy import RemovalLimit, SafetyPolicy
from ldap2scim.planning.population import Population
from ldap2scim.planning.reasons import APPROVE, Reasons, after, identity, joined, of_type
from ldap2scim.planning.removals import changes_of, is_removal, limit_for, most_removals, plural

_LOGIN = {ResourceType.USER: "user_name", ResourceType.GROUP: "display_name"}


def guard_removals(
    operations: Sequence[Operation],
    population: Population,
    policy: SafetyPolicy,
    recent_removals: Mapping[ResourceType, int],
) -> Reasons:
    """Hold all removals of a kind when they, with those of the last 24 hours, are above the limit."""
    reasons: dict[tuple[Key, str], str] = {}
    for kind in ResourceType:
        own = of_type(operations, kind)
        removals = [operation for operation in own if is_removal(operation)]
        recent = recent_removals.get(kind, 0)
        managed = _base(own, population, kind)
        limit = most_removals(limit_for(policy, kind), managed)
        if not removals or len(removals) + recent <= limit:
            continue
        reason = (
            f"{plural(kind, len(removals))} would be removed or deactivated{after(recent)}; the limit is {limit} of "
            f"{managed} "
            f"({_formula(limit_for(policy, kind))}), so that all of them are held: {APPROVE}."
        )
        reasons.update((identity(operation), reason) for operation in removals)
    return reasons


def _base(operations: Sequence[Operation], population: Population, kind: ResourceType) -> int:
    """Return how many are managed, those included that this plan adopts and has not counted yet."""
    adopted = sum(1 for operation in operations if isinstance(operation, Adopt) and operation.replaces is None)
    return population.managed(kind) + adopted


def _formula(limit: RemovalLimit) -> str:
    return f"{limit.percent:g} % but at least {limit.least} and at most {limit.most}, never over a third"


def guard_updates(operations: Sequence[Operation], population: Population, policy: SafetyPolicy) -> Reasons:
    """Hold all updates of a kind when they touch too large a share of the managed."""
    reasons: dict[tuple[Key, str], str] = {}
    for kind in ResourceType:
        updates = [operation for operation in of_type(operations, kind) if isinstance(operation, Update)]
        managed = population.managed(kind)
        if len(updates) <= policy.update_minimum or len(updates) * 100 <= managed * policy.update_percent:
            continue
        reason = (
            f"{plural(kind, len(updates))} of {managed} would be updated, more than {policy.update_percent:g} %, so "
            f"that all these updates are held: look whether the mapping has changed, and {APPROVE}."
        )
        reasons.update((identity(operation), reason) for operation in updates)
    return reasons


def guard_attributes(operations: Sequence[Operation], population: Population, policy: SafetyPolicy) -> Reasons:
    """Hold what changes one attribute of more than its share of the users (half of them): a mapping accident."""
    users = [operation for operation in of_type(operations, ResourceType.USER) if changes_of(operation)]
    base = _base(of_type(operations, ResourceType.USER), population, ResourceType.USER)
    counts = Counter(change.path for operation in users for change in changes_of(operation))
    accidents = {
        path: count
        for path, count in counts.items()
        if count > policy.attribute_minimum and count * 100 > base * _share(path, policy)
    }
    return _by_path(
        users,
        {
            path: f"`{path}` would change for {count} of {base} users, more than {_share(path, policy):g} %: "
            f"look at its mapping, and {APPROVE}."
            for path, count in accidents.items()
        },
    )


def _share(path: str, policy: SafetyPolicy) -> float:
    return policy.attributes.get(path, policy.attribute_percent)


def guard_external_ids(operations: Sequence[Operation], population: Population, policy: SafetyPolicy) -> Reasons:
    """Hold changes of an ID that are as many as removals may not be.

    Each cuts a resource off its entry (externalId), or an account behind the service off its person (linking ID).
    """
    reasons: dict[tuple[Key, str], str] = {}
    for kind in ResourceType:
        own = of_type(operations, kind)
        base = _base(own, population, kind)
        limit = most_removals(limit_for(policy, kind), base)
        counts = Counter(change.path for operation in own for change in changes_of(operation))
        mass = {
            path: f"`{path}` would change for {plural(kind, counts[path])} of {base}, more than {limit}: {why}"
            f"look at its mapping and at the source anchor, set them back, or {APPROVE}."
            for path, why in _IDS.items()
            if counts[path] > limit
        }
        reasons.update(_by_path(own, mass))
    return reasons


_IDS: Mapping[str, str] = {
    "external_id": "this is a mass change of the ID that joins entries and accounts, as a changed mapping or a new "
    "directory makes it. Linked applications that know accounts by it (Microsoft 365: the immutable ID) would take "
    "each of them for somebody else; ",
    LINKING_ID: "this is a mass change of the application-linking ID, as a changed mapping makes it. Linked "
    "applications (Microsoft 365: the immutable ID) would take each account for somebody else, and refuse it as a "
    "duplicate of the one that is there; ",
}


def _by_path(operations: Iterable[Operation], reasons: Mapping[str, str]) -> Reasons:
    """Give each operation that changes one of the paths the reasons of those paths."""
    found: defaultdict[tuple[Key, str], list[str]] = defaultdict(list)
    for operation in operations:
        for change in changes_of(operation):
            if change.path in reasons:
                found[identity(operation)].append(reasons[change.path])
    return joined(found)


def guard_members(losses: Mapping[Key, int], population: Population, policy: SafetyPolicy) -> Mapping[Key, str]:
    """Hold the members that would leave a group of some size, when too large a share of it has gone in a day.

    Args:
        losses: how many members would leave, by group.
        population: has how many there were, and who left in the last 24 hours.
        policy: has the limit.
    """
    losing = {group: lost for group, lost in losses.items() if lost}
    left = population.places.left_recently(losing) if losing else {}
    reasons: dict[Key, str] = {}
    for group, lost in losing.items():
        earlier = len(left.get(group, ()))
        before = population.members.get(group, lost) + earlier
        if before > policy.member_loss_minimum and (lost + earlier) * 100 > before * policy.member_loss_percent:
            reasons[group] = (
                f"{lost} of {before} members would leave the group{after(earlier)}, more than "
                f"{policy.member_loss_percent:g} %, so that none of them does: {APPROVE}."
            )
    return reasons


def guard_protected(operations: Iterable[Operation], population: Population, policy: SafetyPolicy) -> Reasons:
    """Hold every removal of somebody whose login, group name or DN is protected. No approval releases it."""
    if not policy.protected:
        return {}
    protected = {comparable(name) for name in policy.protected}
    removals = [operation for operation in operations if is_removal(operation)]
    known = known_names(removals, population)
    return {
        identity(operation): (
            f"{operation.name} is protected and is never removed or deactivated: take the name off `protected` if that "
            "is really wanted."
        )
        for operation in removals
        if not protected.isdisjoint(names_of(operation, known))
    }


def known_names(operations: Collection[Operation], population: Population) -> Sequence[Mapping[Key, str]]:
    """Return what the state calls those whom operations are about: their DNs, and their logins or names of groups."""
    if not operations:
        return ()
    keys = [operation.key for operation in operations]
    return population.places.dns(keys), population.places.logins(keys)


def names_of(operation: Operation, known: Iterable[Mapping[Key, str]]) -> set[str]:
    """Return every name that somebody goes by, before and after the operation, as `comparable` has them."""
    names: list[Any] = [operation.name, *(names.get(operation.key) for names in known)]
    login = _LOGIN[operation.resource_type]
    if isinstance(operation, Adopt | Restore | Update):
        names.append(from_essence(operation.essence).get(login))
        names.extend(change.old for change in operation.changes if change.path == login)
    return {comparable(name) for name in names if isinstance(name, str)}


def comparable(name: str) -> str:
    """Return a name as listed names are compared: no case, no blanks around the signs of a DN (RFC 4514 §4)."""
    return re.sub(r"\s*([,=+])\s*", r"\1", name).strip().casefold()
