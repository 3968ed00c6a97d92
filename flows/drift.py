"""Drift as a flow: both sides are read, and which of them moved is said. Nothing is changed."""

from typing import Annotated, Any

from prefect import State, flow
from pydantic import Field

from tasks.ad_hoc import run_ad_hoc
from tasks.believe import map_entries, stopped, validate
from tasks.decide import survey
from tasks.drift import compare, compare_sample, compare_since, one_way, refuse
from tasks.ending import ending
from tasks.extract import extract
from tasks.load import settle
from tasks.opening import opened


@flow(name="ldap2scim-drift", persist_result=False)
def drift(
    config: str = "ldap2scim.yml", sample: Annotated[int, Field(ge=1)] | None = None, since_last: bool = False
) -> State[Any]:
    """Read the directories and the service, and say what differs and which side moved.

    Args:
        config: The settings file, as the worker sees it; ldap2scim.yml, or the config.yml of IIJ Directory Sync.
        sample: how many of the resources that we manage are read, others each day; left empty, the whole service is.
        since_last: what the service changed since it was last found as it was left is read; goes with no sample.
    """
    with ending() as end, opened(config, "plan") as run:
        one_way(run, sample=sample, since_last=since_last)
        settle(run)
        reads = extract(run)
        map_entries(run, reads)
        believed = validate(run, reads)
        if stopped(believed):
            found = refuse(run)
        elif since_last:
            found = compare_since(run, reads, believed)
        elif sample is not None:
            found = compare_sample(run, reads, believed, sample)
        else:
            found = compare(run, reads, believed, survey(run, believed))
        end.drift = found.value
    return end.state


if __name__ == "__main__":
    raise SystemExit(run_ad_hoc(drift))
