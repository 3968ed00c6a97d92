"""Drift as a flow: both sides are read, and which of them moved is said. Nothing is changed."""

from typing import Annotated, Any

from prefect import State, flow
from pydantic import Field

from tasks.ad_hoc import run_ad_hoc
from tasks.believe import believe, map_entries, stopped
from tasks.decide import survey
from tasks.drift import compare, compare_sample, refuse
from tasks.ending import ending
from tasks.extract import extract
from tasks.opening import opened


@flow(name="ldap2scim-drift", persist_result=False)
def drift(config: str = "ldap2scim.yml", sample: Annotated[int, Field(ge=1)] | None = None) -> State[Any]:
    """Read the directories and the service, and say what differs and which side moved.

    Args:
        config: The settings file, as the worker sees it; ldap2scim.yml, or the config.yml of IIJ Directory Sync.
        sample: how many of the resources that we manage are read, others each day; left empty, the whole service is.
    """
    with ending() as end, opened(config, "plan") as run:
        reads = extract(run)
        map_entries(run, reads)
        believed = believe(run, reads)
        if stopped(believed):
            found = refuse(run)
        elif sample is None:
            found = compare(run, reads, believed, survey(run, believed))
        else:
            found = compare_sample(run, reads, believed, sample)
        end.drift = found.value
    return end.state


if __name__ == "__main__":
    raise SystemExit(run_ad_hoc(drift))
