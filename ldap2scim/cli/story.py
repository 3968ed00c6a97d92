"""The story that the demo tells, scene by scene. Every number in it is computed; every scene is checked."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ldap2scim.findings import Finding, Severity
from ldap2scim.planning.render_plan import plan_document
from ldap2scim.planning.render_text import to_text
from ldap2scim.run import pipeline
from ldap2scim.run.context import Mode
from ldap2scim.run.drift import drift
from ldap2scim.sandbox.day import day_of_changes
from ldap2scim.sandbox.directory import EmbeddedDirectory
from ldap2scim.sandbox.service import EmbeddedService
from ldap2scim.sandbox.world import DEPARTMENTS, PEOPLE_DN
from ldap2scim.settings import Settings, load
from ldap2scim.state.access import StateReader
from ldap2scim.state.store import open_store

SHOWN = 14
"""Rows of a table that the story shows."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where it happens."""

    settings: Path
    directory: EmbeddedDirectory
    service: EmbeddedService


@dataclass(frozen=True, slots=True)
class Ran:
    """What one flow run did."""

    state: str
    seconds: float
    writes: int


def tell(stage: Stage) -> list[str]:
    """Play the scenes; return what did not go as it should."""
    print(_opening(stage))
    scenes = (_first_load, _a_day, _idle, _accident, _mended, _console_edit)
    surprises = [surprise for number, scene in enumerate(scenes, 1) for surprise in _play(stage, number, scene)]
    if not surprises:
        print(
            "\nThat is all. Everything above happened on this machine, over real sockets, and every number was counted."
        )
    return surprises


def _play(stage: Stage, number: int, scene: Callable[[Stage], Iterator[str]]) -> list[str]:
    title = (scene.__doc__ or "").strip().splitlines()[0]
    print(f"\n── {number}. {title}\n")
    return [surprise for surprise in scene(stage) if surprise]


def _opening(stage: Stage) -> str:
    return (
        f"A directory answers on {stage.directory.url} ({stage.directory.base_dn}), "
        f"a SCIM service on {stage.service.base_url}.\n"
        "Prefect starts a temporary server for the first flow run; that takes some seconds."
    )


def _first_load(stage: Stage) -> Iterator[str]:
    """First load: the service is empty."""
    ran = _flow("sync", stage, "apply")
    users, groups = len(stage.service.store.users), len(stage.service.store.groups)
    print(f"The service now has {users} users and {groups} groups. What was left alone, and why:")
    held = [finding for finding in _findings(stage) if finding.severity is Severity.HOLD]
    for finding in held:
        print(f"  - {_named(finding)}\n    {finding.remedy}")
    yield _unless(ran.state == "Held" and users > 300 and bool(held), "the first load did not hold the awkward entries")
    yield _unless(not _differs(stage), "the service differs from the directory after the first load")


def _a_day(stage: Stage) -> Iterator[str]:
    """A day in the company: first as a plan, then applied."""
    print(f"In the directory: {'; '.join(day_of_changes(stage.directory))}.\n")
    report = pipeline.synchronise(_settings(stage), Mode.PLAN)
    if report.plan is None:
        yield "no plan was made"
        return
    print(_indented(to_text(plan_document(report.plan, (), report.accounts), SHOWN)))
    ran = _flow("sync", stage, "apply")
    done = ran.state == "Completed" and ran.writes >= len(report.plan.operations) > 0
    yield _unless(done, "the day was not written")
    yield _unless(not _differs(stage), "the service differs from the directory after the day")


def _idle(stage: Stage) -> Iterator[str]:
    """Again, with nothing changed: no write."""
    ran = _flow("sync", stage, "apply")
    yield _unless(ran.state == "Completed" and ran.writes == 0, "an idle run wrote to the service")


def _accident(stage: Stage) -> Iterator[str]:
    """An accident: an access rule hides half of the people from us."""
    for department, _ in DEPARTMENTS[: len(DEPARTMENTS) // 2]:
        stage.directory.hide(f"ou={department},{PEOPLE_DN}")
    before = len(stage.service.store.users)
    ran = _flow("sync", stage, "apply")
    after = sum(1 for user in stage.service.store.users if user.get("active", True))
    print(f"Of {before} users at the service {before - len(stage.service.store.users)} were removed. Why:")
    for finding in _findings(stage):
        if finding.rule == "short-read":
            print(f"  - {finding.message}\n    {finding.remedy}")
    yield _unless(ran.state == "Held" and ran.writes == 0, "the accident led to writes")
    yield _unless(after >= before - 2, "the accident deactivated somebody")


def _mended(stage: Stage) -> Iterator[str]:
    """The rule is mended: nothing was lost, so nothing is to be done."""
    stage.directory.mend()
    ran = _flow("sync", stage, "apply")
    yield _unless(ran.state == "Completed" and ran.writes == 0, "mending the accident led to writes")


def _console_edit(stage: Stage) -> Iterator[str]:
    """Somebody edits the service in its console: drift shows it, recover repairs it."""
    user = next(user for user in stage.service.store.users if user.get("title"))
    group = next(group for group in stage.service.store.groups if group["displayName"] == "dept-support")
    stage.service.store.edit("User", str(user["id"]), title="King")
    stage.service.store.edit("Group", str(group["id"]), members=list(group["members"])[:-3])
    found = drift(_settings(stage))
    print(_indented(to_text(found.document, SHOWN)))
    yield _unless(found.exit_code == 2, "drift did not see the edits")
    ran = _flow("recover", stage, "apply")
    yield _unless(ran.state == "Completed" and not _differs(stage), "recover did not bring the service in step")


def _flow(name: str, stage: Stage, mode: str) -> Ran:
    """Run the real flow, and say how it ended in one line."""
    from flows.recover import recover
    from flows.sync import sync

    flow: Any = {"sync": sync, "recover": recover}[name]
    stage.service.clear_requests()
    started = time.monotonic()
    state = flow(config=str(stage.settings), mode=mode, return_state=True)
    ran = Ran(state.name, time.monotonic() - started, len(stage.service.writes()))
    print(f"Flow {name} ({mode}): {ran.state} after {ran.seconds:.1f} s, {ran.writes} writes at the service.")
    print(f"  {state.message}")
    return ran


def _differs(stage: Stage) -> bool:
    found = drift(_settings(stage))
    print(f"ldap2scim drift: {found.document.lines[0]}")
    return found.differs


def _settings(stage: Stage) -> Settings:
    return load(stage.settings, os.environ)


def _findings(stage: Stage) -> tuple[Finding, ...]:
    """Return what the last run noticed."""
    with open_store(_settings(stage).state) as store:
        state = StateReader(store)
        return state.runs.findings(state.runs.latest_runs(1)[0].run_id)


def _named(finding: Finding) -> str:
    """Return what was found with the entry that it is about, where the sentence does not name it."""
    missing = [subject for subject in finding.subjects[:1] if subject not in finding.message]
    return " ".join([*(f"{subject}:" for subject in missing), finding.message])


def _indented(text: str) -> str:
    return "".join(f"  {line}\n" for line in text.rstrip().splitlines())


def _unless(as_it_should: bool, surprise: str) -> str:
    return "" if as_it_should else surprise
