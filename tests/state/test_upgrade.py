"""A state of an older version becomes one of the present, and keeps its rows; all others are refused."""

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, insert, inspect, text

from ldap2scim.errors import StateError
from ldap2scim.state import migrations, versions
from ldap2scim.state.database import WRITES
from ldap2scim.state.location import StateDatabase
from ldap2scim.state.migrations import migrate
from ldap2scim.state.postgresql import PostgreSQL
from ldap2scim.state.schema import SCHEMA_VERSION, lease, meta, metadata, micros
from ldap2scim.state.store import open_as_it_is, open_store
from tests.servers.postgres import Postgres

RECORDED = (Path(__file__).parent / "state_v3.sql").read_text(encoding="utf-8")
"""What the program of version 3 wrote in a first load of twelve people and a plan after it."""
OLD = 3


@pytest.fixture
def old(path: Path) -> Path:
    """A state file of version 3 as a run has left it."""
    with sqlite3.connect(path) as connection:
        connection.executescript(RECORDED)
    connection.close()
    return path


def differences(engine: Engine) -> Sequence[Any]:
    """Return what the tables of a database lack, or have too much, by Alembic's own comparison."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found: Sequence[Any] = compare_metadata(context, metadata)
        return found


Rows = list[dict[str, Any]]


def contents(path: Path) -> dict[str, Rows]:
    """Return every row of every table, but for the version itself."""
    with sqlite3.connect(path) as connection:
        connection.row_factory = sqlite3.Row
        names = [row["name"] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {name: [*map(dict, connection.execute(f"SELECT * FROM {name} ORDER BY 1, 2"))] for name in names}  # noqa: S608
    connection.close()
    found["meta"] = [row for row in found["meta"] if row["name"] != "schema_version"]
    return found


def of_version_3(after: dict[str, Rows], before: dict[str, Rows]) -> dict[str, Rows]:
    """Return what has become of the tables and columns that there were before."""
    columns = {name: rows[0].keys() if rows else () for name, rows in before.items()}
    return {name: [{column: row[column] for column in columns[name]} for row in after[name]] for name in before}


def test_an_upgraded_file_equals_a_new_one(old: Path, tmp_path: Path) -> None:
    """Tables, columns and indexes are those that a new state has, word for word."""
    open_store(old).close()
    open_store(tmp_path / "new.db").close()
    upgraded, new = create_engine(f"sqlite:///{old}"), create_engine(f"sqlite:///{tmp_path / 'new.db'}")

    assert differences(upgraded) == []
    assert _described(upgraded) == _described(new)


def test_a_state_is_opened_as_it_is(old: Path) -> None:
    """To read it alone: refused with what upgrades it, and not changed; of the present version it is opened."""
    before = contents(old)
    with pytest.raises(StateError, match=f"has schema version {OLD}; this program needs {SCHEMA_VERSION}") as refused:
        open_as_it_is(old)
    assert "`ldap2scim plan` upgrades it" in refused.value.remedy
    assert contents(old) == before
    open_store(old).close()
    open_as_it_is(old).close()


def test_an_upgraded_database_equals_a_new_one(postgres: Postgres) -> None:
    """The same on PostgreSQL, whose types are its own."""
    upgraded, new = postgres.make_database(), postgres.make_database()
    _make_old(upgraded)
    for one in (upgraded, new):
        open_store(one).close()
    engines = [PostgreSQL(one).open(create=False) for one in (upgraded, new)]
    try:
        assert _described(engines[0]) == _described(engines[1])
        assert differences(engines[0]) == []
    finally:
        for engine in engines:
            engine.dispose()


def test_rows_stay_as_they_were(old: Path) -> None:
    """What version 3 knew is known afterwards, row by row."""
    before = contents(old)
    open_store(old).close()
    after = contents(old)

    assert of_version_3(after, before) == before
    assert sum(map(len, before.values())) > 100


def test_a_copy_is_made_before(old: Path) -> None:
    """The copy beside the file is a whole state of version 3, for its owner alone, whatever the umask."""
    before = contents(old)
    kept = os.umask(0)
    try:
        open_store(old).close()
    finally:
        os.umask(kept)
    copy = old.with_name("state.db.v3.bak")

    assert copy.stat().st_mode & 0o777 == 0o600
    assert contents(copy) == before
    assert sorted(file.name for file in old.parent.iterdir()) == ["state.db", "state.db.v3.bak"]
    open_store(copy).close()  # the copy is a state that can be upgraded in its turn


def test_the_present_version_is_not_copied(path: Path) -> None:
    """Opening what is up to date leaves nothing beside it."""
    open_store(path).close()
    open_store(path).close()

    assert [file.name for file in path.parent.iterdir()] == ["state.db"]


def test_an_upgrade_that_fails_changes_nothing(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails half-way is undone whole, and the next try succeeds."""

    def half(connection: Any, found: int, wanted: int) -> None:
        migrate(connection, found, wanted)
        connection.execute(text("INSERT INTO nowhere VALUES (1)"))

    before = contents(old)
    monkeypatch.setattr(migrations, "migrate", half)
    with pytest.raises(StateError):
        open_store(old)
    assert contents(old) == before
    monkeypatch.undo()
    open_store(old).close()

    assert of_version_3(contents(old), before) == before


