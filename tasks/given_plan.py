"""Carries out a plan that is kept in the state and that a person has released, instead of making a new one."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from ldap2scim.planning.plan import Plan
from ldap2scim.run import carry_out as phase
from ldap2scim.run.believe import Believed
from ldap2scim.run.context import Run
from ldap2scim.run.decide import Decision
from ldap2scim.run.kept_plans import kept_plan
from ldap2scim.run.report import Report, forecast_of
from ldap2scim.state.decisions import record_rejection
from tasks.approval import Decided
from tasks.artifacts import publish_plan
from tasks.believe import map_entries, stopped, summed_up, validate
from tasks.carried import Carried
from tasks.describe import describing, take_in
from tasks.extract import extract
from tasks.load import load, settle
from tasks.report import report
from tasks.retries import JITTER, PAUSES, may_help


def carry_out(run: Run, decided: Decided) -> Carried[Report]:
    """Release what was decided, and let of that plan flow what still stands. A rejection is written down.

    Raises:
        PlanRefused: it was rejected, was made under other settings, or was carried out before.
        PlanError: it is not kept any more.
        DirectoryError: no directory could be read.
        RunRefused: the run lost its lease.
        StateError: the state cannot be written.
    """
    if (rejected := decided.rejection) is not None:
        record_rejection(run.lease, decided.plan_id, rejected, run.run_id)
    release = decided.release
    plan = kept_plan(run.store, decided.plan_id)
    phase.admit(run.settings, plan)
    phase.release(run, plan, release)
    settle(run)
    reads = extract(run)
    map_entries(run, reads)
    believed = validate(run, reads)
    described = describing(run, believed)
    decision = None if stopped(believed) else decide_exactly(run, believed, Carried(plan))
    sums = summed_up(believed)
    loader = load(run, decision)
    take_in(run, described)
    return report(run, reads, sums, decision, loader)


@task(
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=len(PAUSES),
    retry_delay_seconds=PAUSES,
    retry_jitter_factor=JITTER,
    retry_condition_fn=may_help,
)
def decide_exactly(run: Run, believed: Carried[Believed], plan: Carried[Plan]) -> Carried[Decision]:
    """Say what of the plan still stands, refuse the rest by name, and publish it."""
    decision = phase.decide_exactly(run, believed.value, plan.value)
    publish_plan(decision.plan, forecast_of(run, decision.plan))
    return Carried(decision)
