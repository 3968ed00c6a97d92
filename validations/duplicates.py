"""Values that two resources must not share, compared as a service compares them. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from ldap2scim.findings import Finding, Severity, named
from ldap2scim.model import Key, directory_of
from ldap2scim.planning.folding import folded
from ldap2scim.planning.frames import ABSENT, TEXT

MOST_LISTED = 20
"""DNs in one message; `Finding.subjects` has all of them."""
MOST_FINDINGS = 1000
"""Above this many values of one rule the settings are at fault, not the entries: one finding says it of all."""
NOT_PLAIN = "[^!-~]"
"""Anything but printable ASCII without blanks, where folding is more than lower case."""


@dataclass(frozen=True, slots=True)
class Doubles:
    """Resources that share one value."""

    finding: Finding
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """What to call it when a column of one kind of resource has a value twice."""

    name: str
    column: str
    what: str
    """The value, in the administrator's words."""
    remedy: str


GROUP_NAMES = Rule(
    "duplicate-group-name",
    "login",
    "group name",
    "Rename all but one of them in the directory, or take all but one out of the group filter.",
)
LOGINS = Rule(
    "duplicate-login",
    "login",
    "login",
    "Give each person a login of their own in the directory, or take all but one out of the user filter.",
)
EXTERNAL_IDS = Rule(
    "duplicate-external-id",
    "external_id",
    "externalId",
    "Map externalId to an attribute that is unique, such as the source anchor, or correct the value in the directory.",
)


def fold_all(values: pd.Series) -> pd.Series:
    """Return a text column (`TEXT`) folded. Only values that need it are taken out of Arrow."""
    strange = values.str.contains(NOT_PLAIN, na=False)
    lower = values.str.lower()
    if strange.any():
        lower[strange] = pd.array([folded(value) for value in values[strange].tolist()], dtype=TEXT)
    return lower


def duplicates(frame: pd.DataFrame, rule: Rule, *, exact: bool) -> Iterator[Doubles]:
    """Yield a finding for each value of a column that several rows have; absent values are never equal.

    `exact` is how the service compares: an externalId always (RFC 7643 §3.1), a login or name at few services; else
    they are compared folded.
    """
    values = frame[rule.column]
    present = values[values != ABSENT]
    compared = present if exact else fold_all(present)
    if compared.is_unique:  # nearly always, and a third cheaper to ask
        return
    repeated = compared[compared.duplicated(keep=False)]
    rows = frame.loc[repeated.index]
    sharing: defaultdict[str, list[tuple[str, Key]]] = defaultdict(list)
    # As lists: an Arrow column gives its values one at a time at ten times the price.
    for value, dn, key in zip(repeated.tolist(), rows["dn"].tolist(), rows["key"].tolist(), strict=True):
        sharing[value].append((dn, Key(key)))
    if len(sharing) > MOST_FINDINGS:
        yield _accident(rule, len(sharing), sorted(entry for entries in sharing.values() for entry in entries))
        return
    for entries in sharing.values():
        entries.sort()
        keys = tuple(key for _, key in entries)
        yield Doubles(_finding(rule, tuple(dn for dn, _ in entries), keys, exact=exact), keys)


def listed(names: Sequence[str]) -> str:
    """Return DNs for a message of their own, the first ones where there are too many."""
    return named(names, MOST_LISTED)


def _finding(rule: Rule, names: tuple[str, ...], keys: tuple[Key, ...], *, exact: bool) -> Finding:
    directories = sorted({directory_of(key) for key in keys})
    where = f" of the directories {', '.join(directories)}" if len(directories) > 1 else ""
    how = "" if exact else " once case, width and blanks are set aside"
    return Finding(
        rule=rule.name,
        severity=Severity.HOLD,
        message=f"{len(names)} entries{where} have the same {rule.what}{how}, and are left alone: {listed(names)}.",
        remedy=rule.remedy,
        subjects=names,
    )


def _accident(rule: Rule, values: int, entries: Sequence[tuple[str, Key]]) -> Doubles:
    names = tuple(dn for dn, _ in entries)
    finding = Finding(
        rule=rule.name,
        severity=Severity.HOLD,
        message=f"{len(names)} entries share {values} values of {rule.what} with one another, and are left alone: "
        f"{listed(names)}.",
        remedy="So many point to the settings: one directory configured twice, bases that overlap under two names, or "
        f"an attribute mapped to {rule.what} that is not unique.",
        subjects=names,
    )
    return Doubles(finding, tuple(key for _, key in entries))