def test_an_upgrade_of_a_database_that_fails_changes_nothing(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL undoes changes of tables with the transaction."""

    def half(connection: Any, found: int, wanted: int) -> None:
        migrate(connection, found, wanted)
        connection.execute(text("INSERT INTO nowhere VALUES (1)"))

    place = postgres.make_schema()
    _make_old(place)
    engine = PostgreSQL(place).open(create=False)
    before = inspect(engine).get_table_names()
    monkeypatch.setattr(migrations, "migrate", half)
    with pytest.raises(StateError, match="42P01"):
        open_store(place)
    assert inspect(engine).get_table_names() == before
    monkeypatch.undo()
    open_store(place).close()
    assert set(inspect(engine).get_table_names()) == set(metadata.tables)
    engine.dispose()


def test_a_run_of_the_older_program_is_waited_for(old: Path) -> None:
    """It does not know the new tables; who holds the state, and until when, is said."""
    until = datetime.now(UTC) + timedelta(minutes=1)
    with sqlite3.connect(old) as connection:
        connection.execute("UPDATE lease SET holder = 'old host, process 7', expires_at = ?", (micros(until),))
    connection.close()
    before = contents(old)
    with pytest.raises(StateError, match="old host, process 7") as caught:
        open_store(old)

    assert f"{until:%H:%M:%S} UTC" in caught.value.remedy
    assert contents(old) == before


def test_a_copy_that_cannot_be_made_stops_the_upgrade(old: Path) -> None:
    """Without room or rights for the copy nothing is changed; a folder of its name stands for either."""
    old.with_name("state.db.v3.bak").mkdir()
    before = contents(old)
    with pytest.raises(StateError, match=r"cannot be copied to .*state\.db\.v3\.bak before its upgrade"):
        open_store(old)

    assert contents(old) == before


@pytest.mark.parametrize(("version", "remedy"), [(SCHEMA_VERSION + 1, "newer"), (2, "recover")])
def test_another_version_of_a_database_is_refused(postgres: Postgres, version: int, remedy: str) -> None:
    """A database of a newer program, or of one before the first release, is not touched."""
    place = postgres.make_database()
    open_store(place).close()
    wanted = f"UPDATE meta SET value = '{version}' WHERE name = 'schema_version'"  # noqa: S608 (a number)
    postgres.do(wanted, database=place.url.rsplit("/", 1)[-1])
    with pytest.raises(StateError, match="schema version") as caught:
        open_store(place)

    assert remedy in caught.value.remedy


def test_every_version_has_its_migration() -> None:
    """The last file leads to the version that the schema says; the first is the oldest that is upgraded."""
    folder = Path(migrations.__file__).parent / "versions"
    numbers = sorted(int(file.name[1:5]) for file in folder.glob("v*.py"))

    assert numbers == list(range(versions.OLDEST, SCHEMA_VERSION + 1))


def _make_old(place: StateDatabase) -> None:
    engine = PostgreSQL(place).open(create=True)
    with engine.connect() as plain:
        connection = plain.execution_options(**{WRITES: True})
        with connection.begin():
            migrate(connection, 0, OLD)
            connection.execute(insert(meta), {"name": "schema_version", "value": str(OLD)})
            connection.execute(insert(lease), {"name": "service", "token": 7})
    engine.dispose()


def _described(engine: Engine) -> dict[str, Any]:
    """Return columns with their types, keys and indexes of all tables, in no order."""
    found: dict[str, Any] = {}
    looking = inspect(engine)
    for table in looking.get_table_names():
        columns = {column["name"]: (repr(column["type"]), column["nullable"]) for column in looking.get_columns(table)}
        found[table] = (
            columns,
            looking.get_pk_constraint(table)["constrained_columns"],
            *(
                sorted(str([(name, str(value)) for name, value in _flat(one)]) for one in looked(table))
                for looked in (looking.get_indexes, looking.get_foreign_keys, looking.get_unique_constraints)
            ),
        )
    return found


def _flat(described: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in sorted(described.items()):
        yield from _flat(value) if isinstance(value, Mapping) else [(name, value)]
