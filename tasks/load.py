"""Carries a plan out, a task for each batch. Prefect never repeats one: the journal knows what was sent."""

from collections.abc import Sequence

from prefect import task
from prefect.cache_policies import NO_CACHE

from ldap2scim.planning.operations import Operation
from ldap2scim.run import conclusion, pipeline
from ldap2scim.run import settle as phase
from ldap2scim.run.context import Mode, Run
from ldap2scim.run.decide import Decision
from ldap2scim.run.load import Loader, batches
from tasks.artifacts import LoadBar
from tasks.carried import Carried


@task(cache_policy=NO_CACHE, persist_result=False)
def settle(run: Run) -> None:
    """See that the service is the one that the state speaks of, and ask it about what an earlier run left in doubt.

    Raises:
        StateError: the state is of another service, which a recovery alone may go on from.
    """
    pipeline.settle(run)


@task(cache_policy=NO_CACHE, persist_result=False)
def settle_doubts(run: Run) -> None:
    """Ask the service about what an earlier run left in doubt, whichever service the state speaks of."""
    phase.settle_doubts(run)


def load(run: Run, decision: Carried[Decision] | None) -> Loader | None:
    """Carry the plan out, where there is one and the run may; show how far it has come.

    Raises:
        PlanError: an approval was used by another run meanwhile.
        RunRefused: the run lost its lease.
        StateError: the state cannot be written; what was sent and not settled is in doubt.
    """
    if decision is None or run.mode is Mode.PLAN:
        return None
    loader = conclusion.start_load(run, decision.value)
    bar = LoadBar(len(loader.operations))
    for batch in batches(loader.operations):
        load_batch(loader, Carried(batch))
        bar.show(len(loader.outcomes))
    loader.finish()
    return loader


@task(cache_policy=NO_CACHE, persist_result=False)
def load_batch(loader: Loader, batch: Carried[Sequence[Operation]]) -> None:
    """Carry out up to a thousand operations, in their order."""
    loader.apply(batch.value)
