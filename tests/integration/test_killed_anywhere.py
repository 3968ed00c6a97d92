"""The crash harness: killed at every step of the journal and at any instant, the next run brings both sides in step.

A warm process forks a child for each run, which is killed by itself at a place chosen by the seed, or from outside
after some time. Between two kills the office goes on changing. `LDAP2SCIM_SEED` brings a failure back.
"""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ldap2scim.sandbox.world import BASE_DN, Size
from tests.integration.asked import beyond
from tests.integration.comparing import differences
from tests.integration.conftest import Scim2Servers
from tests.integration.office import Office
from tests.integration.pairs import Pair, paired, world
from tests.integration.postgres_state import keep_in
from tests.integration.warm import Became, Order, Warm, warm_process
from tests.seed import LONG, SEED
from tests.servers.available import require
from tests.servers.certificates import Certificates
from tests.servers.postgres import Postgres
from tests.servers.scim import ROOT, ScimProcess, embedded_process
from tests.servers.slapd import SlapdOptions, running_slapd
from tests.waiting import until

pytestmark = pytest.mark.slapd

KILLS = 125 if LONG else 12
"""For each pair of a service and a database: 500, or 48; the flow's come on top."""
FLOW_KILLS = 20 if LONG else 2
OFFICE = Size(people=30, groups=4, largest_group=12)
EVERYTHING_FLOWS = {
    "users": {"least": 1000, "most": 1000},
    "groups": {"least": 1000, "most": 1000},
    "short_read_percent": 0,
    "update_minimum": 1000,
    "member_loss_minimum": 1000,
    "attribute_minimum": 1000,
    "limits": {verb: {"minimum": 1000} for verb in ("rename", "restore", "leave")},
    "by": {part: {"population": 1000} for part in ("directory", "unit", "department", "group")},
}
"""Limits are not the point, and several days go by in a second."""


@dataclass
class Harness:
    """Both sides, the warm process between them, and everything that was decided since the last look."""

    pair: Pair
    warm: Warm
    service: ScimProcess
    chance: random.Random
    office: Office = field(init=False)
    plans: list[Mapping[str, Any]] = field(default_factory=list)
    external_ids: dict[str, str] = field(default_factory=dict)
    """By service id, of every resource that was ever seen."""
    seen: Mapping[str, int] = field(default_factory=dict)
    """Visits by place, of the last run that came to its end."""
    deck: list[str] = field(default_factory=list)
    """Places that have not had their turn; those around the journal come first."""
    seconds: float = 0.5
    """How long that run took."""
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.office = Office(self.pair.administrator, self.chance, OFFICE.people)

    def run(self, **where: Any) -> Became:
        """Start one run."""
        program = self.pair.program
        became = self.warm.run(Order(str(program.settings), str(program.folder / "plan.json"), **where))
        self.plans += became.plan
        self.log.append(f"{where or 'to its end'}: {'killed' if became.killed else became.code} {became.trouble}")
        return became

    def kill(self) -> bool:
        """Start a run that is killed somewhere; False: it did not come there, and ended by itself."""
        if self.chance.random() < 0.2:
            return self.run(delay=self.chance.uniform(0, self.seconds)).killed
        if self.chance.random() < 0.1:
            place = self.chance.choice(("before a transaction", "before a commit", "after a commit"))
            return self.run(work="plan_to_keep", point=place, visit=self.chance.randint(1, 8)).killed
        if not self.deck:
            places = self.chance.sample(sorted(self.seen), len(self.seen))
            self.deck = sorted(places, key=_is_of_the_journal)
        place = self.deck.pop()
        return self.run(point=place, visit=self.chance.randint(1, self.seen.get(place, 1))).killed

    def converge(self) -> None:
        """The next run brings both sides in step, and nothing was done that no plan had."""
        self.look()  # also lets a service finish what it had been asked
        became = self.run()
        assert (became.code, became.trouble, became.balanced, became.killed) == (0, "", True, False), self.story()
        self.seen, self.seconds = became.seen, became.seconds
        self.look()
        assert differences(self.pair, left=self.leavers()) == [], self.story()
        assert beyond(self.service.writes(), self.plans, self.external_ids) == [], self.story()
        self.begin_anew()

    def assert_idle(self) -> None:
        """One more run asks for nothing."""
        became = self.run()
        assert (became.code, self.service.writes()) == (0, ()), self.story()

    def look(self) -> None:
        """See what is there; nobody has two."""
        for endpoint in ("Users", "Groups"):
            found = [one for one in self.pair.console.all(endpoint) if one.get("externalId")]
            assert len({one["externalId"] for one in found}) == len(found), f"somebody is there twice: {self.story()}"
            self.external_ids.update({one["id"]: one["externalId"] for one in found})

    def leavers(self) -> set[str]:
        """Return the logins of people who were in the directory once."""
        here = {person.text("entryUUID") for person in self.pair.administrator.people()}
        there = self.pair.console.users().values()
        return {one["userName"] for one in there if one["externalId"] in self.office.anchors - here}

    def begin_anew(self) -> None:
        """Forget what was decided and asked for."""
        self.plans.clear()
        self.log.clear()
        self.service.clear_requests()

    def story(self) -> str:
        """Return what happened since the last look."""
        asked = [f"{one.method} {one.path} {one.status}" for one in self.service.writes()]
        return "\n".join((f"seed {SEED}", *self.office.done, *self.log, *asked))


