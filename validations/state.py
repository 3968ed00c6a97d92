"""What is checked of a state as a whole: totals, and names that must not come twice. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

from ldap2scim.findings import Finding, Severity
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.policy import SafetyPolicy
from ldap2scim.planning.states import ReadState
from ldap2scim.state.image_rows import Duplicate
from validations.duplicates import Doubles, duplicates

LONGEST_BLOCK = timedelta(days=1)
"""How long an entry without any key may block the removals of its kind before a person is called."""


@dataclass(frozen=True, slots=True)
class ReadFact:
    """How many entries of one kind one directory gave, now and when it was last believed."""

    directory: str
    resource_type: ResourceType
    entries: int
    believed_before: int | None
    """None: never yet."""
    server: str


@dataclass(frozen=True, slots=True, eq=False)
class StateFacts:
    """The state that is to be believed, or not."""

    users: pd.DataFrame
    groups: pd.DataFrame
    """Columns key, fingerprint, external_id, login, dn, email, active; an absent text is `planning.frames.ABSENT`."""
    reads: tuple[ReadFact, ...]
    duplicates: tuple[Duplicate, ...]
    """Source anchors that a second entry of one read has too."""
    keyless_since: Mapping[tuple[str, ResourceType], datetime]
    """Since when entries without any readable source anchor block removals, by directory and kind."""
    now: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found, who is held, and what the reads are worth."""

    findings: tuple[Finding, ...]
    holds: frozenset[Key]
    short: frozenset[tuple[str, ResourceType]]

    def state_of(self, fact: ReadFact) -> ReadState:
        """Return what one read is worth."""
        return ReadState.SHORT if (fact.directory, fact.resource_type) in self.short else ReadState.PROVEN


def check_state(facts: StateFacts, policy: SafetyPolicy) -> Verdict:
    """Check a state as a whole."""
    doubles = tuple(_all_duplicates(facts))
    anchors = tuple(_duplicate_anchors(facts.duplicates))
    short = [fact for fact in facts.reads if is_short(fact, policy)]
    findings = (
        *(found for fact in facts.reads for found in _totals(fact, policy)),
        *(found.finding for found in doubles),
        *anchors,
        *_blocks(facts),
    )
    held = frozenset(key for found in doubles for key in found.keys) | {one.key for one in facts.duplicates}
    return Verdict(findings, held, frozenset((fact.directory, fact.resource_type) for fact in short))


def is_short(fact: ReadFact, policy: SafetyPolicy) -> bool:
    """Say whether a read is visibly smaller than the last one that was believed (DESIGN §6)."""
    before = fact.believed_before
    return before is not None and fact.entries < before * policy.short_read_percent / 100


def _totals(fact: ReadFact, policy: SafetyPolicy) -> Iterable[Finding]:
    kind = f"{fact.resource_type.value.lower()}s"
    if fact.entries == 0 and fact.resource_type is ResourceType.USER:
        yield Finding(
            rule="empty-read",
            severity=Severity.STOP,
            message=f"Directory {fact.directory} ({fact.server}) answered with no user at all.",
            remedy="Check base DN and user filter, and that the bind user may read the people; "
            "`ldapsearch` with the command in the log shows the same answer.",
            subjects=(fact.directory,),
        )
    elif is_short(fact, policy):
        yield Finding(
            rule="short-read",
            severity=Severity.HOLD,
            message=f"Directory {fact.directory} ({fact.server}) gave {fact.entries} {kind}; the last read that was "
            f"believed gave {fact.believed_before}. Below {policy.short_read_percent:g} % nobody is removed.",
            remedy="Look for a change of rights, filter or base DN. If they have really gone, approve the plan's id.",
            subjects=(fact.directory,),
        )


def _all_duplicates(facts: StateFacts) -> Iterable[Doubles]:
    users, groups = facts.users, facts.groups
    yield from duplicates(groups, "login", "duplicate-group-name", "group name")
    yield from duplicates(users, "login", "duplicate-login", "login")
    yield from duplicates(users, "external_id", "duplicate-external-id", "externalId")
    yield from duplicates(groups, "external_id", "duplicate-external-id", "externalId")


def _duplicate_anchors(found: Iterable[Duplicate]) -> Iterable[Finding]:
    for one in found:
        yield Finding(
            rule="duplicate-source-anchor",
            severity=Severity.HOLD,
            message=f"{one.dn} has the same source anchor as {one.other_dn}; both are left alone.",
            remedy="Choose a source anchor that is unique in the directory, such as entryUUID or objectGUID.",
            subjects=(one.dn, one.other_dn),
        )


def _blocks(facts: StateFacts) -> Iterable[Finding]:
    for (directory, kind), since in facts.keyless_since.items():
        long = facts.now - since > LONGEST_BLOCK
        yield Finding(
            rule="removals-blocked",
            severity=Severity.STOP if long else Severity.NOTE,
            message=f"Since {since:%Y-%m-%d %H:%M} UTC an entry among the {kind.value.lower()}s of directory "
            f"{directory} has no readable source anchor, so that nobody of them can be removed.",
            remedy="Mend the entry that the findings name, or take it out of the filter.",
            subjects=(directory,),
        )
