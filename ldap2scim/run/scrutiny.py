"""What must not be done whoever asks for it: looked at on the differences, before anything is judged."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from ldap2scim.findings import Finding, Severity, named
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.population import Places
from ldap2scim.planning.proposals import Difference
from ldap2scim.planning.states import DesiredState, KnownState, LoginMatch
from ldap2scim.run.own_filter import hold_unseen
from ldap2scim.run.own_plan_rules import hold_forbidden
from ldap2scim.run.own_rule_groups import groups_missing
from ldap2scim.settings import Settings
from validations.totals import check_totals


def scrutinise(
    settings: Settings, difference: Difference, desired: DesiredState, known: KnownState, places: Places
) -> Difference:
    """Block operations that would contradict the settings themselves, which nobody can approve, and say what is held.

    Args:
        settings: of the administrator.
        difference: not judged yet.
        desired: what it was made of.
        known: what the service has.
        places: where the managed stand.
    """
    difference, unseen = hold_unseen(settings, difference)
    difference, forbidden = hold_forbidden(settings.rules.plan, difference, desired, known)
    missing = groups_missing(settings.rules.plan, desired, known)
    names = _names_held(difference, known.login_matches)
    found = (*unseen, *forbidden, *missing, *names, *check_totals(difference, places))
    return replace(difference, findings=(*difference.findings, *found)) if found else difference


def _names_held(difference: Difference, matches: Mapping[Key, LoginMatch]) -> Iterator[Finding]:
    waiting = {one.operation.key: one.operation for one in difference.held if one.operation.key in matches}
    for kind in ResourceType:
        names = tuple(operation.name for operation in waiting.values() if operation.resource_type is kind)
        if names:
            what = "login" if kind is ResourceType.USER else "name"
            yield Finding(
                rule="name-held-at-the-service",
                # The plan holds the operation, until somebody approves it.
                severity=Severity.NOTE,
                message=f"The {what} of {len(names)} new entries belongs to a resource of the service that is not "
                f"ours, and a person decides what is done: {named(names)}.",
                remedy="If it is the same, give the resource the externalId of the entry at the service, or approve "
                "the plan's id; else change one of the two.",
                subjects=names,
            )
