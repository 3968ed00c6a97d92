"""The synchronisation as a flow: the phases of a run, in their order."""

from typing import Annotated, Any, Literal

from prefect import State, flow
from pydantic import Field

from ldap2scim.run.context import Run
from ldap2scim.run.report import Report
from tasks.ad_hoc import run_ad_hoc
from tasks.approval import decided, wait_for_decision
from tasks.believe import map_entries, stopped, summed_up, validate
from tasks.carried import Carried
from tasks.decide import decide
from tasks.describe import describing, take_in
from tasks.ending import ending
from tasks.extract import extract
from tasks.given_plan import carry_out
from tasks.load import load, settle
from tasks.opening import opened
from tasks.report import report, report_if_idle


@flow(name="ldap2scim-sync", persist_result=False)
def sync(
    config: str = "ldap2scim.yml",
    mode: Literal["plan", "apply"] = "plan",
    when_held: Literal["end", "wait"] = "end",
    wait_days: Annotated[int, Field(ge=1, le=90)] = 7,
) -> State[Any]:
    """Read the directories, compare with what the service has, and bring the service in step.

    Args:
        config: The settings file, as the worker sees it; ldap2scim.yml, or the config.yml of IIJ Directory Sync.
        mode: plan looks and decides, and changes nothing; apply carries the plan out.
        when_held: what an apply does where operations are held for a person. end ends it as Held; wait suspends it
            until somebody fills in the form that approves the plan, from the UI or the API.
        wait_days: after how many days a run that waits is given up; a plan is kept for 90.
    """
    with ending() as end:
        answered = decided()
        with opened(config, mode) as run:
            end.report = (carry_out(run, answered) if answered is not None else synchronise(run)).value
    if when_held == "wait" and mode == "apply" and answered is None:
        wait_for_decision(end.report, wait_days)
    return end.state


def synchronise(run: Run) -> Carried[Report]:
    """Make a plan, and carry out what of it may flow."""
    settle(run)
    reads = extract(run)
    mapped = map_entries(run, reads)
    said = report_if_idle(run, reads, mapped)
    if said is not None:
        return said
    believed = validate(run, reads)
    described = describing(run, believed)
    decision = None if stopped(believed) else decide(run, believed)
    sums = summed_up(believed)
    loader = load(run, decision)
    take_in(run, described)
    return report(run, reads, sums, decision, loader)


if __name__ == "__main__":
    raise SystemExit(run_ad_hoc(sync))
