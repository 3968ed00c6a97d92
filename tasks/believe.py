"""Maps what was read, and asks whether it may be believed."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from ldap2scim.run import believe as phase
from ldap2scim.run import mapping
from ldap2scim.run.believe import Believed, Sums
from ldap2scim.run.context import Run
from ldap2scim.run.mapping import MappedCount
from tasks.carried import Carried
from tasks.extract import Reads


@task(cache_policy=NO_CACHE, persist_result=False)
def map_entries(run: Run, reads: Reads) -> Carried[MappedCount]:
    """Turn entries that changed into desired resources, or hold them."""
    return Carried(mapping.map_entries(run, reads.value))


@task(cache_policy=NO_CACHE, persist_result=False)
def validate(run: Run, reads: Reads) -> Carried[Believed]:
    """Look at the desired state as a whole."""
    return Carried(phase.believe(run, reads.value))


def stopped(believed: Carried[Believed]) -> bool:
    """Say whether a finding forbids to decide anything."""
    return bool(believed.value.stops)


def summed_up(believed: Carried[Believed]) -> Carried[Sums]:
    """Return what the report needs, and let go of the rest: everything that there was to decide is decided."""
    sums = believed.value.sums
    believed.let_go()
    return Carried(sums)
