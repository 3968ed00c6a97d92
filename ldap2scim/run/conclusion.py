"""What follows a read: the state is believed or not, compared, planned, loaded and reported.

Apart from `pipeline`, since a run that has nothing to decide does without any of it: pandas alone is most of a second.
"""

from ldap2scim.planning.plan import Plan
from ldap2scim.run.believe import Believed, Sums, believe
from ldap2scim.run.carry_out import decide_exactly
from ldap2scim.run.context import Mode, Run
from ldap2scim.run.decide import Decision, decide
from ldap2scim.run.extract import Unread
from ldap2scim.run.last_look import forget_look, touches_others
from ldap2scim.run.load import Loader, batches
from ldap2scim.run.memory import give_back
from ldap2scim.run.reading import Read
from ldap2scim.run.recovery import rebuild_snapshot
from ldap2scim.run.report import Report, report
from ldap2scim.run.settings_changed import remember_settings
from ldap2scim.run.survey import Survey, survey
from ldap2scim.run.waiting_orphans import remember_waiting
from ldap2scim.state import approvals
from ldap2scim.state.adoption import open_adoption


def bring_in_step(run: Run, reads: tuple[Read | Unread, ...]) -> Report:
    """Decide what differs from what the service last confirmed, and carry out what may flow.

    Raises:
        Ldap2ScimError: nothing could be decided; the service and the snapshot are as they were.
    """
    return conclude(run, reads, *_decided(run, believe(run, reads)))


def recover(run: Run, reads: tuple[Read | Unread, ...]) -> Report:
    """Rebuild the snapshot from the service, and go on as `bring_in_step` does.

    Raises:
        Ldap2ScimError: as there.
    """
    return conclude(run, reads, *_decided_anew(run, believe(run, reads)))


def carry_out(run: Run, reads: tuple[Read | Unread, ...], plan: Plan) -> Report:
    """Carry out what still stands of a plan, and nothing else.

    Raises:
        Ldap2ScimError: as there.
    """
    return conclude(run, reads, *_decided_exactly(run, believe(run, reads), plan))


def _decided(run: Run, believed: Believed) -> tuple[Sums, Decision | None]:
    return believed.sums, None if believed.stops else decide(run, believed)


def _decided_anew(run: Run, believed: Believed) -> tuple[Sums, Decision | None]:
    if believed.stops:
        return believed.sums, None
    surveyed = survey(run, believed)
    rebuild(run, surveyed)
    return believed.sums, decide(run, believed, surveyed)


def _decided_exactly(run: Run, believed: Believed, plan: Plan) -> tuple[Sums, Decision | None]:
    return believed.sums, None if believed.stops else decide_exactly(run, believed, plan)


def rebuild(run: Run, surveyed: Survey) -> None:
    """Switch to the surveyed snapshot, where the run may."""
    if run.mode is Mode.APPLY:
        rebuild_snapshot(run, surveyed)


def conclude(run: Run, reads: tuple[Read | Unread, ...], believed: Sums, decision: Decision | None) -> Report:
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
    run.store.rest()
    give_back(len(decision.plan.operations))
    return Loader(run, decision.plan, decision.surveyed, decision.pilot)
