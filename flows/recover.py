"""Recovery as a flow: the snapshot is rebuilt from the service, and the run goes on as a synchronisation does."""

from typing import Any, Literal

from prefect import State, flow

from tasks.ad_hoc import run_ad_hoc
from tasks.believe import map_entries, stopped, summed_up, validate
from tasks.decide import decide, rebuild, survey
from tasks.describe import describing, take_in
from tasks.ending import ending
from tasks.extract import extract, read_in_full
from tasks.load import load, settle_doubts
from tasks.opening import opened
from tasks.report import report


@flow(name="ldap2scim-recover", persist_result=False)
def recover(config: str = "ldap2scim.yml", mode: Literal["plan", "apply"] = "plan") -> State[Any]:
    """Read both sides in full, rebuild what is known of the service, show the drift, and bring the service in step.

    Args:
        config: The settings file, as the worker sees it; ldap2scim.yml, or the config.yml of IIJ Directory Sync.
        mode: plan looks and decides, and changes nothing; apply rebuilds the snapshot and carries the plan out.
    """
    with ending() as end, opened(config, mode) as run:
        settle_doubts(run)
        read_in_full(run)
        reads = extract(run)
        map_entries(run, reads)
        believed = validate(run, reads)
        described = describing(run, believed)
        decision = None
        if not stopped(believed):
            surveyed = survey(run, believed)
            rebuild(run, surveyed)
            decision = decide(run, believed, surveyed)
        sums = summed_up(believed)
        loader = load(run, decision)
        take_in(run, described)
        end.report = report(run, reads, sums, decision, loader).value
    return end.state


if __name__ == "__main__":
    raise SystemExit(run_ad_hoc(recover))
