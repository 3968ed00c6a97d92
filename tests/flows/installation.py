"""A real Prefect server with its pages, a work pool, a worker and our deployments, as an administrator sets them up."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.flows.pair import Pair, running_pair
from tests.servers.process import Daemon, free_port

ROOT = Path(__file__).parents[2]
PREFECT = str(Path(sys.executable).with_name("prefect"))
PATIENCE = 180
"""Seconds; a run takes ten on an idle machine."""
ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


@dataclass(frozen=True, slots=True)
class Installation:
    """Everything that runs, and the API of the server."""

    pair: Pair
    api: httpx.Client
    url: str
    """Of the pages."""
    home: Path
    worker: Daemon

    def ask(self, path: str, **body: Any) -> Any:
        """Post to the API and return the answer."""
        return self._answer("POST", path, json=body)

    def deployment(self, name: str) -> dict[str, Any]:
        """Return a deployment by its full name."""
        found: dict[str, Any] = self._answer("GET", f"/deployments/name/{name}")
        return found

    def run(self, deployment: str, **parameters: str | int) -> dict[str, Any]:
        """Start a run of a deployment, wait for its end, and return it."""
        return self.in_state(self.start(deployment, **parameters), *ENDED)

    def start(self, deployment: str, **parameters: str | int) -> str:
        """Start a run of a deployment, and return its id."""
        created = self.ask(f"/deployments/{self.deployment(deployment)['id']}/create_flow_run", parameters=parameters)
        return str(created["id"])

    def in_state(self, run: str, *types: str) -> dict[str, Any]:
        """Wait until a run is in a state of one of these types, or has ended, and return it."""
        found: dict[str, Any] = self.until(lambda: self._in_state(run, {*types, *ENDED}))
        return found

    def until(self, question: Callable[[], Any]) -> Any:
        """Ask until there is an answer."""
        deadline = time.monotonic() + PATIENCE
        while not (answer := question()):
            assert time.monotonic() < deadline, self.worker.log()
            time.sleep(0.5)
        return answer

    def _in_state(self, run: str, types: set[str]) -> dict[str, Any] | None:
        found: dict[str, Any] = self._answer("GET", f"/flow_runs/{run}")
        return found if found["state_type"] in types else None

    def _answer(self, method: str, path: str, **content: Any) -> Any:
        """Ask the API; while its database is locked it answers 503, and Prefect's own client asks again as well."""
        return self.until(lambda: _unless_busy(self.api.request(method, path, **content))).raise_for_status().json()


def _unless_busy(response: httpx.Response) -> httpx.Response | None:
    return None if response.status_code == httpx.codes.SERVICE_UNAVAILABLE else response


@contextmanager
def installed(folder: Path) -> Iterator[Installation]:
    """Server, pool, worker, deployments and automations; all processes end with the block."""
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
        yield Installation(pair, api, f"http://127.0.0.1:{port}", folder / "prefect", worker)


def _prefect(environment: dict[str, str], *arguments: str) -> None:
    done = subprocess.run(
        (PREFECT, *arguments), cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
