"""What is checked of a state as a whole: totals, and names that must not come twice. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

from ldap2scim.findings import Finding, Severity
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.policy import SafetyPolicy
from ldap2scim.planning.states import ReadState
from ldap2scim.settings.composed import selects_no_ldap_group
from ldap2scim.state.image_rows import Duplicate
from validations.addresses import check_addresses
from validations.duplicates import EXTERNAL_IDS, GROUP_NAMES, LOGINS, Doubles, duplicates
from validations.groups import NO_GROUPS, GroupFacts, check_groups

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
    ldap_filter: str
    """The administrator's filter of this kind; empty: everybody of the class."""
    behind: str | None = None
    """What the server lacks that the last one knew whose read was believed, as a clause."""


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
    case_exact: frozenset[ResourceType] = frozenset()
    """Kinds whose logins or names the service compares with case."""
    unique_email: bool = False
    """Whether the service refuses an e-mail address that somebody has already."""
    writes_to_users: bool = False
    """Whether the service sends something to its users that they need."""
    membership: GroupFacts | None = None
    """Who is in which group; None: not looked at."""


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
    addresses = check_addresses(facts.users, unique=facts.unique_email, needed=facts.writes_to_users)
    groups = check_groups(facts.membership) if facts.membership is not None else NO_GROUPS
    short = [fact for fact in facts.reads if fact.behind is not None or is_short(fact, policy)]
    findings = (
        *(found for fact in facts.reads for found in _totals(fact, policy)),
        *_behind(facts.reads),
        *(found for fact in facts.reads for found in _nobody_mapped(fact, facts.users)),
        *(found.finding for found in doubles),
        *anchors,
        *addresses.findings,
        *groups.findings,
        *_blocks(facts),
    )
    held = frozenset(key for found in doubles for key in found.keys) | {one.key for one in facts.duplicates}
    held |= addresses.holds | groups.holds
    silent = facts.membership.silent if facts.membership is not None else frozenset()
    unread = {(directory, ResourceType.GROUP) for directory in silent}
    return Verdict(findings, held, frozenset(unread).union((fact.directory, fact.resource_type) for fact in short))


def is_short(fact: ReadFact, policy: SafetyPolicy) -> bool:
    """Say whether a read is visibly smaller than the last one that was believed (DESIGN §6)."""
    before = fact.believed_before
    return before is not None and fact.entries < before * policy.short_read_percent / 100


def _totals(fact: ReadFact, policy: SafetyPolicy) -> Iterable[Finding]:
    if fact.entries == 0 and fact.resource_type is ResourceType.USER:
        yield _no_users(fact)
    elif is_short(fact, policy):
        yield _short(fact, policy)
    elif fact.entries == 0 and not selects_no_ldap_group(fact.ldap_filter):
        yield Finding(
            rule="no-groups-read",
            severity=Severity.NOTE,
            message=f"Directory {fact.directory} ({fact.server}) answered with no group at all{_selected(fact)}.",
            remedy="Check base DN and group filter, and that the bind user may read the groups.",
            subjects=(fact.directory,),
        )


def _behind(reads: tuple[ReadFact, ...]) -> Iterable[Finding]:
    said = {(fact.directory, fact.server, fact.behind) for fact in reads if fact.behind is not None}
    for directory, server, lacks in sorted(said):
        yield Finding(
            rule="server-behind",
            severity=Severity.HOLD,
            message=f"{server}, which answers for directory {directory}, is behind the server that was read last: "
            f"{lacks}. Nobody of this directory is removed on its word.",
            remedy="Wait until it has caught up, or put the current server first in `addresses`. If the other one is "
            "lost for good, look at the plan and approve its id.",
            subjects=(directory,),
        )


def _no_users(fact: ReadFact) -> Finding:
    return Finding(
        rule="empty-read",
        severity=Severity.STOP,
        message=f"Directory {fact.directory} ({fact.server}) answered with no user at all{_selected(fact)}; "
        "nothing is written to the service.",
        remedy="Check base DN and user filter, and that the bind user may read the people; "
        "`ldapsearch` with the command in the log shows the same answer.",
        subjects=(fact.directory,),
    )


def _short(fact: ReadFact, policy: SafetyPolicy) -> Finding:
    kind = f"{fact.resource_type.value.lower()}s"
    return Finding(
        rule="short-read",
        severity=Severity.HOLD,
        message=f"Directory {fact.directory} ({fact.server}) gave {fact.entries} {kind}; the last read that was "
        f"believed gave {fact.believed_before}. Below {policy.short_read_percent:g} % of that none of them is removed.",
        remedy="Look for a change of the bind user's rights, of the filter or of the base DN. "
        "If they have really gone, approve the plan's id.",
        subjects=(fact.directory,),
    )


def _selected(fact: ReadFact) -> str:
    kind = fact.resource_type.value.lower()
    return f" for the {kind} filter `{fact.ldap_filter}`" if fact.ldap_filter else ""


def _nobody_mapped(fact: ReadFact, users: pd.DataFrame) -> Iterable[Finding]:
    """Say it once when every user of a directory is held; the findings of each say it of one."""
    if fact.resource_type is not ResourceType.USER or fact.entries == 0:
        return
    if not users["key"].str.startswith(f"{fact.directory}:").any():
        yield Finding(
            rule="nobody-mapped",
            severity=Severity.HOLD,
            message=f"None of the {fact.entries} users that directory {fact.directory} gave can be synchronised: "
            "each of them is held.",
            remedy="Look at the finding of one of them. An attribute that is mapped and that no entry has is "
            "misspelt, missing in this directory, or hidden from the bind user.",
            subjects=(fact.directory,),
        )


def _all_duplicates(facts: StateFacts) -> Iterable[Doubles]:
    yield from duplicates(facts.groups, GROUP_NAMES, exact=ResourceType.GROUP in facts.case_exact)
    yield from duplicates(facts.users, LOGINS, exact=ResourceType.USER in facts.case_exact)
    yield from duplicates(facts.users, EXTERNAL_IDS, exact=True)
    yield from duplicates(facts.groups, EXTERNAL_IDS, exact=True)


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
