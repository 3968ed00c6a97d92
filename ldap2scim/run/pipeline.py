"""The phases one after the other, as the command runs them. The flow runs the same ones as tasks."""

from datetime import datetime

from ldap2scim.errors import Ldap2ScimError
from ldap2scim.planning.approvals import Release
from ldap2scim.planning.plan import Plan
from ldap2scim.progress import Progress
from ldap2scim.run.believe import Believed, believe
from ldap2scim.run.carry_out import admit, decide_exactly, release
from ldap2scim.run.context import Mode, Run, open_run
from ldap2scim.run.decide import Decision, decide
from ldap2scim.run.extract import Unread, extract
from ldap2scim.run.idle import idle
from ldap2scim.run.kept_plans import keep_plan
from ldap2scim.run.last_look import forget_look, touches_others
from ldap2scim.run.load import Loader, batches
from ldap2scim.run.mapping import MappedCount, map_entries
from ldap2scim.run.reading import Read
from ldap2scim.run.recovery import rebuild_snapshot
from ldap2scim.run.report import Report, report
from ldap2scim.run.settings_changed import remember_settings
from ldap2scim.run.settle import settle_doubts
from ldap2scim.run.survey import Survey, survey
from ldap2scim.run.waiting_orphans import remember_waiting
from ldap2scim.settings import Settings
from ldap2scim.state import approvals
from ldap2scim.state.adoption import open_adoption
from ldap2scim.state.places import forget_places


def synchronise(
    settings: Settings, mode: Mode, *, progress: Progress | None = None, now: datetime | None = None
) -> Report:
    """Read, compare, and in `Mode.APPLY` bring the service in step.

    Raises:
        Ldap2ScimError: nothing could be decided; the service and the snapshot are as they were.
    """
    with open_run(settings, mode, progress=progress, now=now) as run:
        return _synchronise(run)


def plan_to_keep(settings: Settings, *, progress: Progress | None = None, now: datetime | None = None) -> Report:
    """Read and compare as `synchronise` does in `Mode.PLAN`, and keep the plan by its id, whatever is in it.

    Raises:
        Ldap2ScimError: nothing could be decided; the service and the snapshot are as they were.
    """
    with open_run(settings, Mode.PLAN, progress=progress, now=now) as run:
        said = _synchronise(run)
        if said.plan is not None:
            keep_plan(run, said.plan)
        return said


def _synchronise(run: Run) -> Report:
    reads, mapped = look(run)
    if (said := idle(run, reads, mapped)) is not None:
        return said
    believed = believe(run, reads)
    decision = None if believed.stops else decide(run, believed)
    return conclude(run, reads, believed, decision)


def recover(settings: Settings, mode: Mode, *, progress: Progress | None = None, now: datetime | None = None) -> Report:
    """Read both sides in full, rebuild the snapshot in `Mode.APPLY`, and go on as `synchronise` does.

    Raises:
        Ldap2ScimError: nothing could be decided; the service and the snapshot are as they were.
    """
    with open_run(settings, mode, progress=progress, now=now) as run:
        forget_places(run.lease)
        reads, _ = look(run)
        believed = believe(run, reads)
        decision = None
        if not believed.stops:
            surveyed = survey(run, believed)
            rebuild(run, surveyed)
            decision = decide(run, believed, surveyed)
        return conclude(run, reads, believed, decision)


def carry_out(  # noqa: PLR0913 - as of `synchronise`, with the plan and what was decided about it
    settings: Settings,
    plan: Plan,
    decision: Release | None = None,
    mode: Mode = Mode.APPLY,
    *,
    progress: Progress | None = None,
    now: datetime | None = None,
) -> Report:
    """Read, compare, and carry out what still stands of a plan, and nothing else.

    Args:
        settings: of the administrator; the same as those that the plan was made under.
        plan: that somebody has seen.
        decision: releases what the plan holds; None: what was approved by its id before is released, and no more.
        mode: `Mode.PLAN` says what still stands, and changes nothing.
        progress: who is told how far it has come.
        now: the time of evaluation; None: the present.

    Raises:
        PlanRefused: other settings, another version, or an approval that was used before; nothing was done.
        Ldap2ScimError: nothing could be decided; the service and the snapshot are as they were.
    """
    admit(settings, plan)
    with open_run(settings, mode, progress=progress, now=now) as run:
        release(run, plan, decision)
        reads, _ = look(run)
        believed = believe(run, reads)
        exactly = None if believed.stops else decide_exactly(run, believed, plan)
        return conclude(run, reads, believed, exactly)


def look(run: Run) -> tuple[tuple[Read | Unread, ...], MappedCount]:
    """Settle doubts, read every directory, and map what changed.

    Raises:
        DirectoryError: no directory could be read.
    """
    settle(run)
    reads = extract(run)
    require_one(reads)
    return reads, map_entries(run, reads)


def settle(run: Run) -> None:
    """Ask the service about what is in doubt, where the run may write down the answer."""
    if run.mode is Mode.APPLY:
        settle_doubts(run)


def require_one(reads: tuple[Read | Unread, ...]) -> None:
    """Go on only where at least one directory was read.

    Raises:
        DirectoryError: that of the first directory.
    """
    failures = [one.error for one in reads if isinstance(one, Unread)]
    if len(failures) == len(reads):
        first: Ldap2ScimError = failures[0]
        raise first


def rebuild(run: Run, surveyed: Survey) -> None:
    """Switch to the surveyed snapshot, where the run may."""
    if run.mode is Mode.APPLY:
        rebuild_snapshot(run, surveyed)


def conclude(run: Run, reads: tuple[Read | Unread, ...], believed: Believed, decision: Decision | None) -> Report:
    """Load, where the run may, and report."""
    loader = None
    if decision is not None and run.mode is Mode.APPLY:
        loader = start_load(run, decision)
        run.progress.begin("applying", len(decision.plan.operations))
        for batch in batches(loader.operations):
            loader.apply(batch)
        loader.finish()
        run.progress.end()
    return report(run, reads, believed, decision, loader)


def start_load(run: Run, decision: Decision) -> Loader:
    """Use up every approval, whether or not the plan rests on it, and return what carries the plan out.

    An approval is for the next run, once: one that was kept would release what nobody looked at, weeks later. What
    was decided for this run alone is written down here and not before: a run that does not come so far leaves none.

    Raises:
        PlanError: an approval was used by another run meanwhile.
    """
    approvals.use(run.lease, run.approved, run.run_id, run.given)
    remember_settings(run, surveyed=decision.surveyed is not None)
    if touches_others(decision.plan.operations):
        forget_look(run)  # before anything is sent: a run that is killed has touched them as well
    if decision.surveyed is not None:
        open_adoption(run.lease)
        remember_waiting(run, decision.plan)
    return Loader(run, decision.plan, decision.surveyed, decision.pilot)
