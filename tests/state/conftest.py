"""A store on a real SQLite file, its lease, and a clock that stands still."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ldap2scim.state.access import StateReader
from ldap2scim.state.lease import Lease, acquire
from ldap2scim.state.store import Store, open_store
from tests.state.worlds import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands still on a Monday."""
    return FakeClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the state is."""
    return tmp_path / "state.db"


@pytest.fixture
def store(path: Path, clock: FakeClock) -> Iterator[Store]:
    """A new store."""
    with open_store(path, clock=clock) as opened:
        yield opened


@pytest.fixture
def lease(store: Store) -> Lease:
    """The lease of the run that writes."""
    return acquire(store, "service", "host, process 1, run a")


@pytest.fixture
def reader(store: Store) -> StateReader:
    """What planning sees."""
    return StateReader(store)
