"""Maps what was read, and asks whether it may be believed."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from ldap2scim.findings import Finding, Severity
from ldap2scim.run import believe as phase
from ldap2scim.run import mapping
from ldap2scim.run.believe import Believed
from ldap2scim.run.context import Run
from ldap2scim.run.mapping import MappedCount
from tasks.artifacts import publish_data_docs
from tasks.carried import Carried
from tasks.extract import Reads

DATA_DOCS = "data-docs"
"""Folder beside the state file: like it, it holds what people are called."""


@task(cache_policy=NO_CACHE, persist_result=False)
def map_entries(run: Run, reads: Reads) -> Carried[MappedCount]:
    """Turn entries that changed into desired resources, or hold them."""
    return Carried(mapping.map_entries(run, reads.value))


@task(cache_policy=NO_CACHE, persist_result=False)
def validate(run: Run, reads: Reads) -> Carried[Believed]:
    """Look at the desired state as a whole, and describe it for people."""
    believed = phase.believe(run, reads.value)
    _describe(run, believed)
    return Carried(believed)


@task(cache_policy=NO_CACHE, persist_result=False)
def believe(run: Run, reads: Reads) -> Carried[Believed]:
    """Look at the desired state as a whole."""
    return Carried(phase.believe(run, reads.value))


def stopped(believed: Carried[Believed]) -> bool:
    """Say whether a finding forbids to decide anything."""
    return bool(believed.value.stops)


def _describe(run: Run, believed: Believed) -> None:
    """Let Great Expectations describe the data. It decides nothing, so its failure is a note."""
    try:
        from validations.suites import describe  # three seconds of imports that only this needs

        described = describe(believed.people, believed.groups, run.settings.folder / DATA_DOCS)
        publish_data_docs(described.index, success=described.success)
    except Exception as error:  # noqa: BLE001 - a foreign library at work on a side issue
        run.note(_not_described(error))


def _not_described(error: Exception) -> Finding:
    return Finding(
        rule="data-not-described",
        severity=Severity.NOTE,
        message=f"The data could not be described for Data Docs ({type(error).__name__}); nothing depends on it.",
        remedy="See that the folder of the state file can be written, and report it if it can.",
    )
