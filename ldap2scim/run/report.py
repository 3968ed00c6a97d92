"""Report: the accounts, the plan, the findings, and what the run is remembered by."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from ldap2scim.errors import ReadIncomplete, ServiceError
from ldap2scim.findings import Finding, Severity
from ldap2scim.model import Key, Scope, scope_of
from ldap2scim.planning.accounts import Accounts, Counted, Outcome, Result
from ldap2scim.planning.forecast import Forecast
from ldap2scim.planning.operations import Adopt, ChangeMembers, Create, Deactivate, Delete, Restore, Update
from ldap2scim.planning.orphans import ORPHANED, is_of_an_orphan
from ldap2scim.planning.plan import Plan
from ldap2scim.planning.reasons import identity
from ldap2scim.planning.states import ReadState
from ldap2scim.run import notices
from ldap2scim.run.context import Mode, Run
from ldap2scim.run.extract import Unread
from ldap2scim.run.kept_plans import keep_plan
from ldap2scim.run.mail import write_to
from ldap2scim.run.notices import NOBODY, Welcome, newcomers_of, welcome
from ldap2scim.run.reading import Read
from ldap2scim.scim.forecast import forecast
from ldap2scim.scim.profiles import profile_of
from ldap2scim.state import runs
from ldap2scim.state.departed import forget_departed
from ldap2scim.state.held_since import note_held
from ldap2scim.state.retention import prune

if TYPE_CHECKING:
    from ldap2scim.run.believe import Sums
    from ldap2scim.run.decide import Decision
    from ldap2scim.run.load import Loader

_ABOUT_READS = frozenset({"short-read", "server-behind", "members-not-read"})
"""Rules that hold removals because of a read, until nobody waits for them any more."""


@dataclass(frozen=True, slots=True)
class ReadLine:
    """How the read of one directory went."""

    directory: str
    entries: int = 0
    """That the directory has."""
    transferred: int = 0
    """That were received to know it."""
    server: str = ""
    by_changes: str | None = None
    """The method by which changes were read; None: everything was."""
    why_full: str | None = None
    error: str | None = None

    def __str__(self) -> str:
        if self.error is not None:
            return f"Directory {self.directory} was not read: {self.error}"
        read = f"by changes ({self.by_changes}) from {self.server}"
        if not self.by_changes:
            read = f"in full from {self.server}, since {self.why_full}"
        return (
            f"Directory {self.directory}: {self.entries:,} entries, read {read}; "
            f"{self.transferred:,} entries transferred."
        )


@dataclass(frozen=True, slots=True)
class Report:
    """What a run says at its end."""

    run_id: str
    mode: Mode
    plan: Plan | None
    """None: a finding forbade to decide anything."""
    outcomes: tuple[Outcome, ...]
    findings: tuple[Finding, ...]
    accounts: Accounts | None
    reads: tuple[ReadLine, ...]
    stopped_by: str | None
    """Why the load was given up."""
    failed_reads: bool
    refused_reads: bool
    """A read did not come to its proven end."""
    welcome: Welcome = NOBODY
    """People who were created, and what they need next."""
    forecast: Forecast | None = None
    """What the plan will take, where this run does not carry it out."""
    held_since: Mapping[tuple[Key, str], datetime] = field(default_factory=dict)
    """By key and verb of each held operation: the first run of those in a row that held it."""
    gone_back: str = ""
    """Of the way back to an earlier state: what is said where nothing is left to do. No directory was read for it."""

    @property
    def failed(self) -> bool:
        """Say whether anything failed, is in doubt, or does not add up."""
        bad = any(outcome.result in {Result.FAILED, Result.IN_DOUBT} for outcome in self.outcomes)
        unbalanced = self.accounts is not None and not self.accounts.balanced
        return bad or unbalanced or self.failed_reads or self.stopped_by is not None

    @property
    def held(self) -> bool:
        """Say whether something waits for a person: an operation, an entry, a read, or the whole run."""
        waiting = any(finding.severity is not Severity.NOTE for finding in self.findings)
        return waiting or self.refused_reads or (self.plan is not None and bool(self.plan.held))

    @property
    def pending(self) -> bool:
        """Say whether there are changes that were not carried out."""
        return self.mode is Mode.PLAN and self.plan is not None and bool(self.plan.operations)

    @property
    def exit_code(self) -> int:
        """Return 1 failed, 3 held or refused, 2 pending, 0 in step; the first that holds (DESIGN §7)."""
        if self.failed:
            return 1
        if self.held:
            return 3
        return 2 if self.pending else 0


def report(
    run: Run,
    reads: tuple[Read | Unread, ...],
    believed: "Sums",
    decision: "Decision | None",
    loader: "Loader | None",
) -> Report:
    """Close the accounts and write down how the run ended.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the state cannot be written.
    """
    run.close()
    newcomers = write_to(run, newcomers_of(run)) if loader is not None else ()
    welcomed = welcome(run, newcomers)
    outcomes = tuple(loader.outcomes) if loader is not None else ()
    accounts = _accounts(run, believed, decision, loader) if decision is not None else None
    doubted = _doubted(believed, decision, outcomes, unsettled=bool(run.state.journal.in_doubt()))
    said = Report(
        run_id=run.run_id,
        mode=run.mode,
        plan=decision.plan if decision is not None else None,
        outcomes=outcomes,
        findings=tuple(dict.fromkeys(_settled(run.findings, doubted))),
        accounts=accounts,
        forecast=forecast_of(run, decision.plan) if decision is not None and run.mode is Mode.PLAN else None,
        reads=tuple(map(read_line, reads)),
        stopped_by=_stopped_by(loader.stopped_by) if loader is not None else None,
        failed_reads=any(isinstance(one, Unread) and not isinstance(one.error, ReadIncomplete) for one in reads),
        refused_reads=any(isinstance(one, Unread) and isinstance(one.error, ReadIncomplete) for one in reads),
        welcome=welcomed,
        held_since=_held_since(run, believed, decision) if reads else {},
    )
    believable = {number for scope, number in believed.read_nos.items() if scope.directory not in doubted}
    in_step = decision is not None and not doubted and _holds_on(run, reads, decision)
    if decision is not None and decision.outside is None and decision.plan.held:
        keep_plan(run, decision.plan)
    close_run(run, said, believable, in_step=in_step)
    if loader is not None:
        notices.conclude(run, newcomers)
        prune(run.lease, run.now - run.settings.history)
    return said


def _holds_on(run: Run, reads: tuple[Read | Unread, ...], decision: "Decision") -> bool:
    """Say whether nothing differs, and would differ for the next run from the same image and the same snapshot.

    What was left alone for a reason that is in neither (a doubt, an entry read twice, what a look at the service found,
    a given plan) may be over by then.
    """
    return (
        decision.in_step
        and decision.surveyed is None
        and decision.outside is None
        and bool(reads)
        and all(isinstance(one, Read) and not one.changes.duplicates for one in reads)
        and not run.state.journal.in_doubt()
    )


def _held_since(run: Run, believed: "Sums", decision: "Decision | None") -> Mapping[tuple[Key, str], datetime]:
    """Write down and return since when operations are held, and tidy up the names of who has gone."""
    if decision is None or decision.outside is not None:
        return {}
    forget_departed(run.lease)
    unread = {scope.directory for scope, state in believed.reads.items() if state is ReadState.FAILED}
    if decision.surveyed is None:
        unread.add(ORPHANED)  # nobody looked for them
    return note_held(run.lease, {identity(one.operation) for one in decision.plan.held}, run.now, unread)


def forecast_of(run: Run, plan: Plan) -> Forecast:
    """Return what carrying out the plan will take."""
    service = run.settings.service
    return forecast(plan.operations, profile_of(service), service.quota_share, service.concurrency)


def _accounts(run: Run, believed: "Sums", decision: "Decision", loader: "Loader | None") -> Accounts:
    if loader is None:
        # A forecast: as if every operation that may flow were confirmed.
        outcomes: Sequence[Outcome] = [Outcome(one, Result.APPLIED) for one in decision.plan.operations]
        managed_after = _forecast_of_managed(decision.managed_before, decision)
    else:
        outcomes, managed_after = loader.outcomes, run.state.snapshot.managed()
    parts: Mapping[str, Mapping[Scope, int]] = {
        "in_image": believed.in_image,
        "out_of_scope": believed.out_of_scope,
        "held_entries": decision.held_entries,
        "unchanged": decision.difference.unchanged,
        "managed_before": decision.managed_before,
        "managed_after": managed_after,
        "vanished": loader.vanished if loader is not None else {},
    }
    scopes = {scope for part in parts.values() for scope in part}
    counted = {scope: Counted(**{name: part.get(scope, 0) for name, part in parts.items()}) for scope in scopes}
    return Accounts.of(counted, outcomes, decision.waiting, decision.difference.taken_over)


def _forecast_of_managed(now: Mapping[Scope, int], decision: "Decision") -> Mapping[Scope, int]:
    managed = Counter(now)
    for one in decision.plan.operations:
        if is_of_an_orphan(one):
            continue
        here = scope_of(one.key, one.resource_type)
        match one:
            case Create() | Restore():
                managed[here] += 1
            case Adopt(replaces=replaced):
                managed[here] += 1
                if replaced is not None and replaced in decision.difference.taken_over:
                    managed[scope_of(replaced, one.resource_type)] -= 1
            case Delete() | Deactivate():
                managed[here] -= 1
            case Update() | ChangeMembers():
                pass
    return managed


def close_run(run: Run, said: Report, believable: set[int], *, in_step: bool) -> None:
    """Write down what a run came to.

    Args:
        run: the run.
        said: its report.
        believable: numbers of the reads that become the measure for the next.
        in_step: nothing was to be done, nothing is held, and every read is believed.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the state cannot be written.
    """
    runs.believe_reads(run.lease, believable)
    runs.record_findings(run.lease, run.run_id, said.findings)
    ended = runs.Ended(
        result=str(said.exit_code),
        accounts=asdict(said.accounts) if said.accounts is not None else {},
        plan_id=said.plan.plan_id if said.plan is not None else None,
        in_step_with=run.in_step_with if in_step else None,
    )
    runs.finish_run(run.lease, run.run_id, ended)


def _doubted(
    believed: "Sums", decision: "Decision | None", outcomes: Sequence[Outcome], *, unsettled: bool
) -> set[str]:
    """Return the directories whose reads do not become the measure for the next.

    A short one does when nobody waits because of it and everything that was to be done is done: whoever was missing
    has left, as a person confirmed. Of who is in doubt nothing is proposed: she may be missing, and nobody waits.
    """
    reads = believed.reads
    if decision is None:
        return {scope.directory for scope in reads}
    plan = decision.plan
    open_ends = (
        unsettled or len(outcomes) < len(plan.operations) or not all(outcome.result.is_done for outcome in outcomes)
    )
    waiting = {scope_of(one.operation.key, one.operation.resource_type) for one in decision.waiting}
    short = {scope for scope, state in reads.items() if state is not ReadState.PROVEN}
    return {scope.directory for scope in short if open_ends or scope in waiting}


def _settled(findings: Iterable[Finding], doubted: set[str]) -> Iterator[Finding]:
    """Yield the findings; that a read is short holds nothing any more where it is the new measure."""
    for finding in findings:
        if finding.rule in _ABOUT_READS and doubted.isdisjoint(finding.subjects):
            said = f"{finding.message} Nobody waits for that any more: this read is the measure from now on."
            yield replace(finding, severity=Severity.NOTE, message=said, remedy="Nothing needs to be done.")
        else:
            yield finding


def read_line(one: Read | Unread) -> ReadLine:
    """Say how the read of one directory went."""
    if isinstance(one, Unread):
        return ReadLine(one.directory, error=str(one.error))
    read = one.extract
    return ReadLine(
        directory=one.directory,
        entries=sum(read.counts.values()),
        transferred=read.transferred,
        server=read.completeness.server,
        by_changes=read.by_changes,
        why_full=read.why_full,
    )


def _stopped_by(error: ServiceError | None) -> str | None:
    return None if error is None else str(error)
