"""Ends a run: its record, and what is published of it."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from ldap2scim.run import report as phase
from ldap2scim.run.believe import Sums
from ldap2scim.run.context import Run
from ldap2scim.run.decide import Decision
from ldap2scim.run.idle import idle
from ldap2scim.run.load import Loader
from ldap2scim.run.mapping import MappedCount
from ldap2scim.run.report import Report
from tasks.artifacts import publish_report
from tasks.carried import Carried
from tasks.extract import Reads
from tasks.token_event import announce_token


@task(cache_policy=NO_CACHE, persist_result=False)
def report(
    run: Run, reads: Reads, sums: Carried[Sums], decision: Carried[Decision] | None, loader: Loader | None
) -> Carried[Report]:
    """Close the accounts, write down how the run ended, and publish it."""
    said = phase.report(run, reads.value, sums.value, decision.value if decision is not None else None, loader)
    publish_report(said)
    announce_token(run)
    return Carried(said)


@task(cache_policy=NO_CACHE, persist_result=False)
def report_if_idle(run: Run, reads: Reads, mapped: Carried[MappedCount]) -> Carried[Report] | None:
    """Report at once where nothing has happened since a run that found all in step."""
    said = idle(run, reads.value, mapped.value)
    if said is None:
        return None
    publish_report(said)
    announce_token(run)
    return Carried(said)
