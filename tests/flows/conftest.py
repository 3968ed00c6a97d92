"""Fixtures of the flow tests: one Prefect server for all flows that run in this process, and a pair for each test."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

import tasks  # switches telemetry off, before Prefect is imported
from tests.flows.installation import Installation, installed
from tests.flows.pair import Pair, running_pair
from validations.describing import Told

assert tasks.QUIET
_HOME = tempfile.TemporaryDirectory(prefix="ldap2scim-prefect-home-")
os.environ["PREFECT_HOME"] = _HOME.name  # nothing of the person who runs the tests is read or written


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[Path]:
    """A Prefect server for the flows of this process; gives the path of its database."""
    from prefect.settings import PREFECT_SERVER_DATABASE_CONNECTION_URL
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=120):
        url = PREFECT_SERVER_DATABASE_CONNECTION_URL.value()
        assert url is not None
        yield Path(str(url).partition(":///")[2])


@pytest.fixture(autouse=True)
def described_here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Describe the data in this process: one for each run would be most of what these tests take.

    Tests that ask for `described_apart` have it as it is.
    """
    if "described_apart" not in request.fixturenames:
        monkeypatch.setattr("tasks.describe.describe_apart", _describe)


def _describe(users: pd.DataFrame, groups: pd.DataFrame, folder: Path) -> Told:
    from validations.suites import describe

    found = describe(users, groups, folder)
    return Told(str(found.index), success=found.success)


@pytest.fixture
def described_apart() -> None:
    """Let a process of its own describe the data, as everywhere outside these tests."""


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """A directory with a hundred people and three groups, and an empty service."""
    with running_pair(tmp_path) as running:
        yield running


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One Prefect server, worker and set of deployments for all that need real ones."""
    with installed(tmp_path_factory.mktemp("installation")) as running:
        yield running
