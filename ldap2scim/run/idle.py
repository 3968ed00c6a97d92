"""Has nothing happened since a run that found all in step? Then this one comes to the same end, and is over.

The same image, mapping, snapshot, settings and program give the same decision, where it rested on nothing else
(`report._holds_on`), so it is not made again that day. A run by changes that met none costs the same for a hundred
people and for a million; a full read that found everything as it was is over with its read.
"""

from collections import Counter
from collections.abc import Mapping

from ldap2scim import __version__
from ldap2scim.findings import Finding, stops
from ldap2scim.model import ResourceType, Scope
from ldap2scim.planning.accounts import Accounts, Counted
from ldap2scim.planning.plan import Plan, make_plan
from ldap2scim.run.access import TOKEN_RULES, look_at_token
from ldap2scim.run.context import Mode, Run
from ldap2scim.run.extract import Unread
from ldap2scim.run.mapping import MappedCount
from ldap2scim.run.reading import Read
from ldap2scim.run.report import Report, close_run, read_line
from ldap2scim.run.settings_changed import changes_of_settings, remember_settings
from ldap2scim.run.waiting_orphans import reminder
from ldap2scim.state import newcomers
from ldap2scim.state.adoption import is_adoption_open
from ldap2scim.state.image_rows import Standing
from ldap2scim.state.runs import ProvenRead, RunRecord
from ldap2scim.state.snapshot_rows import Status

_OF_ONE_RUN = TOKEN_RULES | {
    "approval-refused",
    "changes-missed",
    "data-not-described",
    "deleted-objects-not-visible",
    "done-already",
    "mail-in-doubt",
    "mail-not-sent",
    "mail-server-away",
    "edited-at-the-service",
    "gone-from-the-service",
    "member-moved",
    "operation-refused",
    "orphans-waiting",
    "read-contradicts-itself",
    "referred-elsewhere",
    "server-behind",
    "settings-changed",
    "settled-in-doubt",
    "short-read",
}
"""Rules about what a run did or met, and not about the state that it left.

What is said of the token, and of orphans that wait for a person, is said anew by each run.
"""


def idle(run: Run, reads: tuple[Read | Unread, ...], mapped: MappedCount) -> Report | None:
    """Return the report of a run that has nothing to decide; None where it has to look.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the state cannot be read or written.
    """
    before = _last_in_step(run)
    if before is None or mapped.entries or not _are_believable(run, reads) or not _is_quiet(run):
        return None
    about_token = look_at_token(run)
    if stops(about_token):
        return None
    accounts = _accounts(run, before)
    if accounts is None or not accounts.balanced:
        return None
    plan = make_plan((), (), evaluated_at=run.now, settings_digest=run.settings_digest, program=__version__)
    run.note(*_findings(run, before), *about_token, *changes_of_settings(run, surveyed=False), *reminder(run, plan))
    if run.mode is Mode.APPLY:
        remember_settings(run, surveyed=False)
    said = _report(run, reads, plan, accounts)
    close_run(run, said, {one.changes.read_no for one in reads if isinstance(one, Read)}, in_step=True)
    return said


def _last_in_step(run: Run) -> RunRecord | None:
    """Return the last run before this one, if it found all in step with the same settings, program and image."""
    before = [one for one in run.state.runs.latest_runs(2) if one.run_id != run.run_id]
    return before[0] if before and before[0].in_step_with == run.in_step_with else None


def _are_believable(run: Run, reads: tuple[Read | Unread, ...]) -> bool:
    """Say whether every directory was read and nothing about its read needs to be told."""
    before = run.state.runs.last_believed_reads()
    return all(
        isinstance(one, Read)
        and not one.changes.duplicates
        and all(_is_as_good(one, kind, before.get((one.directory, kind))) for kind in ResourceType)
        for one in reads
    )


def _is_as_good(one: Read, kind: ResourceType, before: ProvenRead | None) -> bool:
    """Say whether a read shows no less than the last one that was believed, from a server that is not behind."""
    return before is not None and one.extract.counts[kind] >= before.entries and one.behind(before) is None


def _is_quiet(run: Run) -> bool:
    """Say whether nothing waits: approvals, doubts, adoptions, newcomers, entries that block removals by the clock."""
    return not (
        run.approved
        or run.state.journal.in_doubt()
        or is_adoption_open(run.store)
        or next(newcomers.waiting(run.store), None)
        or run.state.image.keyless_since()
    )


def _accounts(run: Run, before: RunRecord) -> Accounts | None:
    """Count again what can be counted; an image or snapshot that is another one does not add up."""
    # A record of an older version has totals alone, and says too little.
    rows = (before.accounts or {}).get("rows", ())
    then = {Scope(row["directory"], ResourceType(row["resource_type"])): row for row in rows}
    managed = {scope: row["service"]["managed_after"] for scope, row in then.items()}
    if not then or _by_type(managed) != _managed_now(run):
        return None
    names = {one.settings.name for one in run.settings.directories}
    counts = {name: count for name, count in run.state.image.counts().items() if name[0] in names}
    counted = {
        scope: Counted(
            in_image=sum(counts.get((*scope, standing), 0) for standing in Standing),
            out_of_scope=counts.get((*scope, Standing.OUT_OF_SCOPE), 0),
            held_entries=then[scope]["entries"]["held"] if scope in then else 0,
            unchanged=then[scope]["entries"]["unchanged"] if scope in then else 0,
            managed_before=managed.get(scope, 0),
            managed_after=managed.get(scope, 0),
        )
        for scope in {*then, *(Scope(directory, kind) for directory, kind, _ in counts)}
    }
    return Accounts.of(counted, (), ())


def _managed_now(run: Run) -> Counter[ResourceType]:
    """Count by type alone, which is quicker; nothing moves between directories without a change that was read."""
    counts = run.state.snapshot.counts()
    return Counter({kind: count for (kind, status), count in counts.items() if status is Status.MANAGED})


def _by_type(managed: Mapping[Scope, int]) -> Counter[ResourceType]:
    found: Counter[ResourceType] = Counter()
    for scope, count in managed.items():
        found[scope.resource_type] += count
    return found


def _findings(run: Run, before: RunRecord) -> tuple[Finding, ...]:
    return tuple(one for one in run.state.runs.findings(before.run_id) if one.rule not in _OF_ONE_RUN)


def _report(run: Run, reads: tuple[Read | Unread, ...], plan: Plan, accounts: Accounts) -> Report:
    return Report(
        run_id=run.run_id,
        mode=run.mode,
        plan=plan,
        outcomes=(),
        findings=tuple(dict.fromkeys(run.findings)),
        accounts=accounts,
        reads=tuple(map(read_line, reads)),
        stopped_by=None,
        failed_reads=False,
        refused_reads=False,
    )
