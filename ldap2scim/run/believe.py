"""Validate: what was read and mapped is looked at whole, and everything that the decision needs is gathered."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from ldap2scim.findings import Finding, Held, Severity, stops
from ldap2scim.model import Key, ResourceType, directory_of
from ldap2scim.planning.frames import DESIRED_COLUMNS
from ldap2scim.planning.matching import count_by_directory
from ldap2scim.planning.states import DesiredState, Edges, Holds, ReadState, Scope
from ldap2scim.run.access import look_at_token
from ldap2scim.run.context import Run
from ldap2scim.run.extract import Unread
from ldap2scim.run.member_notes import member_notes
from ldap2scim.run.nesting import nested_groups
from ldap2scim.run.reading import Read
from ldap2scim.scim.profiles import profile_of
from ldap2scim.state.desired import ImageCount
from ldap2scim.state.image_rows import ReferenceKind, Standing
from ldap2scim.state.references import AMBIGUOUS, UNKNOWN, References
from ldap2scim.state.remembered import has_members
from validations.groups import GroupFacts
from validations.own_rules import NOTHING_ASKED, RuleFacts, RulesVerdict, check_rules
from validations.settings import check_settings
from validations.state import ReadFact, StateFacts, check_state


@dataclass(frozen=True, slots=True)
class Sums:
    """What a report needs of what was believed; nothing can be decided from it."""

    reads: Mapping[Scope, ReadState]
    in_image: Mapping[Scope, int]
    out_of_scope: Mapping[Scope, int]
    read_nos: Mapping[Scope, int]


@dataclass(frozen=True, slots=True, eq=False)
class Believed:
    """The desired state as far as it may be believed."""

    desired: DesiredState
    holds: Holds
    unresolved: Mapping[Key, tuple[str, ...]]
    """Group → DNs that no entry of the image has: gone, outside the filters, or moved while we read."""
    ambiguous: frozenset[Key]
    """Groups that list a name that several entries have."""
    undecided: frozenset[Key]
    """Those, and groups that list an entry which is held."""
    stops: tuple[Finding, ...]
    in_image: Mapping[Scope, int]
    out_of_scope: Mapping[Scope, int]
    held_by_mapping: Mapping[Scope, int]
    read_nos: Mapping[Scope, int]
    people: pd.DataFrame
    groups: pd.DataFrame
    """The frames that were validated, with the columns that suites describe."""
    own_rules: RulesVerdict = NOTHING_ASKED
    """What became of the administrator's own rules about the state."""
    behind: frozenset[str] = frozenset()
    """Directories whose server lacks what the last one knew whose read was believed."""

    @property
    def sums(self) -> "Sums":
        """Return what is left to know of it once it was decided from: a load takes hours, the frames are large."""
        return Sums(self.desired.reads, self.in_image, self.out_of_scope, self.read_nos)


def believe(run: Run, reads: tuple[Read | Unread, ...]) -> Believed:
    """Check settings and state, and gather what is desired, held and proven.

    Raises:
        StateError: the state cannot be read.
    """
    read = tuple(one for one in reads if isinstance(one, Read))
    directories = tuple(one.directory for one in read)
    image = run.state.image
    references = image.references(directories, nested_groups(run.settings))
    facts = _facts(run, read, references)
    verdict = check_state(facts, run.settings.safety)
    own = _own_rules(run, facts, references)
    held = [one for one in image.held() if one.directory in directories]
    notes = (*image.notes(), *member_notes(references, image))
    findings = (*check_settings(run.settings), *look_at_token(run), *verdict.findings, *own.findings, *notes)
    run.note(*findings, *(finding for one in held for finding in one.findings), *map(_unread, _failed(reads)))
    counts = {name: count for name, count in image.counts().items() if name[0] in directories}
    holds = _holds(held, verdict.holds | own.holds)
    states = {Scope(fact.directory, fact.resource_type): verdict.state_of(fact) for fact in facts.reads}
    return Believed(
        desired=DesiredState(
            users=_compared(facts.users),
            groups=_compared(facts.groups),
            members=Edges(references.memberships["group"].array, references.memberships["member"].array),
            reads=states | {scope: ReadState.FAILED for one in _failed(reads) for scope in _scopes(one.directory)},
            across=references.across,
        ),
        holds=holds,
        unresolved=_unresolved(references.unresolved, image.without_uuid()),
        ambiguous=_listing(references, AMBIGUOUS),
        undecided=_undecided(references, holds),
        stops=stops(findings),
        in_image=_by_scope(counts),
        out_of_scope=_by_scope({name: n for name, n in counts.items() if name[2] is Standing.OUT_OF_SCOPE}),
        held_by_mapping=Counter(Scope(one.directory, one.resource_type) for one in held),
        read_nos={Scope(one.directory, kind): one.changes.read_no for one in read for kind in ResourceType},
        people=facts.users,
        groups=facts.groups,
        own_rules=own,
        behind=frozenset(fact.directory for fact in facts.reads if fact.behind is not None),
    )


