"""The synchronisation as a flow: the phases of a run, in their order."""

from typing import Any, Literal

from prefect import State, flow

from tasks.ad_hoc import run_ad_hoc
from tasks.believe import map_entries, stopped, validate
from tasks.decide import decide
from tasks.ending import ending
from tasks.extract import extract
from tasks.load import load, settle
from tasks.opening import opened
from tasks.report import report, report_if_idle


@flow(name="ldap2scim-sync", persist_result=False)
def sync(config: str = "ldap2scim.yml", mode: Literal["plan", "apply"] = "plan") -> State[Any]:
    """Read the directories, compare with what the service has, and bring the service in step.

    Args:
        config: The settings file, as the worker sees it; ldap2scim.yml, or the config.yml of IIJ Directory Sync.
        mode: plan looks and decides, and changes nothing; apply carries the plan out.
    """
    with ending() as end, opened(config, mode) as run:
        settle(run)
        reads = extract(run)
        mapped = map_entries(run, reads)
        said = report_if_idle(run, reads, mapped)
        if said is None:
            believed = validate(run, reads)
            decision = None if stopped(believed) else decide(run, believed)
            loader = load(run, decision)
            said = report(run, reads, believed, decision, loader)
        end.report = said.value
    return end.state


if __name__ == "__main__":
    raise SystemExit(run_ad_hoc(sync))
