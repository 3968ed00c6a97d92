"""Filters as propositions: can one hold for nobody, does it hold for everybody, and is it sent at all? Pure.

What two-valued logic shows to be never true is never true in LDAP's three-valued one either (RFC 4511 §4.5.1.7).
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from ldap2scim.directory import filters as ldap
from ldap2scim.findings import Finding, Severity
from ldap2scim.model import ResourceType
from ldap2scim.scim import filters as scim
from ldap2scim.scim.filter_parser import FilterProblem
from ldap2scim.scim.filter_parser import parse as parse_scim
from ldap2scim.scim.profiles import Profile, profile_of
from ldap2scim.settings.composed import ConfiguredDirectory, Settings, selects_no_scim_group
from validations.propositions import Answers, Joint, none, outcomes_of, tree_of

_EVERYBODY_HAS: Final = frozenset({"objectclass", "cn", "entryuuid", "objectguid"})
"""Attributes that no person and no group can be without (RFC 4512 §2.4, RFC 2798, RFC 4519 §3.6)."""
_ALWAYS_SET: Final = frozenset({"id", "username", "schemas", "meta", "meta.resourcetype"})
"""What no user at a service can be without (RFC 7643 §3.1, §4.1.1)."""

_NEVER: Final = frozenset({False})
_ALWAYS: Final = frozenset({True})


def ldap_outcomes(text: str) -> frozenset[bool]:
    """Return whether an LDAP filter can hold, and can fail to hold, for an entry of its class."""
    # Blanks beside brackets belong to a value for the server (RFC 4515 §3), and to nobody's intention.
    root = ldap.parse(re.sub(r"\s*([()])\s*", r"\1", text))
    tree = tree_of(root, _ldap_parts, _ldap_atom)

    def possible(answers: Answers) -> bool:
        # A value that compares is one that is present.
        absent = {atom.attribute.lower() for atom, holds in answers.items() if _is_presence(atom) and not holds}  # type: ignore[attr-defined]  # as asked
        if absent & _EVERYBODY_HAS:
            return False
        return not any(
            holds and not _is_presence(atom) and getattr(atom, "attribute", "").lower() in absent
            for atom, holds in answers.items()
        )

    return outcomes_of(tree, possible)


def _is_presence(atom: object) -> bool:
    return isinstance(atom, ldap.Present)


def _ldap_atom(root: ldap.Filter) -> object:
    """Return what names a comparison: attribute names know no case (RFC 4512 §2.5), and `=**` asks for presence."""
    match root:
        case ldap.Present(attribute):
            return ldap.Present(attribute.lower())
        case ldap.Comparison(attribute, operator, value):
            return ldap.Comparison(attribute.lower(), operator, value)
        case _:
            return root


def _ldap_parts(root: ldap.Filter) -> tuple[Joint, Sequence[ldap.Filter]] | None:
    match root:
        case ldap.And(inner):
            return all, inner
        case ldap.Or(inner):
            return any, inner
        case ldap.Not(one):
            return none, (one,)
        case _:
            return None


def scim_outcomes(text: str) -> frozenset[bool]:
    """Return whether a SCIM filter can hold, and can fail to hold, for a resource."""
    parsed = parse_scim(text)
    if isinstance(parsed, FilterProblem):
        return frozenset({True, False})  # said when the settings were read
    tree = tree_of(parsed.root, _scim_parts, lambda one: one)
    fixed = {atom: known for atom in tree.atoms() if (known := _scim_fixed(atom)) is not None}
    return outcomes_of(tree, lambda answers: all(answers[atom] is known for atom, known in fixed.items()))


def _scim_fixed(atom: object) -> bool | None:
    """Return the answer that each resource gives; None where they differ."""
    match atom:
        case scim.Comparison(attribute, "pr", _) if attribute.casefold() in _ALWAYS_SET:
            return True
        case scim.Comparison(attribute, "eq", "" | None) if attribute.casefold() in _ALWAYS_SET:
            return False
        case scim.Comparison(attribute, "ne", "" | None) if attribute.casefold() in _ALWAYS_SET:
            return True
        case _:
            return None


def _scim_parts(root: scim.Filter) -> tuple[Joint, Sequence[scim.Filter]] | None:
    match root:
        case scim.And(terms):
            return all, terms
        case scim.Or(terms):
            return any, terms
        case scim.Not(one):
            return none, (one,)
        case _:
            return None


def check_filters(settings: Settings) -> Iterable[Finding]:
    """Yield what is noticed of the filters themselves."""
    for directory in settings.directories:
        yield from _ldap(directory)
    yield from _scim_users(settings.service.user_filter)
    yield from _scim_groups(settings.service.group_filter)
    profile = profile_of(settings.service)
    for kind in ResourceType:
        written = settings.service.user_filter if kind is ResourceType.USER else settings.service.group_filter
        if written and not (kind is ResourceType.GROUP and selects_no_scim_group(written)):
            yield from _not_sent(kind, written, profile)


def _ldap(directory: ConfiguredDirectory) -> Iterable[Finding]:
    name, written = directory.settings.name, directory.settings.user_filter
    outcomes = ldap_outcomes(written) if written else None
    if outcomes == _NEVER:
        yield Finding(
            rule="filter-selects-nobody",
            severity=Severity.STOP,
            message=f"The user filter `{written}` of directory {name} can match no entry.",
            remedy="Write a filter that selects the people to be synchronised, or take it away to take all.",
            subjects=(name,),
        )
    elif outcomes == _ALWAYS:
        yield _everything(f"The user filter `{written}` of directory {name}", "every person of the class", (name,))


def _scim_users(written: str) -> Iterable[Finding]:
    outcomes = scim_outcomes(written) if written else None
    if outcomes == _NEVER:
        yield Finding(
            rule="filter-selects-nobody",
            severity=Severity.STOP,
            message=f"The SCIM filter for users `{written}` can match nobody, so that everybody would be created "
            "again in every run.",
            remedy="Write a SCIM filter that selects the users of this instance, or take it away to see all.",
        )
    elif outcomes == _ALWAYS:
        yield _everything(f"The SCIM filter for users `{written}`", "every user of the service")


def _scim_groups(written: str) -> Iterable[Finding]:
    if written and not selects_no_scim_group(written) and scim_outcomes(written) == _ALWAYS:
        yield _everything(f"The SCIM filter for groups `{written}`", "every group of the service")


def _everything(what: str, whom: str, subjects: tuple[str, ...] = ()) -> Finding:
    return Finding(
        rule="filter-selects-everything",
        severity=Severity.NOTE,
        message=f"{what} selects {whom}, as if it were not written.",
        remedy="If that is meant, take the filter away; else it has a slip, such as `|` in the place of `&`.",
        subjects=subjects,
    )


def _not_sent(kind: ResourceType, written: str, profile: Profile) -> Iterable[Finding]:
    parsed = parse_scim(written)
    if isinstance(parsed, FilterProblem):
        return
    foreign = sorted(scim.operators(parsed.root) - profile.filter_operators)
    if foreign:
        yield Finding(
            rule="filter-not-sent",
            severity=Severity.NOTE,
            message=f"The SCIM filter for {kind.value.lower()}s `{written}` uses {', '.join(foreign)}, which a service "
            f"of the profile `{profile.name}` does not know: everything is read, and sorted out here.",
            remedy=f"Write it with {', '.join(sorted(profile.filter_operators))} alone, if reading takes too long.",
        )