def _facts(run: Run, read: tuple[Read, ...], references: References) -> StateFacts:
    """Gather what the pure checks look at: the frames of the directories that were read, and what was proven."""
    directories = tuple(one.directory for one in read)
    image = run.state.image
    users, groups = (image.desired_frame(kind, directories) for kind in (ResourceType.USER, ResourceType.GROUP))
    profile = profile_of(run.settings.service)
    return StateFacts(
        users=users,
        groups=groups,
        reads=_read_facts(run, read),
        duplicates=tuple(duplicate for one in read for duplicate in one.changes.duplicates),
        # Of a directory that is not configured any more nobody can mend an entry.
        keyless_since={scope: since for scope, since in image.keyless_since().items() if scope[0] in directories},
        now=run.now,
        case_exact=profile.case_exact,
        unique_email=profile.guidance.unique_email,
        writes_to_users=profile.guidance.writes_to_users,
        membership=GroupFacts(
            groups,
            references.memberships,
            references.nesting,
            profile.guidance.most_members,
            frozenset(count_by_directory(users["key"])),
            _silent(run, groups, references),
        ),
    )


def _own_rules(run: Run, facts: StateFacts, references: References) -> RulesVerdict:
    """Ask the administrator's own rules, where there are any."""
    rules = run.settings.rules
    if not rules.state and not rules.suites:
        return NOTHING_ASKED
    asked = RuleFacts(facts.users, facts.groups, references.memberships, run.state.image.essences)
    verdict = check_rules(rules, asked)
    if not rules.suites:
        return verdict
    from validations.own_suites import check_suites  # three seconds of imports that only this needs

    return verdict.joined(check_suites(rules.suites, asked))


def _silent(run: Run, groups: pd.DataFrame, references: References) -> frozenset[str]:
    """Return the directories whose groups list nobody any more, not one of them: rather a right than a wish."""
    listing = (references.memberships["group"], references.unresolved["group"])
    return frozenset(
        name
        for name in count_by_directory(groups["key"])
        if not any(column.str.startswith(f"{name}:").any() for column in listing) and has_members(run.store, name)
    )


def _by_scope(counts: Mapping[ImageCount, int]) -> Mapping[Scope, int]:
    found: Counter[Scope] = Counter()
    for (directory, resource_type, _), count in counts.items():
        found[Scope(directory, resource_type)] += count
    return found


def _read_facts(run: Run, reads: tuple[Read, ...]) -> tuple[ReadFact, ...]:
    before = run.state.runs.last_believed_reads()
    filters = {
        (one.settings.name, kind): written
        for one in run.settings.directories
        for kind, written in (
            (ResourceType.USER, one.settings.user_filter),
            (ResourceType.GROUP, one.settings.group_filter),
        )
    }
    return tuple(
        ReadFact(
            directory=one.directory,
            resource_type=kind,
            entries=one.extract.counts[kind],
            believed_before=before[one.directory, kind].entries if (one.directory, kind) in before else None,
            server=one.extract.completeness.server,
            ldap_filter=filters[one.directory, kind],
            behind=one.behind(before.get((one.directory, kind))),
        )
        for one in reads
        for kind in ResourceType
    )


def _compared(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[list(DESIRED_COLUMNS)]


def _unresolved(frame: pd.DataFrame, without_uuid: frozenset[str]) -> Mapping[Key, tuple[str, ...]]:
    """Return the names to be asked about.

    An identity that the image does not have is nobody's of ours; only where an entry does not show its own, it may be
    that one's. A uid that nobody has is no name that could have moved.
    """
    unknown = frame[frame["reason"] == UNKNOWN]
    names = unknown[unknown["kind"] == ReferenceKind.DN.value]
    guids = unknown[(unknown["kind"] == ReferenceKind.GUID.value)]
    if without_uuid and len(guids):
        guids = guids[guids["group"].map(lambda group: directory_of(Key(group)) in without_uuid)]
        names = pd.concat([names, guids.assign(reference="<GUID=" + guids["reference"] + ">")])
    return {Key(str(group)): tuple(rows) for group, rows in names.groupby("group")["reference"]}


def _undecided(references: References, holds: Holds) -> frozenset[Key]:
    memberships = references.memberships
    holding = memberships["group"][memberships["member"].isin(list(holds.keys))]
    return _listing(references, Standing.HELD.value, AMBIGUOUS) | frozenset(map(Key, holding))


def _listing(references: References, *reasons: str) -> frozenset[Key]:
    """Return the groups with a reference that leads to no membership for one of these reasons."""
    unresolved = references.unresolved
    return frozenset(map(Key, unresolved["group"][unresolved["reason"].isin(reasons)]))


def _holds(held: list[Held], keys: frozenset[Key]) -> Holds:
    holds = Holds.of(held)
    return Holds(holds.keys | keys, holds.blocked)


def _failed(reads: tuple[Read | Unread, ...]) -> tuple[Unread, ...]:
    return tuple(one for one in reads if isinstance(one, Unread))


def _scopes(directory: str) -> tuple[Scope, ...]:
    return tuple(Scope(directory, kind) for kind in ResourceType)


def _unread(one: Unread) -> Finding:
    return Finding(
        rule="directory-not-read",
        severity=Severity.HOLD,
        message=f"Directory {one.directory} was not read; its people and groups are left alone. {one.error.message}",
        remedy=one.error.remedy,
        subjects=(one.directory,),
    )
