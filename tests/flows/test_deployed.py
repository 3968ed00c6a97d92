"""A real Prefect server, a work pool, a worker and our deployments, as an administrator sets them up."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tasks import artifacts
from tests.flows.pair import SIZE, Pair, running_pair
from tests.servers.process import Daemon, free_port

pytestmark = pytest.mark.prefect

ROOT = Path(__file__).parents[2]
PREFECT = str(Path(sys.executable).with_name("prefect"))
PATIENCE = 180
"""Seconds; a run takes ten on an idle machine."""


@dataclass(frozen=True, slots=True)
class Installation:
    """Everything that runs, and the API of the server."""

    pair: Pair
    api: httpx.Client
    home: Path
    worker: Daemon

    def ask(self, path: str, **body: Any) -> Any:
        """Post to the API and return the answer."""
        return self._answer("POST", path, json=body)

    def deployment(self, name: str) -> dict[str, Any]:
        """Return a deployment by its full name."""
        found: dict[str, Any] = self._answer("GET", f"/deployments/name/{name}")
        return found

    def run(self, deployment: str, **parameters: str) -> dict[str, Any]:
        """Start a run of a deployment, wait for its end, and return it."""
        created = self.ask(f"/deployments/{self.deployment(deployment)['id']}/create_flow_run", parameters=parameters)
        ended: dict[str, Any] = self.until(lambda: self._ended(created["id"]))
        return ended

    def until(self, question: Callable[[], Any]) -> Any:
        """Ask until there is an answer."""
        deadline = time.monotonic() + PATIENCE
        while not (answer := question()):
            assert time.monotonic() < deadline, self.worker.log()
            time.sleep(0.5)
        return answer

    def _ended(self, run: str) -> dict[str, Any] | None:
        found: dict[str, Any] = self._answer("GET", f"/flow_runs/{run}")
        return found if found["state_type"] in {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"} else None

    def _answer(self, method: str, path: str, **content: Any) -> Any:
        """Ask the API; while its database is locked it answers 503, and Prefect's own client asks again as well."""
        return self.until(lambda: _unless_busy(self.api.request(method, path, **content))).raise_for_status().json()


def _unless_busy(response: httpx.Response) -> httpx.Response | None:
    return None if response.status_code == httpx.codes.SERVICE_UNAVAILABLE else response


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Server, pool, worker, deployments and automations; all processes end with the module."""
    folder = tmp_path_factory.mktemp("installation")
    port = free_port()
    with ExitStack() as running:
        pair = running.enter_context(running_pair(folder))
        environment = {
            "PREFECT_HOME": str(folder / "prefect"),
            "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
            "LDAP2SCIM_HOME": str(ROOT),
            "LDAP2SCIM_CONFIG": pair.settings_of_environment(),
        }
        server = Daemon(
            (PREFECT, "server", "start", "--host", "127.0.0.1", "--port", str(port)),
            (port,),
            folder / "server.log",
            environment,
        )
        running.callback(server.stop)
        server.start(seconds=PATIENCE)
        _prefect(environment, "work-pool", "create", "ldap2scim", "--type", "process")
        # The secrets are in the worker's environment alone, as its unit has them.
        worker = Daemon(
            (PREFECT, "worker", "start", "--pool", "ldap2scim", "--type", "process"),
            (),
            folder / "worker.log",
            environment | pair.secrets,
        )
        running.callback(worker.stop)
        worker.start()
        _prefect(environment, "--no-prompt", "deploy", "--all", "--prefect-file", "deployments/prefect.yaml")
        _prefect(environment, "automation", "create", "--from-file", "deployments/automations.yaml")
        api = running.enter_context(httpx.Client(base_url=environment["PREFECT_API_URL"], timeout=60, trust_env=False))
        yield Installation(pair, api, folder / "prefect", worker)


def _prefect(environment: dict[str, str], *arguments: str) -> None:
    done = subprocess.run(
        (PREFECT, *arguments), cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_deployed_run_applies_and_publishes(installation: Installation) -> None:
    """A run that is started at the server ends as completed, with its artifacts, and the service is in step."""
    ended = installation.run("ldap2scim-sync/sync")

    assert ended["state"]["name"] == "Completed", ended["state"]["message"] + installation.worker.log()
    assert len(installation.pair.service.store.users) == SIZE.people
    found = installation.ask("/artifacts/filter", artifacts={"flow_run_id": {"any_": [ended["id"]]}})
    assert {one["key"] for one in found} >= {artifacts.PLAN, artifacts.ACCOUNTS, artifacts.FINDINGS, artifacts.LOAD}
    logs = installation.ask("/logs/filter", logs={"flow_run_id": {"any_": [ended["id"]]}})
    assert any("ldapsearch -LLL" in one["message"] for one in logs)


def test_the_schedule_creates_runs(installation: Installation) -> None:
    """After the deploy, runs of the synchronisation are announced, and none of the recovery."""

    def scheduled(deployment: str) -> list[Any]:
        chosen = {"id": {"any_": [installation.deployment(deployment)["id"]]}}
        announced = {"state": {"type": {"any_": ["SCHEDULED"]}}}
        found: list[Any] = installation.ask("/flow_runs/filter", deployments=chosen, flow_runs=announced)
        return found

    assert installation.until(lambda: scheduled("ldap2scim-sync/sync"))
    assert not scheduled("ldap2scim-recover/recover")


def test_a_deployed_recovery_is_dry_by_default(installation: Installation) -> None:
    """Started without parameters, the recovery changes nothing at the service."""
    installation.pair.service.clear_requests()

    ended = installation.run("ldap2scim-recover/recover")

    assert ended["parameters"]["mode"] == "plan"
    assert ended["state_type"] == "COMPLETED", ended["state"]["message"]
    assert not installation.pair.service.writes()


def test_the_automation_for_lost_machines_is_taken(installation: Installation) -> None:
    """The server knows the automation as its file has it."""
    (zombies,) = installation.ask("/automations/filter")

    assert zombies["enabled"]
    assert zombies["trigger"]["within"] == 90


def test_the_server_keeps_no_secret(installation: Installation) -> None:
    """Password and token are in none of the server's files, nor in what server and worker printed."""
    files = [path for path in installation.home.rglob("*") if path.is_file()]
    files += installation.home.parent.glob("*.log")
    kept = b"".join(path.read_bytes() for path in files)

    assert b"ldapsearch -LLL" in kept, "the logs of the runs are among them"
    for secret in installation.pair.secrets.values():
        assert secret.encode() not in kept