def _is_of_the_journal(place: str) -> bool:
    return any(word in place for word in ("journal", "snapshot", "request", "answer", "commit", "statement"))


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    """The process that forks."""
    with warm_process() as process:
        yield process


@pytest.fixture(params=["scim2-server", "emulator"])
def harness(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    warm: Warm,
    server_certificates: Certificates,
    scim2_servers: Scim2Servers,
) -> Iterator[Harness]:
    """A real slapd with a small office, and a service."""
    require("slapd")
    options = SlapdOptions(BASE_DN, overlays=("syncprov",), database_lines=("syncprov-sessionlog 1000",))
    with ExitStack() as running:
        slapd = running.enter_context(running_slapd(tmp_path / "slapd", world(OFFICE), options, server_certificates))
        if request.param == "scim2-server":
            service = scim2_servers.get("standard")
        else:
            service = running.enter_context(embedded_process(tmp_path / "service"))
        pair = running.enter_context(paired(tmp_path / "installed", slapd, service))
        pair.program.others["safety"] = EVERYTHING_FLOWS
        pair.program.write()
        yield Harness(pair, warm, service, random.Random(f"{SEED} {request.node.name}"))


def keep_in_postgresql(harness: Harness, request: pytest.FixtureRequest) -> None:
    """Let the state be in a database."""
    server: Postgres = request.getfixturevalue("postgres")
    keep_in(harness.pair.program, server, server.make_schema())


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_killed_anywhere(database: str, harness: Harness, request: pytest.FixtureRequest) -> None:
    """After each kill one run brings both sides in step; nothing is made twice, nothing is done beyond the plans."""
    if database == "postgresql":
        keep_in_postgresql(harness, request)
    drops = "emulator" in request.node.name
    harness.deck = ["before a request"]  # for the first load, which nobody has seen yet
    kills = runs = 0
    while kills < KILLS:
        runs += 1
        assert runs < 3 * KILLS, "runs end before they are killed"
        if drops and harness.chance.random() < 0.5:
            harness.service.set_fault("drop", moment="after", after=harness.chance.randint(0, 6), times=2)
        kills += harness.kill()
        if drops:
            harness.service.clear_faults()
        harness.converge()
        if runs % 6 == 0:
            harness.assert_idle()
        harness.office.change(harness.chance.randint(2, 8))


def flow_killed_after(harness: Harness, folder: Path, writes: int) -> bool:
    """Start the flow, and kill it with Prefect's temporary server once it has asked for some changes."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
    (folder / "prefect").mkdir(exist_ok=True)
    command = (sys.executable, "-m", "flows.sync", "--config", str(harness.pair.program.settings), "--mode", "apply")
    with (folder / "flow.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**environment, "HOME": str(folder), "PREFECT_HOME": str(folder / "prefect")},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    until(
        lambda: len(harness.service.writes()) >= writes or process.poll() is not None,
        "the writes",
        seconds=300,
        pause=0.01,
    )
    with suppress(ProcessLookupError):  # it was quicker
        os.killpg(process.pid, signal.SIGKILL)
    code = process.wait()
    assert code in {0, -signal.SIGKILL}, (folder / "flow.log").read_text()
    return code != 0


@pytest.mark.prefect
def test_the_flow_is_killed(harness: Harness, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """A flow that is killed in the middle of its load leaves what a run of the command finishes."""
    if "emulator" in request.node.name:
        keep_in_postgresql(harness, request)
    kills = runs = 0
    while kills < FLOW_KILLS // 2:
        runs += 1
        assert runs < 2 * FLOW_KILLS, "flows end before they are killed"
        harness.run(work="plan_to_keep")  # what the flow is going to decide as well
        kills += flow_killed_after(harness, tmp_path, harness.chance.randint(1, max(1, len(harness.plans) // 2)))
        harness.converge()
        harness.office.change(10)
