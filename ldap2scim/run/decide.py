"""Decide: what is known is compared with what is desired, and the differences become a judged plan."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from ldap2scim import __version__
from ldap2scim.findings import Finding, Severity
from ldap2scim.model import Key, ResourceType, Scope, scope_of
from ldap2scim.planning.approvals import Approval, Refused
from ldap2scim.planning.diff import diff
from ldap2scim.planning.frames import KNOWN_COLUMNS, empty_known
from ldap2scim.planning.linking import LINKING_ID, Behind
from ldap2scim.planning.operations import HeldOperation
from ldap2scim.planning.plan import Plan, make_plan
from ldap2scim.planning.proposals import Difference, with_last_dns
from ldap2scim.planning.safety import Judged, Population, judge
from ldap2scim.planning.states import DesiredState, Edges, EssenceLookup, Holds, KnownState
from ldap2scim.run.believe import Believed
from ldap2scim.run.context import Mode, Run
from ldap2scim.run.expired import expired_approvals
from ldap2scim.run.likely_ours import leaving_of
from ldap2scim.run.memory import give_back
from ldap2scim.run.orphans import held_orphans
from ldap2scim.run.pilot import pilot_members
from ldap2scim.run.recovery import rebuild_snapshot
from ldap2scim.run.returns import hold_returns
from ldap2scim.run.scrutiny import scrutinise
from ldap2scim.run.settings_changed import changes_of_settings
from ldap2scim.run.settle import in_doubt
from ldap2scim.run.survey import Survey, survey
from ldap2scim.run.unresolved import hold_losses, look_up_unresolved, moved_note, with_members
from ldap2scim.run.waiting_orphans import reminder
from ldap2scim.scim.profiles import by_name
from ldap2scim.settings import digests
from ldap2scim.state.adoption import is_adoption_open
from ldap2scim.state.population import StatePlaces
from ldap2scim.state.snapshot_rows import Status

DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """A judged plan, with what its report needs."""

    plan: Plan
    difference: Difference
    managed_before: Mapping[Scope, int]
    surveyed: Survey | None
    """The full read of the service that it was decided from, where there was one."""
    held_entries: Mapping[Scope, int]
    """Entries held by findings: of validation, and of what was found at the service."""
    outside: tuple[HeldOperation, ...] | None = None
    """Where a given plan is carried out: what differs and is left alone by that. None: the plan is all that differs."""
    pilot: frozenset[Key] = frozenset()
    """Whose operations go first, where a pilot group is named."""

    @property
    def waiting(self) -> tuple[HeldOperation, ...]:
        """Return everything that differs and is not carried out by this run."""
        return self.plan.held if self.outside is None else self.outside

    @property
    def in_step(self) -> bool:
        """Say whether nothing differs."""
        return not self.plan.operations and not self.waiting


@dataclass(frozen=True, slots=True)
class Essences:
    """Essences by key, from the image and from what is known."""

    run: Run
    seen: Mapping[Key, str] | None
    """What the service holds, where it was surveyed."""

    def desired(self, keys: Sequence[Key]) -> Mapping[Key, str]:
        """Return the essence of each desired entry."""
        return self.run.state.image.essences(keys)

    def known(self, keys: Sequence[Key]) -> Mapping[Key, str]:
        """Return the essence of each resource of the service."""
        if self.seen is None:
            return self.run.state.snapshot.essences(keys)
        return {key: self.seen[key] for key in keys if key in self.seen}


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What differs, before it is judged."""

    difference: Difference
    holds: Holds


def decide(run: Run, believed: Believed, surveyed: Survey | None = None) -> Decision:
    """Compare, judge and plan. Where the snapshot does not say what is there, the service is read first.

    Raises:
        ServiceError: the service has to be read and cannot be.
        DataError: what was read contradicts itself.
    """
    surveyed = survey_to_use(run, believed, surveyed)
    run.note(*changes_of_settings(run, surveyed=surveyed is not None))
    run.progress.begin("comparing")
    run.store.rest()
    handled = len(believed.desired.users) + len(believed.desired.groups) + sum(run.state.snapshot.counts().values())
    give_back(handled)
    compared = compare(run, believed, surveyed)
    give_back(handled)
    decision = plan_of(run, believed, compared, surveyed)
    run.note(*expired_approvals(run, decision.plan))
    run.note(*(reminder(run, decision.plan) if surveyed is None else ()))
    run.progress.end()
    return decision


def plan_of(run: Run, believed: Believed, compared: Comparison, surveyed: Survey | None) -> Decision:
    """Judge what differs, and make the plan of it."""
    difference = compared.difference
    # A dry run does not rebuild the snapshot from what it saw.
    as_seen = surveyed if run.mode is Mode.PLAN else None
    managed = as_seen.managed if as_seen is not None else run.state.snapshot.managed()
    run.note(*difference.findings)
    judged = judged_by(run, difference, frozenset(one.approval for one in run.approved))
    run.note(*(_refused(one) for one in judged.refused))
    plan = make_plan(
        judged.flowing,
        judged.held,
        evaluated_at=run.now,
        settings_digest=run.settings_digest,
        program=__version__,
        settings=digests(run.settings),
    )
    held = held_entries(believed, compared.holds)
    return Decision(plan, difference, managed, surveyed, held, pilot=pilot_members(run, believed))


