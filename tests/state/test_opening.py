"""Opening a store: what is made, what is refused, and in which words."""

import os
import sqlite3
import subprocess
import sys
import time
import traceback
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from ldap2scim.errors import StateError
from ldap2scim.state import sqlite
from ldap2scim.state.lease import Lease, acquire
from ldap2scim.state.schema import SCHEMA_VERSION, metadata
from ldap2scim.state.store import Store, open_store
from tests.state.worlds import group, person, read


@pytest.fixture
def place(path: Path) -> str:
    """A file; what PostgreSQL refuses stands in `test_postgresql`."""
    return str(path)


def refused(place: Path | str, words: str, *, create: bool = True) -> str:
    """Return the message of a refusal, which has a remedy."""
    with pytest.raises(StateError, match=words) as caught:
        open_store(place, create=create)
    assert caught.value.remedy
    return str(caught.value)


def test_a_new_file_is_for_its_owner_alone(path: Path) -> None:
    """People's data is in the state, so nobody else may read it, whatever the umask."""
    before = os.umask(0)
    try:
        open_store(path).close()
    finally:
        os.umask(before)

    assert path.stat().st_mode & 0o777 == 0o600


def test_the_logs_beside_it_are_for_its_owner_alone(path: Path, store: Store, lease: Lease) -> None:
    """The write-ahead log holds the same data."""
    log = path.with_name("state.db-wal")

    assert log.stat().st_mode & 0o777 == 0o600


def test_a_url_opens_the_same_file(path: Path) -> None:
    """A path and an sqlite URL name the same store."""
    open_store(f"sqlite:///{path}").close()

    open_store(path, create=False).close()


def test_what_was_written_is_there_again(path: Path) -> None:
    """A lease's token outlives the process that took it."""
    with open_store(path) as first:
        acquire(first, "service", "a").release()
    with open_store(path) as second:
        assert acquire(second, "service", "b").token == 2


def test_a_missing_file_is_refused_where_none_may_be_made(path: Path) -> None:
    """Commands that only look do not leave an empty state behind."""
    refused(path, "There is no state file", create=False)

    assert not path.exists()


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """The message names the folder to make."""
    assert str(tmp_path / "no") in refused(tmp_path / "no" / "state.db", "folder")


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    """A folder in place of the file is said to be one."""
    refused(tmp_path, "is a folder")


def test_a_path_through_a_file_is_refused(tmp_path: Path) -> None:
    """A file where a folder is wanted gives a message, not a traceback."""
    (tmp_path / "file").write_text("")

    refused(tmp_path / "file" / "state.db", "folder|cannot be opened")


def test_something_else_is_not_a_database(path: Path) -> None:
    """A text file is left as it is."""
    path.write_text("users: many\n" * 100)

    refused(path, "not a state file")
    assert path.read_text().startswith("users: many")


def test_another_program_s_database_is_left_alone(path: Path) -> None:
    """A database with other tables gets none of ours."""
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE songs (title TEXT)")
    other.close()

    refused(path, "not a state file")
    check = sqlite3.connect(path)
    assert check.execute("SELECT name FROM sqlite_master").fetchall() == [("songs",)]
    check.close()


@pytest.mark.parametrize(("version", "remedy"), [(SCHEMA_VERSION + 1, "newer"), (0, "recover"), ("x", "recover")])
def test_another_version_is_refused(path: Path, version: object, remedy: str) -> None:
    """A store of an older or a newer program is not touched; the message says which it is."""
    open_store(path).close()
    other = sqlite3.connect(path)
    other.execute("UPDATE meta SET value = ? WHERE name = 'schema_version'", (str(version),))
    other.commit()
    other.close()

    assert remedy in refused(path, "schema version")


def test_another_kind_of_database_is_refused_without_its_password() -> None:
    """A server's URL is refused by name, and the password in it is not shown."""
    assert "hunter2" not in refused("postgresql://sync:hunter2@db/state", "postgresql")


def test_a_damaged_file_is_refused_after_an_unclean_end(path: Path) -> None:
    """A process that died leaves its log; then the file is checked before it is believed."""
    with open_store(path) as store:
        holder = acquire(store, "service", "a")
        read(holder, [person(f"user{number}") for number in range(2000)])
    content = bytearray(path.read_bytes())
    content[4096 * 80 :] = b"\x5a" * (len(content) - 4096 * 80)  # behind the schema's own pages
    path.write_bytes(content)
    path.with_name("state.db-wal").write_bytes(b"left behind")

    refused(path, "damaged")


