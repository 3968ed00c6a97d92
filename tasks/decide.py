"""Reads the service where that is needed, and decides what would be done."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from ldap2scim.run import conclusion
from ldap2scim.run import decide as phase
from ldap2scim.run import survey as surveying
from ldap2scim.run.believe import Believed
from ldap2scim.run.context import Run
from ldap2scim.run.decide import Decision
from ldap2scim.run.report import forecast_of
from ldap2scim.run.survey import Survey
from tasks.artifacts import publish_plan
from tasks.carried import Carried
from tasks.retries import JITTER, PAUSES, may_help


@task(
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=len(PAUSES),
    retry_delay_seconds=PAUSES,
    retry_jitter_factor=JITTER,
    retry_condition_fn=may_help,
)
def survey(run: Run, believed: Carried[Believed]) -> Carried[Survey]:
    """Read the whole service, to the proven end."""
    return Carried(surveying.survey(run, believed.value))


@task(cache_policy=NO_CACHE, persist_result=False)
def rebuild(run: Run, surveyed: Carried[Survey]) -> None:
    """Switch to the snapshot that was surveyed, where the run may."""
    conclusion.rebuild(run, surveyed.value)


@task(
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=len(PAUSES),  # a first run reads the service in here; nothing is written before it is decided
    retry_delay_seconds=PAUSES,
    retry_jitter_factor=JITTER,
    retry_condition_fn=may_help,
)
def decide(run: Run, believed: Carried[Believed], surveyed: Carried[Survey] | None = None) -> Carried[Decision]:
    """Compare, judge, and publish the plan."""
    decision = phase.decide(run, believed.value, surveyed.value if surveyed is not None else None)
    publish_plan(decision.plan, forecast_of(run, decision.plan))
    return Carried(decision)
