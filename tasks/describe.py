"""Describes the data for people, while the run goes on."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.futures import PrefectFuture

from ldap2scim.findings import Finding, Severity
from ldap2scim.run.believe import Believed
from ldap2scim.run.context import Run
from tasks.artifacts import publish_data_docs
from tasks.carried import Carried
from validations.describing import describe_apart

if TYPE_CHECKING:
    from pandas import DataFrame

DATA_DOCS: Final = "data-docs"
"""Folder beside the state file: like it, it holds what people are called."""


def describing(run: Run, believed: Carried[Believed]) -> PrefectFuture[Finding | None]:
    """Begin to describe the data, in a box of its own: the run lets go of the other before its load."""
    return describe.submit(run, Carried((believed.value.people, believed.value.groups)))


@task(cache_policy=NO_CACHE, persist_result=False)
def describe(run: Run, frames: Carried["tuple[DataFrame, DataFrame]"]) -> Finding | None:
    """Let Great Expectations describe the data. It decides nothing, so its failure is a note, for `take_in`."""
    try:
        told = describe_apart(*frames.value, run.settings.folder / DATA_DOCS)
        if told.index:
            publish_data_docs(Path(told.index), success=told.success)
    except Exception as error:  # noqa: BLE001 - foreign libraries at work on a side issue, beside a load
        return _not_described(type(error).__name__)
    finally:
        frames.let_go()
    return None if told.index else _not_described(told.error)


def take_in(run: Run, described: PrefectFuture[Finding | None]) -> None:
    """Wait for the description, and let the run say if there is none."""
    if (note := described.result()) is not None:
        run.note(note)


def _not_described(error: str) -> Finding:
    return Finding(
        rule="data-not-described",
        severity=Severity.NOTE,
        message=f"The data could not be described for Data Docs ({error}); nothing depends on it.",
        remedy="See that the folder of the state file can be written, and report it if it can.",
    )