def test_damage_met_on_the_way_is_said(path: Path) -> None:
    """Damage that opening does not see is a clear error where it is met."""
    with open_store(path) as store:
        read(acquire(store, "service", "a"), [person(f"user{number}") for number in range(2000)])
    content = bytearray(path.read_bytes())
    content[4096 * 80 :] = b"\x5a" * (len(content) - 4096 * 80)  # behind the schema's own pages
    path.write_bytes(content)

    with open_store(path) as store, pytest.raises(StateError, match="damaged"), store.read() as connection:
        connection.execute(text("SELECT sum(length(dn)), sum(length(key)) FROM image NOT INDEXED")).all()


def test_a_store_that_cannot_be_written_says_so(path: Path) -> None:
    """Reading works, and the first write names the file and what to do."""
    open_store(path).close()

    read_only = f"sqlite:///file:{path}?mode=ro&uri=true"
    with open_store(read_only) as store, pytest.raises(StateError, match="cannot be written"):
        acquire(store, "service", "a")


def test_a_full_disk_says_so_and_keeps_what_was_there(path: Path, store: Store, lease: Lease) -> None:
    """When there is no more room the transaction is undone and the message says how to go on."""
    with store.read() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()

    def fill() -> None:
        with store.write() as connection:
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
            connection.exec_driver_sql("CREATE TABLE filler AS SELECT randomblob(100000) AS content")

    with pytest.raises(StateError, match="no room") as caught:
        fill()

    assert str(path) in str(caught.value)
    lease.renew()


def test_a_store_in_use_by_another_process_says_so(
    path: Path, store: Store, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process that writes is waited for, and named as the reason when it does not end."""
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with open_store(path) as second, pytest.raises(StateError, match="another process"):
            acquire(second, "other", "b")
    finally:
        other.close()


def test_two_processes_may_make_the_same_store(path: Path) -> None:
    """Both find a whole schema, whoever was first."""
    program = f"from ldap2scim.state.store import open_store; open_store({str(path)!r}).close()"
    both = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(2)]

    assert [process.wait(60) for process in both] == [0, 0]


def test_a_new_file_that_another_process_writes_at_this_moment_is_waited_for(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite refuses at once to switch to its log while another process writes: we ask again, and come through."""
    open_store(path).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA journal_mode = DELETE")
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(time, "sleep", lambda _seconds: other.execute("ROLLBACK"))

    open_store(path).close()

    assert not other.in_transaction
    other.close()


def test_a_new_file_that_another_process_keeps_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the time that we wait for other processes, we say so."""
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.05)
    open_store(path).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA journal_mode = DELETE")
    other.execute("BEGIN IMMEDIATE")

    refused(path, "in use by another process")

    other.close()


def test_an_error_shows_no_value(store: Store, lease: Lease) -> None:
    """A row that contradicts another is refused without its contents: they are people's data."""
    read(lease, [person("yamada")])
    with pytest.raises(StateError) as caught, store.write() as connection:
        connection.exec_driver_sql("INSERT INTO image SELECT * FROM image WHERE login = ? OR 1", ("somebody",))

    shown = "".join(traceback.format_exception(caught.value))

    assert "contradicts itself" in shown
    assert "parameters hidden" in shown
    assert "[parameters: (" not in shown


def test_a_writer_within_a_writer_is_a_mistake(store: Store) -> None:
    """It is said at once; otherwise the thread would wait for itself for ever."""
    with store.write(), pytest.raises(RuntimeError, match="open already"), store.write():
        pass


def test_the_schema_is_one_that_postgresql_takes(store: Store) -> None:
    """The tables are written for both databases; only the store's opening is SQLite's."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # untyped in SQLAlchemy
    statements = [str(CreateTable(table).compile(dialect=dialect)) for table in metadata.sorted_tables]
    indexes = [
        str(CreateIndex(index).compile(dialect=dialect)) for table in metadata.sorted_tables for index in table.indexes
    ]

    assert not any("ROWID" in statement for statement in statements)
    assert any("WHERE (outcome IS NULL" in statement for statement in indexes)


def test_groups_and_people_survive_a_reopening(path: Path) -> None:
    """A read that was committed is there for the next process, and costs it nothing."""
    with open_store(path) as store:
        first = acquire(store, "service", "a")
        read(first, [person("a")], [group("g", ["a"])])
        first.release()
    with open_store(path) as store:
        assert read(acquire(store, "service", "b"), [person("a")], [group("g", ["a"])]).unchanged == 2
