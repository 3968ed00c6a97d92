"""Guards by kind and by dimension: too much of one deed, in the whole or in one part of the managed. Pure.

Deeds are counted first, in what is proposed. Only a part that more than its minimum touch is asked about, so that an
ordinary run asks nothing. A part is judged by all that is proposed there, never by what other guards hold: raising
one limit cannot make another hold more.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from ldap2scim.essence import from_essence
from ldap2scim.model import Key, ResourceType, directory_of, rfc_name
from ldap2scim.planning.deeds import doing, would
from ldap2scim.planning.operations import Create, Operation, Restore
from ldap2scim.planning.policy import Deed, Dimension, DimensionLimit, Limit, SafetyPolicy
from ldap2scim.planning.population import NOBODY, Population
from ldap2scim.planning.reasons import APPROVE, NAMED_IN_A_SENTENCE, Reasons, after, identity, joined, of_type

_Sentences: TypeAlias = Mapping[tuple[Key, str], list[str]]


def guard_kinds(operations: Sequence[Operation], population: Population, policy: SafetyPolicy) -> Reasons:
    """Hold all of one deed to one kind of resource when it is above its limit."""
    found: defaultdict[tuple[Key, str], list[str]] = defaultdict(list)
    given = policy.limits.given()
    for kind in ResourceType:
        own = of_type(operations, kind)
        for deed, limit in given.items():
            doers = doing(own, deed)
            managed = population.managed(kind)
            if doers and limit.holds(len(doers), managed):
                reason = (
                    f"{would(kind, len(doers), deed)}, of {managed} managed; the limit is {_formula(limit)}, so that "
                    f"all of them are held: {APPROVE}."
                )
                for operation in doers:
                    found[identity(operation)].append(reason)
    return joined(found)


def _formula(limit: Limit) -> str:
    share = f"{limit.percent:g} % where there are more than {limit.minimum}" if limit.percent is not None else None
    most = f"at most {limit.most}" if limit.most is not None else None
    return ", and ".join(filter(None, (share, most)))


def guard_dimensions(
    operations: Sequence[Operation],
    population: Population,
    policy: SafetyPolicy,
    recent_removals: Mapping[ResourceType, int],
) -> Reasons:
    """Hold what touches too large a share of one directory, organisational unit, department or group.

    Removals of the last 24 hours count in, and those who were removed count among the managed: a part that is emptied
    in many steps is held where it would be in one. Who they were is asked only where that can matter.
    """
    found: defaultdict[tuple[Key, str], list[str]] = defaultdict(list)
    for kind in ResourceType:
        own = of_type(operations, kind)
        recent = recent_removals.get(kind, 0)
        for dimension in (Dimension.DIRECTORY, Dimension.UNIT, Dimension.DEPARTMENT):
            if dimension is Dimension.DEPARTMENT and kind is ResourceType.GROUP:
                continue
            limit = policy.by.of(dimension)
            if population.managed(kind) + recent < limit.population:
                continue
            for deed, percent in limit.given().items():
                earlier = recent if deed is Deed.REMOVE else 0
                _judge_parts(doing(own, deed), deed, percent, dimension, limit, population, policy, earlier, found)
    removals = doing(of_type(operations, ResourceType.USER), Deed.REMOVE)
    _judge_groups(removals, population, policy, recent_removals.get(ResourceType.USER, 0), found)
    return joined(found)


def _judge_parts(  # noqa: PLR0913, PLR0917 - one limit of one deed in one dimension
    operations: Sequence[Operation],
    deed: Deed,
    percent: float,
    dimension: Dimension,
    limit: DimensionLimit,
    population: Population,
    policy: SafetyPolicy,
    recent: int,
    found: _Sentences,
) -> None:
    if not operations or len(operations) + recent <= limit.minimum:
        return
    kind = operations[0].resource_type
    removed = population.places.removed(kind) if recent else NOBODY
    parts = _parts(dimension, operations, population, policy)
    proposed = Counter(parts.values())
    past = population.places.parts(dimension, removed.keys) if removed.keys else {}
    earlier = Counter(part for key, part in past.items() if key not in parts)
    counts = {part: count for part, count in proposed.items() if count + earlier[part] > limit.minimum}
    if not counts:
        return
    sizes = population.places.sizes(dimension, kind, counts)
    gone = Counter(part for key, part in past.items() if key in removed.gone)
    reasons: dict[str, str] = {}
    for part, count in counts.items():
        size = sizes.get(part, 0) + gone[part]
        if size >= limit.population and (count + earlier[part]) * 100 > size * percent:
            reasons[part] = (
                f"{would(kind, count, deed)}{after(earlier[part])}{',' if earlier[part] else ''} of {size} managed in "
                f"{_named(dimension, part, policy)}, more than {percent:g} %, so that all of these are held: {APPROVE}."
            )
    for operation in operations:
        reason = reasons.get(parts.get(operation.key, ""))
        if reason is not None:
            found[identity(operation)].append(reason)


def _parts(
    dimension: Dimension, operations: Sequence[Operation], population: Population, policy: SafetyPolicy
) -> Mapping[Key, str]:
    """Return the part that each operation touches: for who comes, where the directory has them now."""
    if dimension is Dimension.DIRECTORY:
        return {operation.key: directory_of(operation.key) for operation in operations}
    keys = [operation.key for operation in operations]
    if dimension is Dimension.UNIT:
        return population.places.parts(dimension, keys)
    coming = {op.key: op.essence for op in operations if isinstance(op, Create | Restore)}
    found = dict(population.places.parts(dimension, [key for key in keys if key not in coming]))
    for key, essence in coming.items():
        value = text_at(from_essence(essence), policy.by.department_attribute)
        if value is not None:
            found[key] = value
    return found


def text_at(attributes: object, path: str) -> str | None:
    """Return the text at a path of an essence, as `Places.parts` finds it; None where there is none."""
    value = attributes
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else None


def _named(dimension: Dimension, part: str, policy: SafetyPolicy) -> str:
    match dimension:
        case Dimension.DIRECTORY:
            return f"directory {part}"
        case Dimension.UNIT:
            return f"unit {part}"
        case Dimension.DEPARTMENT:
            return f"{rfc_name(policy.by.department_attribute.rpartition('.')[2])} {part}"
        case Dimension.GROUP:
            return f"group {part}"


def _judge_groups(
    removals: Sequence[Operation], population: Population, policy: SafetyPolicy, recent: int, found: _Sentences
) -> None:
    """Hold the removals of people who are too large a share of the members of one group."""
    limit = policy.by.group
    if limit.remove is None or not removals or len(removals) + recent <= limit.minimum:
        return
    removed = population.places.removed(ResourceType.USER).keys if recent else frozenset[Key]()
    going = frozenset(operation.key for operation in removals)
    members = population.places.groups_of(going | removed)
    touched = [group for group, own in members.items() if not own.isdisjoint(going)]
    # Who lost the account has left the group as a rule, and is in it still where it was disabled alone.
    left = population.places.left_recently(touched) if removed and touched else {}
    former = {group: left.get(group, frozenset[Key]()) & removed for group in touched}
    losing = {
        group: members[group] | former[group]
        for group in touched
        if len(members[group] | former[group]) > limit.minimum
    }
    if not losing:
        return
    present = population.places.group_sizes(losing)
    sizes = {group: present.get(group, 0) + len(former[group] - members[group]) for group in losing}
    large = {
        group: lost
        for group, lost in losing.items()
        if sizes[group] >= limit.population and len(lost) * 100 > sizes[group] * limit.remove
    }
    names = population.places.logins(large)
    groups: defaultdict[Key, list[Key]] = defaultdict(list)
    for group in sorted(large, key=lambda one: (names.get(one, ""), one)):
        for member in large[group]:
            groups[member].append(group)
    share = {group: f"{names.get(group, group)} ({len(lost)} of {sizes[group]})" for group, lost in large.items()}
    for operation in removals:
        if own := groups.get(operation.key):
            found[identity(operation)].append(
                f"Too many members of {_listed(share[group] for group in own)} would be removed or deactivated"
                f"{', those of the last 24 hours included' if removed else ''}, more than {limit.remove:g} %, so that "
                f"all of these are held: {APPROVE}."
            )


def _listed(names: Iterable[str]) -> str:
    all_names = list(names)
    more = f" and {len(all_names) - NAMED_IN_A_SENTENCE} more groups" if len(all_names) > NAMED_IN_A_SENTENCE else ""
    return f"{', '.join(all_names[:NAMED_IN_A_SENTENCE])}{more}"
