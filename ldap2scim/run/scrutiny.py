"""What must not be done whoever asks for it: looked at on the differences, before anything is judged."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Final

from ldap2scim.directory.syntaxes import guid_base64, guid_octets, guid_text
from ldap2scim.essence import from_essence
from ldap2scim.findings import Finding, Severity, named
from ldap2scim.model import GuidForm, Key, ResourceType
from ldap2scim.planning.operations import Create, Operation
from ldap2scim.planning.population import Places
from ldap2scim.planning.proposals import Difference
from ldap2scim.planning.states import DesiredState, KnownState, LoginMatch
from ldap2scim.run.own_filter import hold_unseen
from ldap2scim.run.own_plan_rules import hold_forbidden
from ldap2scim.run.own_rule_groups import groups_missing
from ldap2scim.settings import Settings
from validations.totals import check_totals

_SAME_OR_OTHER: Final = (
    "If it is the same, give the resource the externalId of the entry at the service, or approve the plan's id; else "
    "change one of the two."
)
_OTHER_FORM: Final = (
    "The externalId there is the same GUID in the other form. Write `guid_form: {}` (in the directory; in config.yml "
    "in `ldap2scim.directory`), approve nothing, and plan anew."
)
_LOOKED_AT: Final = 100
"""Operations in which the other form of a GUID is looked for: one mapping writes them all."""


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
        mine = {key: operation for key, operation in waiting.items() if operation.resource_type is kind}
        names = tuple(operation.name for operation in mine.values())
        if names:
            form = _other_form(mine.items(), matches)
            what = "login" if kind is ResourceType.USER else "name"
            yield Finding(
                rule="name-held-at-the-service",
                # The plan holds the operation, until somebody approves it.
                severity=Severity.NOTE,
                message=f"The {what} of {len(names)} new entries belongs to a resource of the service that is not "
                f"ours, and a person decides what is done: {named(names)}.",
                remedy=_SAME_OR_OTHER if form is None else _OTHER_FORM.format(form.value),
                subjects=names,
            )


def _other_form(waiting: Iterable[tuple[Key, Operation]], matches: Mapping[Key, LoginMatch]) -> GuidForm | None:
    """Return the form of GUIDs at the service, where an entry and the resource of its name have one in two forms."""
    for key, operation in islice(waiting, _LOOKED_AT):
        there = matches[key].external_id
        here = from_essence(operation.essence).get("external_id") if isinstance(operation, Create) else None
        octets = guid_octets(here) if isinstance(here, str) else None
        if octets is None or there == here:
            continue
        # As we would write it: in capital letters it would not be found either.
        if there == guid_text(octets):
            return GuidForm.HYPHENATED
        if there == guid_base64(octets):
            return GuidForm.BASE64
    return None
