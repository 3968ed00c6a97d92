"""Says how the service differs from the directory, and publishes it."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from ldap2scim.errors import Ldap2ScimError
from ldap2scim.run import drift as phase
from ldap2scim.run.believe import Believed
from ldap2scim.run.context import Run
from ldap2scim.run.drift import Drift
from ldap2scim.run.drift_sample import sample_of
from ldap2scim.run.drift_since import look_to_go_on_from, since
from ldap2scim.run.survey import Survey
from tasks.artifacts import publish_drift
from tasks.carried import Carried
from tasks.extract import Reads
from tasks.retries import JITTER, PAUSES, may_help
from tasks.token_event import announce_token


@task(cache_policy=NO_CACHE, persist_result=False)
def compare(run: Run, reads: Reads, believed: Carried[Believed], surveyed: Carried[Survey]) -> Carried[Drift]:
    """Hold the whole service beside the directory."""
    return _published(run, phase.drift_of(run, reads.value, believed.value, surveyed.value))


@task(
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=len(PAUSES),
    retry_delay_seconds=PAUSES,
    retry_jitter_factor=JITTER,
    retry_condition_fn=may_help,
)
def compare_sample(run: Run, reads: Reads, believed: Carried[Believed], count: int) -> Carried[Drift]:
    """Read some resources of the service, and hold them beside the directory."""
    return _published(run, sample_of(run, reads.value, believed.value, count))


@task(
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=len(PAUSES),
    retry_delay_seconds=PAUSES,
    retry_jitter_factor=JITTER,
    retry_condition_fn=may_help,
)
def compare_since(run: Run, reads: Reads, believed: Carried[Believed]) -> Carried[Drift]:
    """Read what the service changed since it was last found as it was left, and hold it beside the directory."""
    return _published(run, since(run, reads.value, believed.value, look_to_go_on_from(run)))


def one_way(run: Run, *, sample: int | None, since_last: bool) -> None:
    """See that one way to look is asked for, and that it can be gone, before anything is read.

    Raises:
        Ldap2ScimError: two are.
        StateError: there is no look to go on from.
    """
    if since_last and sample is not None:
        raise Ldap2ScimError("`sample` and `since_last` are two ways to look at the service.", "Give one of them.")
    if since_last:
        look_to_go_on_from(run)


@task(cache_policy=NO_CACHE, persist_result=False)
def refuse(run: Run) -> Carried[Drift]:
    """Say why nothing is said of the service."""
    return _published(run, phase.refused(run))


def _published(run: Run, found: Drift) -> Carried[Drift]:
    publish_drift(found)
    announce_token(run)
    return Carried(found)
