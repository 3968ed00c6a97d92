"""A run on a real state file, with a scripted service in the place of a network."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ldap2scim.run.context import Mode, Run
from ldap2scim.run.service_view import ServiceView
from ldap2scim.settings import load
from ldap2scim.state.lease import acquire
from ldap2scim.state.runs import start_run
from ldap2scim.state.store import Store, open_store
from tests.run.scripted import ScriptedProvider, view

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
SETTINGS = """
directories:
  corp:
    kind: openldap
    addresses: [127.0.0.1]
    encryption: none
    base_dn: dc=example,dc=com
service:
  base_url: http://127.0.0.1:1/v2
  concurrency: 1
state: state.db
"""


class ScriptedSession:
    """The session of a run whose service is scripted."""

    class _Connection:
        notes = ()

    def __init__(self, provider: ScriptedProvider) -> None:
        self.view: ServiceView = view(provider)
        self.connection = self._Connection()
        self._runner = asyncio.Runner()

    def wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine to its end."""
        return self._runner.run(work)

    def close(self) -> None:
        """End."""
        self._runner.close()


StartRun = Callable[..., Run]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A new state."""
    with open_store(tmp_path / "state.db") as opened:
        yield opened


@pytest.fixture
def start(tmp_path: Path, store: Store) -> Iterator[StartRun]:
    """Start a run in a mode, with a provider; several in one test follow one another."""
    (tmp_path / "ldap2scim.yml").write_text(SETTINGS, encoding="utf-8")
    running: list[Run] = []

    def begin(provider: ScriptedProvider, mode: Mode = Mode.APPLY) -> Run:
        while running:
            ended = running.pop()
            ended.close()
            ended.lease.release()
        number = f"run{datetime.now(UTC).timestamp()}"
        settings = load(tmp_path / "ldap2scim.yml", {})
        run = Run(settings, acquire(store, "service", number), number, mode, NOW)
        run._session = ScriptedSession(provider)  # type: ignore[assignment]
        start_run(run.lease, number, mode.value, run.settings_digest)
        running.append(run)
        return run

    yield begin
    for run in running:
        run.close()
