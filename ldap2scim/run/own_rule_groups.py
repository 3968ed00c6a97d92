"""Rules that forbid something to the members of a group which does not exist: they protect nobody. Pure."""

from collections.abc import Iterator, Sequence

from ldap2scim.findings import Finding, Severity
from ldap2scim.planning.states import DesiredState, KnownState
from ldap2scim.settings.own_rule_words import PlanRule
from validations.own_rules import group_keys


def groups_missing(rules: Sequence[PlanRule], desired: DesiredState, known: KnownState) -> Iterator[Finding]:
    """Say which rules name a group that neither the directory nor the service has.

    A group that the service alone has still counts: whoever is its member there is protected.
    """
    for rule in rules:
        name = rule.subject.group
        if name is not None and not any(group_keys(frame, name) for frame in (desired.groups, known.groups)):
            yield Finding(
                rule="own-plan-rule",
                severity=Severity.HOLD,
                message=f"Rule `{rule.name}`: there is no group `{name}`, so that it protects nobody.",
                remedy="Correct the name of the group.",
                subjects=(name,),
            )
