"""What an administrator's rules forbid every plan: such operations are blocked, by the rule's name."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pandas as pd

from ldap2scim.findings import Finding, Severity, named
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.members import member_inputs
from ldap2scim.planning.operations import (
    ChangeMembers,
    Create,
    Delete,
    HeldOperation,
    Operation,
)
from ldap2scim.planning.proposals import Difference
from ldap2scim.planning.removals import changes_of, is_removal, plural
from ldap2scim.planning.states import DesiredState, KnownState
from ldap2scim.settings.own_rule_words import PlanRule, Verb
from validations.own_rules import group_keys

_NAMES = frozenset({"user_name", "display_name"})


def hold_forbidden(
    rules: Sequence[PlanRule], difference: Difference, desired: DesiredState, known: KnownState
) -> tuple[Difference, tuple[Finding, ...]]:
    """Block what a rule forbids; each operation with the names of the rules.

    Whoever is a member of a group by the directory's word or by the service's counts as one: nobody gets out of a
    rule's reach by leaving the group in the same run.
    """
    findings: list[Finding] = []
    for rule in rules:
        waiting = (*difference.operations, *(one.operation for one in difference.held))
        if not any(_is_meant(rule, operation) for operation in waiting):
            continue
        reach = _Reach.of(rule, desired, known)
        difference, blocked = _hold(rule, reach, difference)
        findings += _findings(rule, blocked)
    return difference, tuple(findings)


def _is_meant(rule: PlanRule, operation: Operation) -> bool:
    """Say whether an operation does what the rule forbids, whoever it is done to."""
    verbs = rule.verbs
    if isinstance(operation, ChangeMembers):
        return Verb.LEAVE in verbs and bool(operation.removed)
    if operation.resource_type is ResourceType.GROUP and rule.subject.group is not None:
        # A group that is no more has been left by everybody.
        return Verb.LEAVE in verbs and is_removal(operation)
    if operation.resource_type is not rule.subject.kind:
        return False
    return (
        (Verb.CREATE in verbs and isinstance(operation, Create))
        or (Verb.DELETE in verbs and isinstance(operation, Delete))
        or (Verb.DISABLE in verbs and is_removal(operation))
        or (Verb.UPDATE in verbs and bool(changes_of(operation)))
        or (Verb.RENAME in verbs and any(one.path in _NAMES for one in changes_of(operation)))
    )


class _Reach:
    """Whom a rule is about."""

    def __init__(self, groups: frozenset[Key], members: frozenset[str] | None) -> None:
        self._groups = groups
        self._members = members
        """None: everybody of the kind."""

    @classmethod
    def of(cls, rule: PlanRule, desired: DesiredState, known: KnownState) -> "_Reach":
        if rule.subject.group is None:
            return cls(frozenset(), None)
        found = {key for frame in (desired.groups, known.groups) for key in group_keys(frame, rule.subject.group)}
        members: set[str] = set()
        for edges in (desired.members, known.members):
            member, group = pd.Series(edges.member), pd.Series(edges.group)
            members.update(member[group.isin(list(found))].tolist())
        return cls(frozenset(found), frozenset(members))

    def has(self, operation: Operation) -> bool:
        if self._members is None:
            return True
        if operation.resource_type is ResourceType.GROUP:
            return operation.key in self._groups
        return operation.key in self._members


def _hold(rule: PlanRule, reach: _Reach, difference: Difference) -> tuple[Difference, tuple[Operation, ...]]:
    reason = f"The rule `{rule.name}` forbids it; no approval releases it: change the directory, or the rule."
    flowing: list[Operation] = []
    held: list[HeldOperation] = []
    blocked: list[Operation] = []
    for operation in difference.operations:
        if not (_is_meant(rule, operation) and reach.has(operation)):
            flowing.append(operation)
        elif isinstance(operation, ChangeMembers):
            blocked.append(replace(operation, added=(), inputs=member_inputs((), operation.removed)))
            if operation.added:
                flowing.append(replace(operation, removed=(), inputs=member_inputs(operation.added, ())))
        else:
            blocked.append(operation)
    for one in difference.held:
        if _is_meant(rule, one.operation) and reach.has(one.operation):
            blocked.append(one.operation)
        else:
            held.append(one)
    parted = replace(
        difference,
        operations=tuple(flowing),
        held=tuple(held),
        blocked=(*difference.blocked, *(HeldOperation(one, (reason,)) for one in blocked)),
    )
    return parted, tuple(blocked)


def _findings(rule: PlanRule, blocked: Sequence[Operation]) -> Iterator[Finding]:
    if blocked:
        names = tuple(one.name for one in blocked)
        counts = Counter(one.resource_type for one in blocked)
        what = " and ".join(plural(kind, count) for kind, count in counts.items())
        yield Finding(
            rule="own-plan-rule",
            severity=Severity.HOLD,
            message=f"Rule `{rule.name}`: the plan would {_verbs(rule)} ({rule.subject}): {what}, and is not "
            f"carried out for them: {named(names)}.",
            remedy="See why the directory asks for that; if it is right, change the rule.",
            subjects=names,
        )


def _verbs(rule: PlanRule) -> str:
    return " or ".join(sorted(verb.value for verb in rule.verbs))
