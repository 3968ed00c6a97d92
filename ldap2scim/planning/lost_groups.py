"""The guard of groups that are removed: all of their members lose them. Pure."""

from collections.abc import Mapping, Sequence

from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.operations import Deactivate, Delete, Operation
from ldap2scim.planning.policy import SafetyPolicy
from ldap2scim.planning.population import Population
from ldap2scim.planning.reasons import APPROVE, Reasons, identity, of_type


def members_lost(operations: Sequence[Operation], population: Population) -> Mapping[Key, int]:
    """Count the members of the groups that would be removed; one that has none is left out."""
    groups = [op.key for op in of_type(operations, ResourceType.GROUP) if isinstance(op, Deactivate | Delete)]
    return population.places.group_sizes(groups) if groups else {}


def guard_lost_groups(
    operations: Sequence[Operation],
    lost: Mapping[Key, int],
    all_together: str | None,
    population: Population,
    policy: SafetyPolicy,
) -> Reasons:
    """Hold the removal of a large group: all of its members would lose it, which is a loss of 100 %.

    Args:
        operations: on people and groups.
        lost: of `members_lost`.
        all_together: why nobody may leave any group, where that is so.
        population: knows who left them in the last 24 hours.
        policy: has the limit of one group.
    """
    if not lost:
        return {}
    left = population.places.left_recently(lost) if policy.member_loss_percent < _ALL else {}
    most = max(policy.member_loss_minimum, _LARGE)
    reasons: dict[tuple[Key, str], str] = {}
    for operation in of_type(operations, ResourceType.GROUP):
        count = lost.get(operation.key)
        if count is None or not isinstance(operation, Deactivate | Delete):
            continue
        own: list[str] = []
        before = count + len(left.get(operation.key, ()))
        if before > most and policy.member_loss_percent < _ALL:
            own.append(
                f"The group has {count} member{'' if count == 1 else 's'}, who would lose it; a group of more than "
                f"{most} is removed by a person alone: {APPROVE}."
            )
        if all_together is not None:
            own.append(all_together)
        if own:
            reasons[identity(operation)] = " ".join(own)
    return reasons


_ALL = 100
_LARGE = 50
"""Members of a group whose removal is no everyday matter: a project's group comes to its end as projects do."""
