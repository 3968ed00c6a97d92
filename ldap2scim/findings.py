"""What was noticed about the data, and what follows from it. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ldap2scim.model import Key, ResourceType

MOST_SUBJECTS: Final = 100
"""Of a finding about what any number of entries share, where the names are not needed to mend it."""
MOST_NAMED: Final = 5
"""In one sentence."""


class Severity(StrEnum):
    """What a finding does to the run."""

    NOTE = "note"
    """Said, nothing else."""
    HOLD = "hold"
    """The subjects are left alone on both sides this run, their memberships included."""
    STOP = "stop"
    """This state may not be believed: nothing is written to the service."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing noticed, about named entries, with what a person can do."""

    rule: str
    """Name of the rule in kebab-case, such as `duplicate-group-name`; stable, used in docs and filters."""
    severity: Severity
    message: str
    """One sentence in the administrator's words, without attribute values that are not names of entries."""
    remedy: str
    """What to do next, in one sentence."""
    subjects: tuple[str, ...] = ()
    """DNs (or file positions) of what it is about."""


@dataclass(frozen=True, slots=True)
class Held:
    """An entry left alone this run on both sides. Never the same as an absent one."""

    key: Key | None
    """None where not even the source anchor could be read: then nobody of that directory and type may be
    removed this run, since anybody could be this one."""
    directory: str
    resource_type: ResourceType
    dn: str
    findings: tuple[Finding, ...]


def stops(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings that forbid every write."""
    return tuple(finding for finding in findings if finding.severity is Severity.STOP)


def named(names: Sequence[str], most: int = MOST_NAMED, between: str = "; ") -> str:
    """Return names for a sentence: the first ones, and how many more there are."""
    shown = between.join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
