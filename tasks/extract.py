"""Reads the directories. Both are pure questions, so a temporary failure is tried again."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from ldap2scim.errors import is_temporary
from ldap2scim.run import extract as phase
from ldap2scim.run import pipeline
from ldap2scim.run.context import Run
from ldap2scim.run.extract import Unread
from ldap2scim.run.reading import Read
from ldap2scim.state.places import forget_places
from tasks.carried import Carried
from tasks.retries import JITTER, PAUSES, attempts_remain, may_help

Reads = Carried[tuple[Read | Unread, ...]]


@task(cache_policy=NO_CACHE, persist_result=False)
def read_in_full(run: Run) -> None:
    """Let `extract` read everything, and trust no position from which only changes would be read."""
    forget_places(run.lease)


@task(
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=len(PAUSES),
    retry_delay_seconds=PAUSES,
    retry_jitter_factor=JITTER,
    retry_condition_fn=may_help,
)
def extract(run: Run) -> Reads:
    """Bring the image of every directory up to now, to the proven end of its read.

    While attempts remain, one that is away for the moment fails the attempt; after the last, the run goes on with
    those that were read, and leaves the people and groups of the others alone.

    Raises:
        DirectoryError: no directory could be read.
    """
    reads = phase.extract(run)
    away = [one.error for one in reads if isinstance(one, Unread) and is_temporary(one.error)]
    if away and attempts_remain():
        raise away[0]
    pipeline.require_one(reads)
    return Carried(reads)
