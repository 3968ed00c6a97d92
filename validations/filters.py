"""Filters as propositions: can one hold for nobody, does it hold for everybody, and is it sent at all? Pure.

A filter with few comparisons is tried with every combination of their answers. What two-valued logic shows to be
never true is never true in LDAP's three-valued one either (RFC 4511 §4.5.1.7).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Final, TypeAlias

from ldap2scim.directory import filters as ldap
from ldap2scim.findings import Finding, Severity
from ldap2scim.model import ResourceType
from ldap2scim.scim import filters as scim
from ldap2scim.scim.filter_parser import FilterProblem
from ldap2scim.scim.filter_parser import parse as parse_scim
from ldap2scim.scim.profiles import Profile, profile_of
from ldap2scim.settings.composed import ConfiguredDirectory, Settings, selects_no_scim_group

_MOST: Final = 10
"""Comparisons; a filter with more of them is not tried: the combinations double with each."""
_EVERYBODY_HAS: Final = frozenset({"objectclass", "cn", "entryuuid", "objectguid"})
"""Attributes that no person and no group can be without (RFC 4512 §2.4, RFC 2798, RFC 4519 §3.6)."""
_ALWAYS_SET: Final = frozenset({"id", "username", "schemas", "meta", "meta.resourcetype"})
"""What no user at a service can be without (RFC 7643 §3.1, §4.1.1)."""

_NEVER: Final = frozenset({False})
_ALWAYS: Final = frozenset({True})

Answers: TypeAlias = Mapping[object, bool]


@dataclass(frozen=True, slots=True)
class _Proposition:
    """A filter as a function of the answers to its comparisons."""

    atoms: tuple[object, ...]
    holds: Callable[[Answers], bool]
    possible: Callable[[Answers], bool]
    """Whether these answers can go together."""

    def outcomes(self) -> frozenset[bool]:
        """Return what the filter can come to; both where it was not tried."""
        if len(self.atoms) > _MOST:
            return frozenset({True, False})
        found: set[bool] = set()
        for values in product((True, False), repeat=len(self.atoms)):
            answers = dict(zip(self.atoms, values, strict=True))
            if self.possible(answers):
                found.add(self.holds(answers))
                if len(found) == 2:
                    break
        return frozenset(found)


def ldap_outcomes(text: str) -> frozenset[bool]:
    """Return whether an LDAP filter can hold, and can fail to hold, for an entry of its class."""
    # Blanks beside brackets belong to a value for the server (RFC 4515 §3), and to nobody's intention.
    root = ldap.parse(re.sub(r"\s*([()])\s*", r"\1", text))
    atoms = tuple(dict.fromkeys(_ldap_atoms(root)))

    def possible(answers: Answers) -> bool:
        # A value that compares is one that is present.
        absent = {atom.attribute.lower() for atom, holds in answers.items() if _is_presence(atom) and not holds}  # type: ignore[attr-defined]  # as asked
        if absent & _EVERYBODY_HAS:
            return False
        return not any(
            holds and not _is_presence(atom) and getattr(atom, "attribute", "").lower() in absent
            for atom, holds in answers.items()
        )

    return _Proposition(atoms, lambda answers: _ldap_holds(root, answers), possible).outcomes()


def _is_presence(atom: object) -> bool:
    return isinstance(atom, ldap.Present)


def _ldap_atoms(root: ldap.Filter) -> Iterator[object]:
    match root:
        case ldap.And(inner) | ldap.Or(inner):
            for one in inner:
                yield from _ldap_atoms(one)
        case ldap.Not(one):
            yield from _ldap_atoms(one)
        case _:
            yield _ldap_atom(root)


def _ldap_atom(root: ldap.Filter) -> object:
    """Return what names a comparison: attribute names know no case (RFC 4512 §2.5), and `=**` asks for presence."""
    match root:
        case ldap.Present(attribute):
            return ldap.Present(attribute.lower())
        case ldap.Comparison(attribute, operator, value):
            return ldap.Comparison(attribute.lower(), operator, value)
        case _:
            return root


def _ldap_holds(root: ldap.Filter, answers: Answers) -> bool:
    match root:
        case ldap.And(inner):
            return all(_ldap_holds(one, answers) for one in inner)
        case ldap.Or(inner):
            return any(_ldap_holds(one, answers) for one in inner)
        case ldap.Not(one):
            return not _ldap_holds(one, answers)
        case _:
            return answers[_ldap_atom(root)]


def scim_outcomes(text: str) -> frozenset[bool]:
    """Return whether a SCIM filter can hold, and can fail to hold, for a resource."""
    parsed = parse_scim(text)
    if isinstance(parsed, FilterProblem):
        return frozenset({True, False})  # said when the settings were read
    root = parsed.root
    atoms = tuple(dict.fromkeys(_scim_atoms(root)))
    fixed = {atom: known for atom in atoms if (known := _scim_fixed(atom)) is not None}
    return _Proposition(
        atoms,
        lambda answers: _scim_holds(root, answers),
        lambda answers: all(answers[atom] is known for atom, known in fixed.items()),
    ).outcomes()


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


def _scim_atoms(root: scim.Filter) -> Iterator[object]:
    match root:
        case scim.And(terms) | scim.Or(terms):
            for one in terms:
                yield from _scim_atoms(one)
        case scim.Not(one):
            yield from _scim_atoms(one)
        case _:
            yield root


def _scim_holds(root: scim.Filter, answers: Answers) -> bool:
    match root:
        case scim.And(terms):
            return all(_scim_holds(one, answers) for one in terms)
        case scim.Or(terms):
            return any(_scim_holds(one, answers) for one in terms)
        case scim.Not(one):
            return not _scim_holds(one, answers)
        case _:
            return answers[root]


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
