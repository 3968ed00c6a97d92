"""The guard of privileged groups, and of all memberships together. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ldap2scim.essence import from_essence
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.deeds import is_rename
from ldap2scim.planning.guards import comparable, known_names, names_of
from ldap2scim.planning.member_parts import GroupChange
from ldap2scim.planning.operations import Create, Operation
from ldap2scim.planning.policy import Limit, SafetyPolicy
from ldap2scim.planning.population import Population
from ldap2scim.planning.reasons import APPROVE, Reasons, after, identity, joined, of_type
from ldap2scim.planning.removals import is_removal


@dataclass(frozen=True, slots=True)
class MemberReasons:
    """Why members may not enter groups, or not leave them, and why resources are left alone with them."""

    gains: Mapping[Key, str] = field(default_factory=dict)
    losses: Mapping[Key, str] = field(default_factory=dict)
    resources: Reasons = field(default_factory=dict)


def guard_privileged(
    operations: Sequence[Operation],
    changes: Mapping[Key, GroupChange],
    population: Population,
    policy: SafetyPolicy,
) -> MemberReasons:
    """Hold who would enter a privileged group, too many who would leave one, and what touches the group itself.

    Somebody who loses the account leaves the group as well, and counts; so does who left in the last 24 hours.

    Args:
        operations: on people and groups, creations included.
        changes: of members, by group.
        population: knows groups and members.
        policy: has the list.
    """
    if not policy.privileged.groups:
        return MemberReasons()
    wanted = frozenset(map(comparable, policy.privileged.groups))
    removals = [op for op in of_type(operations, ResourceType.USER) if is_removal(op)]
    removed = population.places.groups_of([op.key for op in removals]) if removals else {}
    watched = _watched(wanted, operations, {*changes, *removed}, changes, population)
    left = population.places.left_recently(watched) if watched else {}
    gains: dict[Key, str] = {}
    losses: dict[Key, str] = {}
    resources: defaultdict[tuple[Key, str], list[str]] = defaultdict(list)
    by_key = {op.key: op for op in removals}
    for group, name in watched.items():
        entering = changes[group].added if group in changes else frozenset[Key]()
        gone = removed.get(group, frozenset[Key]())
        losing = gone | (changes[group].leaving if group in changes else frozenset[Key]())
        if len(entering) > policy.privileged.entering:
            gains[group] = (
                f"{_members(len(entering))} would enter {name}, a privileged group; {policy.privileged.entering} may "
                f"without a person, so that none of them does: {APPROVE}."
            )
        earlier = len(left.get(group, ()))
        if losing and len(losing) + earlier > policy.privileged.leaving:
            losses[group] = (
                f"{_members(len(losing))} would leave {name}, a privileged group, or lose their accounts"
                f"{after(earlier)}; {policy.privileged.leaving} may without a person, so that none "
                f"of them does: {APPROVE}."
            )
            for key in gone:
                resources[identity(by_key[key])].append(losses[group])
    for touched, reason in _of_the_groups(wanted, operations, population):
        resources[touched].append(reason)
    return MemberReasons(gains, losses, joined(resources))


def _members(count: int) -> str:
    return f"{count} member{'' if count == 1 else 's'}"


def _watched(
    wanted: frozenset[str],
    operations: Iterable[Operation],
    groups: set[Key],
    changes: Mapping[Key, GroupChange],
    population: Population,
) -> Mapping[Key, str]:
    """Return the privileged ones of some groups, each with what it is called."""
    if not groups:
        return {}
    keys = sorted(groups)
    names: defaultdict[Key, list[str]] = defaultdict(list)
    for known in (population.places.logins(keys), population.places.dns(keys)):
        for key, name in known.items():
            names[key].append(name)
    for key in changes:
        names[key].append(changes[key].template.name)
    for op in of_type(operations, ResourceType.GROUP):
        if isinstance(op, Create) and op.key in groups:
            names[op.key].append(str(from_essence(op.essence).get("display_name")))
    return {key: names[key][0] for key in keys if not wanted.isdisjoint(map(comparable, names[key]))}


def _of_the_groups(
    wanted: frozenset[str], operations: Iterable[Operation], population: Population
) -> Iterable[tuple[tuple[Key, str], str]]:
    touched = [op for op in of_type(operations, ResourceType.GROUP) if is_removal(op) or is_rename(op)]
    known = known_names(touched, population)
    for op in touched:
        if not wanted.isdisjoint(names_of(op, known)):
            yield identity(op), f"{op.name} is a privileged group and would be renamed or removed: {APPROVE}."


def guard_memberships(
    changes: Mapping[Key, GroupChange], lost: Mapping[Key, int], population: Population, policy: SafetyPolicy
) -> tuple[str | None, str | None]:
    """Say why nobody may enter any group, and why nobody may leave one, where all of them together are too many.

    Args:
        changes: of members, by group.
        lost: how many members the groups have that would be removed.
        population: has all memberships.
        policy: has the limits.
    """
    entering = sum(len(change.added) for change in changes.values())
    leaving = sum(len(change.leaving) for change in changes.values()) + sum(lost.values())
    return (
        _too_many(entering, "enter", policy.limits.enter, population),
        _too_many(leaving, "leave", policy.limits.leave, population),
    )


def _too_many(count: int, verb: str, limit: Limit, population: Population) -> str | None:
    if not limit.is_given or not count or (limit.most is None and count <= limit.minimum):
        return None
    base = population.places.memberships()
    if not limit.holds(count, base):
        return None
    share = f"{limit.percent:g} % of {base}" if limit.percent is not None else f"{limit.most}"
    return f"{_members(count)} would {verb} groups, all groups together; the limit is {share}: {APPROVE}."
