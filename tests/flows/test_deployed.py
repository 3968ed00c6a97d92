"""A real Prefect server, a work pool, a worker and our deployments, as an administrator sets them up."""

from typing import Any

import pytest

from tasks import artifacts
from tests.flows.installation import ENDED, Installation
from tests.flows.pair import SIZE

pytestmark = pytest.mark.prefect


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


def test_a_deployed_look_at_the_drift_says_what_it_found_and_can_be_run_again(installation: Installation) -> None:
    """Announced by its schedule; started at the server, with a sample or without; a further try of it ends alike."""
    service = installation.pair.service
    service.store.edit("User", str(service.store.users[0]["id"]), title="Emperor")
    service.clear_requests()

    ended = installation.run("ldap2scim-drift/drift")
    assert ended["state"]["name"] == "Different", ended["state"]["message"]
    found = installation.ask("/artifacts/filter", artifacts={"flow_run_id": {"any_": [ended["id"]]}})
    assert artifacts.DRIFT in {one["key"] for one in found}
    sampled = installation.run("ldap2scim-drift/drift", sample=1000)
    assert "A sample: " in sampled["state"]["message"]

    installation.ask(f"/flow_runs/{ended['id']}/set_state", state={"type": "SCHEDULED", "name": "AwaitingRetry"})
    again = installation.until(lambda: _ended_again(installation, ended["id"]))
    assert again["state"]["name"] == "Different", again["state"]["message"]
    assert not service.writes()


def _ended_again(installation: Installation, run: str) -> dict[str, Any] | None:
    (found,) = installation.ask("/flow_runs/filter", flow_runs={"id": {"any_": [run]}})
    ended: dict[str, Any] = found
    return ended if ended["run_count"] == 2 and ended["state_type"] in ENDED else None


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
