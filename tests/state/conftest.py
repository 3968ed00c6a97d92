"""A store on a real file of SQLite, and on PostgreSQL; its lease, and a clock that stands still."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ldap2scim.state.access import StateReader
from ldap2scim.state.lease import Lease, acquire
from ldap2scim.state.schema import metadata
from ldap2scim.state.store import Store, open_store
from tests.servers.postgres import Postgres
from tests.state.worlds import FakeClock

SQLITE = "sqlite"
POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.postgres)


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands still on a Monday."""
    return FakeClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the state is, if it is a file."""
    return tmp_path / "state.db"


@pytest.fixture(scope="session")
def used_schema(postgres: Postgres) -> str:
    """A schema with our tables, which takes ten times as long to make as to empty."""
    url = postgres.url(postgres.make_schema())
    open_store(url).close()
    return url


@pytest.fixture
def empty_schema(used_schema: str, postgres: Postgres) -> str:
    """A state on PostgreSQL that nobody has used."""
    schema = used_schema.rpartition("%3D")[2]
    tables = [table.name for table in reversed(metadata.sorted_tables) if table.name != "meta"]
    emptying = [f"DELETE FROM {name}" for name in (*tables, "meta WHERE name <> 'schema_version'")]  # noqa: S608 (ours)
    postgres.do(";".join([f"SET search_path = {schema}", *emptying]))
    return used_schema


@pytest.fixture(params=[SQLITE, POSTGRESQL])
def place(request: pytest.FixtureRequest) -> str:
    """Where the state is: a path, or a URL with its password."""
    return str(request.getfixturevalue("path" if request.param == SQLITE else "empty_schema"))


@pytest.fixture
def store(place: str, clock: FakeClock) -> Iterator[Store]:
    """A new store."""
    with open_store(place, clock=clock) as opened:
        yield opened


@pytest.fixture
def lease(store: Store) -> Lease:
    """The lease of the run that writes."""
    return acquire(store, "service", "host, process 1, run a")


@pytest.fixture
def reader(store: Store) -> StateReader:
    """What planning sees."""
    return StateReader(store)
