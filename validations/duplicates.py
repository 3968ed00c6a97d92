"""Values that two resources must not share, compared as a service compares them. Pure."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from ldap2scim.findings import Finding, Severity
from ldap2scim.model import Key, directory_of
from ldap2scim.planning.frames import ABSENT

MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Doubles:
    """Resources that share one value."""

    finding: Finding
    keys: tuple[Key, ...]


def folded(value: str) -> str:
    """Return a value as services compare it: without case, width and blanks at its ends (RFC 7643 §2.2, RFC 4518)."""
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())


def duplicates(frame: pd.DataFrame, column: str, rule: str, what: str) -> Iterator[Doubles]:
    """Yield a finding for each value of a column that several rows have; absent values are never equal."""
    values = frame[column]
    present = values[values != ABSENT]
    # Nearly always nothing comes twice; the exact comparison looks at candidates alone.
    folds = present.map(folded) if column != "external_id" else present
    repeated = folds[folds.duplicated(keep=False)]
    for _, rows in repeated.groupby(repeated):
        chosen = frame.loc[rows.index]
        keys = tuple(Key(str(key)) for key in chosen["key"])
        names = tuple(str(dn) for dn in chosen["dn"])
        yield Doubles(_finding(rule, what, names, keys), keys)


def _finding(rule: str, what: str, names: tuple[str, ...], keys: tuple[Key, ...]) -> Finding:
    across = len({directory_of(key) for key in keys}) > 1
    shown = "; ".join(names[:MOST_NAMED])
    return Finding(
        rule=rule,
        severity=Severity.HOLD,
        message=f"{len(names)} entries{' of several directories' if across else ''} have the same {what} once case, "
        f"width and blanks are set aside, and are left alone: {shown}.",
        remedy=f"Give each of them a {what} of its own, or take all but one out of the filter.",
        subjects=names,
    )
