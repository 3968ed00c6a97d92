"""A flow from a shell, where there is no server and no home."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.flows.pair import SIZE, Pair

pytestmark = pytest.mark.prefect

ROOT = Path(__file__).parents[2]


def run_flow(pair: Pair, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m flows.sync` with an empty home and an environment of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
    for name in ("home", "prefect"):
        (folder / name).mkdir(exist_ok=True)
    return subprocess.run(
        (sys.executable, "-m", "flows.sync", *arguments),
        cwd=ROOT,
        env={**environment, **pair.secrets, "HOME": str(folder / "home"), "PREFECT_HOME": str(folder / "prefect")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_run_without_a_server_applies(pair: Pair, tmp_path: Path) -> None:
    """Prefect starts a temporary server; the run applies, prints its last word and returns 0."""
    done = run_flow(pair, tmp_path, "--config", pair.settings_of_environment(), "--mode", "apply")

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("Completed: Plan ")
    assert len(pair.service.store.users) == SIZE.people
    assert not any(secret in done.stdout + done.stderr for secret in pair.secrets.values())


def test_wrong_usage_is_a_failure(pair: Pair, tmp_path: Path) -> None:
    """Exit code 2 means changes pending, so wrong usage returns 1."""
    assert run_flow(pair, tmp_path, "--mode", "everything").returncode == 1