def survey_to_use(run: Run, believed: Believed, surveyed: Survey | None) -> Survey | None:
    """Return the survey that was taken, or one that is needed now, and note what it found."""
    if surveyed is None:
        surveyed = _survey_where_needed(run, believed)
    if surveyed is not None:
        run.note(*surveyed.findings)
    return surveyed


def _survey_where_needed(run: Run, believed: Believed) -> Survey | None:
    """Read the service in a first run, and while something is left to adopt: as recover does."""
    known = bool(run.state.snapshot.counts())
    if known and not is_adoption_open(run.store):
        return None
    surveyed = survey(run, believed)
    if known and run.mode is Mode.APPLY:
        rebuild_snapshot(run, surveyed)
    return surveyed


def compare(run: Run, believed: Believed, surveyed: Survey | None) -> Comparison:
    """Say what differs between the desired state and the snapshot, or the survey where there is one.

    Where a group would lose members, names that nobody of the image has are looked up in the directory. Orphans are
    held, and those of an earlier plan asked for that a person has released.

    Raises:
        ServiceError: the service has to be asked and cannot be.
    """
    compared = compare_as_read(run, believed, surveyed)
    looked_up = look_up_unresolved(run, believed, compared.difference)
    if looked_up.members:
        run.note(moved_note(looked_up.members))
        compared = compare_as_read(run, with_members(believed, looked_up.members), surveyed)
    difference = hold_losses(compared.difference, looked_up.doubtful)
    difference = hold_returns(run, believed, difference, run.now - DAY)
    orphans = (one for one in held_orphans(run, believed, surveyed) if one.operation.key not in compared.holds.keys)
    return Comparison(replace(difference, held=(*difference.held, *orphans)), compared.holds)


def compare_as_read(run: Run, believed: Believed, surveyed: Survey | None) -> Comparison:
    """Say what differs, as far as the state alone tells; no directory is asked."""
    keys = believed.holds.keys | in_doubt(run)
    if surveyed is not None:
        keys |= surveyed.holds
    holds = Holds(keys, believed.holds.blocked)
    known = known_state(run, surveyed)
    essences = Essences(run, surveyed.essences if surveyed is not None else None)
    return difference_between(run, believed.desired, known, holds, essences)


def difference_between(
    run: Run, desired: DesiredState, known: KnownState, holds: Holds, essences: EssenceLookup
) -> Comparison:
    """Compare what is desired, wherever it comes from, with what is known."""
    known = replace(known, behind=_behind(run))
    places = _places(run)
    difference = with_last_dns(diff(desired, known, holds, essences, leaving_of(run)), places.dns)
    return Comparison(scrutinise(run.settings, difference, desired, known, places), holds)


def _behind(run: Run) -> Behind:
    """Say what is behind the service: one that has application-linking IDs hands its users on by them."""
    placed = by_name(run.settings.service.profile).placements.get(ResourceType.USER, {})
    return Behind.MICROSOFT_365 if LINKING_ID in placed else Behind.UNKNOWN


def _refused(one: Refused) -> Finding:
    return Finding(
        rule="approval-refused",
        severity=Severity.NOTE,
        message=f"An approval to {one.approval.verb} {one.approval.key} covers nothing any more: {one.why}",
        remedy="Look at the new plan, and approve that one if it is right.",
    )


def known_state(run: Run, surveyed: Survey | None) -> KnownState:
    """Return what the service is known to have: as surveyed, or else as it last confirmed."""
    if surveyed is not None:
        return surveyed.known
    snapshot = run.state.snapshot
    frames = {kind: snapshot.known_frame(kind)[list(KNOWN_COLUMNS)] for kind in ResourceType}
    if not run.settings.synchronises_groups:
        # The pair of filters says that no group is ours, so those of earlier settings are nobody's leavers either.
        return KnownState(frames[ResourceType.USER], empty_known(), Edges.of(()))
    members = snapshot.memberships()
    edges = Edges(members["group"].array, members["member"].array)
    return KnownState(frames[ResourceType.USER], frames[ResourceType.GROUP], edges)


def judged_by(run: Run, difference: Difference, approvals: frozenset[Approval]) -> Judged:
    """Apply the safety policy, as far as no approval releases."""
    counts = run.state.snapshot.counts()
    population = Population(
        managed_users=counts.get((ResourceType.USER, Status.MANAGED), 0),
        managed_groups=counts.get((ResourceType.GROUP, Status.MANAGED), 0),
        members=difference.known_members,
        places=_places(run),
    )
    recent = run.state.journal.recent_removals(run.now - DAY)
    return judge(difference, population, run.settings.safety, recent, approvals)


def _places(run: Run) -> StatePlaces:
    return StatePlaces(run.store, run.settings.safety.by.department_attribute, run.now - DAY)


def held_entries(believed: Believed, holds: Holds) -> Mapping[Scope, int]:
    """Count entries of the image that are held: by the mapping, and those of the desired frames by their key."""
    desired = believed.desired
    held = Counter(believed.held_by_mapping)
    for kind, frame in ((ResourceType.USER, desired.users), (ResourceType.GROUP, desired.groups)):
        keys = frame["key"][frame["key"].isin(list(holds.keys))]
        held.update(scope_of(Key(key), kind) for key in keys)
    return held
