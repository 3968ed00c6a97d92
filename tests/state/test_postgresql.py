"""The state on PostgreSQL: what is refused, in which words, and what differs from a file."""

import os
import subprocess
import sys
import threading
import traceback
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from ldap2scim.errors import StateError
from ldap2scim.model import ResourceType
from ldap2scim.secret import Secret
from ldap2scim.state import postgresql
from ldap2scim.state.access import StateReader
from ldap2scim.state.failures import explain, translated
from ldap2scim.state.image import image_writer
from ldap2scim.state.lease import TTL, acquire
from ldap2scim.state.location import StateDatabase, database_at
from ldap2scim.state.store import open_store
from tests.servers.postgres import USER, Postgres
from tests.state.worlds import FakeClock, group, key, map_all, person, read

pytestmark = pytest.mark.postgres


def refused(place: str | StateDatabase, words: str, *, create: bool = True) -> StateError:
    """Return a refusal, which has a remedy and shows no password."""
    with pytest.raises(StateError, match=words) as caught:
        open_store(place, create=create)
    assert caught.value.remedy
    return caught.value


def test_a_wrong_password_is_refused_without_showing_it(postgres: Postgres) -> None:
    """Neither the message nor anything that a traceback shows holds the password; the remedy names its places."""
    wrong = replace(postgres.make_schema(), password=Secret("hunter2"))
    error = refused(wrong, "refuses the login")

    assert "~/.pgpass" in error.remedy
    assert "hunter2" not in "".join(traceback.format_exception(error))
    assert "hunter2" not in repr(wrong)


def test_a_database_that_does_not_exist_is_named(postgres: Postgres) -> None:
    """The remedy says how one is made."""
    assert "createdb" in refused(postgres.location(database="nowhere"), "no state database .*/nowhere").remedy


def test_a_database_of_another_encoding_is_refused(postgres: Postgres) -> None:
    """Names are of every script; a database that cannot keep them is refused before the first table."""
    name = postgres.make_database().url.rsplit("/", 1)[-1]
    libc = "LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0"
    postgres.do(f"DROP DATABASE {name}", f"CREATE DATABASE {name} ENCODING 'LATIN1' {libc}")

    assert "createdb" in refused(postgres.location(database=name), "keeps text as LATIN1").remedy


def test_a_server_that_is_not_there_is_named() -> None:
    """The message says where was asked; the next run settles what was under way."""
    error = refused(
        "postgresql://sync:hunter2@127.0.0.1:1/state", r"postgresql://sync@127\.0\.0\.1:1/state cannot be reached"
    )

    assert "hunter2" not in "".join(traceback.format_exception(error))


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver is an extra: who needs it is told how to install it."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)

    assert "pip install 'ldap2scim[postgres]'" in refused("postgresql://db/state", "driver").remedy


def test_another_program_s_database_is_left_alone(postgres: Postgres) -> None:
    """A database with other tables gets none of ours."""
    place = postgres.make_database()
    name = place.url.rsplit("/", 1)[-1]
    postgres.do("CREATE TABLE songs (title text)", database=name)

    refused(place, "not a state")
    with closing(postgres.connect(name)) as connection:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert found == [("songs",)]


def test_an_empty_database_is_no_state_where_none_may_be_made(postgres: Postgres) -> None:
    """Commands that only look make no tables."""
    assert "ldap2scim plan" in refused(postgres.make_schema(), "There is no state in", create=False).remedy


def test_a_database_that_is_read_only_says_so(postgres: Postgres) -> None:
    """As a standby is: it can be read, and the first write names what to do."""
    place = postgres.make_database()
    open_store(place).close()
    name = place.url.rsplit("/", 1)[-1]
    postgres.do(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with open_store(place) as store, pytest.raises(StateError, match="read-only") as caught:
        acquire(store, "service", "a")

    assert "standby" in caught.value.remedy


def test_another_writer_is_waited_for_and_named(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """One writer at a time: the second waits, and then says why it ends."""
    monkeypatch.setattr(postgresql, "BUSY_SECONDS", 0.1)
    place = postgres.make_schema()
    with open_store(place) as first, open_store(place) as second, first.write():
        with pytest.raises(StateError, match="in use by another process"):
            acquire(second, "service", "b")
        with second.read() as connection:
            assert connection.scalar(text("SELECT count(*) FROM runs")) == 0


def test_states_in_schemas_of_one_database_do_not_meet(postgres: Postgres) -> None:
    """Two installations may share a database; the writer of one does not wait for that of the other."""
    with open_store(postgres.make_schema()) as one, open_store(postgres.make_schema()) as other, one.write():
        assert acquire(other, "service", "b").token == 1


def test_a_reader_sees_one_moment(postgres: Postgres) -> None:
    """What is written meanwhile is not seen by half."""
    with open_store(postgres.make_schema()) as store:
        lease = acquire(store, "service", "a")
        read(lease, [person("a")])
        with store.read() as before:
            assert before.scalar(text("SELECT count(*) FROM image")) == 1
            read(lease, [person("a"), person("b")])
            assert before.scalar(text("SELECT count(*) FROM image")) == 1


def test_two_processes_may_make_the_same_store(postgres: Postgres) -> None:
    """Both find a whole schema, whoever was first."""
    url = postgres.url(postgres.make_schema())
    program = f"from ldap2scim.state.store import open_store; open_store({url!r}).close()"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    both = [subprocess.Popen([sys.executable, "-c", program], env=environment) for _ in range(2)]

    assert [process.wait(60) for process in both] == [0, 0]


def test_the_password_may_be_in_pgpass(postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked up by host, port, database and user; the settings hold none."""
    file = tmp_path / "pgpass"
    file.touch(0o600)
    file.write_text(f"{postgres.host}:{postgres.port}:*:{USER}:{postgres.password}\n")
    monkeypatch.setenv("PGPASSFILE", str(file))

    open_store(replace(postgres.make_schema(), password=None)).close()


def test_text_with_a_nul_is_kept_with_its_picture(postgres: Postgres) -> None:
    """PostgreSQL's text cannot hold U+0000: one odd value ends no read, by statement and by COPY."""
    with open_store(postgres.make_schema()) as store:
        lease = acquire(store, "service", "a")
        for people in (["odd"], [f"p{number}" for number in range(30)]):
            rows = [replace(person(name), uid=f"{name}\0") for name in people]
            read(lease, rows)
            assert read(lease, rows).unchanged == len(rows)
        map_all(lease)
        with store.read() as connection:
            assert connection.scalar(text("SELECT uid FROM image WHERE uid LIKE 'p1_'")).endswith("\u2400")


def test_order_is_that_of_code_points(postgres: Postgres) -> None:
    """Whatever language the database sorts in, what is sorted there is sorted as Python does."""
    with open_store(postgres.make_schema()) as store:
        lease = acquire(store, "service", "a")
        people = ["a", "B", "ä", "é", "Z", "z", "_"]
        read(lease, [person(name) for name in people])
        with store.read() as connection:
            found = connection.execute(text("SELECT key FROM image ORDER BY key")).scalars().all()

    assert found == sorted(key(name) for name in people)


def test_a_row_that_contradicts_is_refused_without_its_values(postgres: Postgres) -> None:
    """PostgreSQL shows the row in its own words; they are people's data, and no traceback has them."""
    with open_store(postgres.make_schema()) as store:
        read(acquire(store, "service", "a"), [person("yamada")])
        with (
            pytest.raises(StateError, match="contradicts itself: constraint image_pkey") as caught,
            store.write() as writer,
        ):
            writer.execute(text("INSERT INTO image SELECT * FROM image"))
        with pytest.raises(StateError, match="22P02") as other, store.write() as writer:
            writer.execute(text("SELECT CAST(login AS integer) FROM (SELECT 'yamada' AS login) AS people"))

    for one in (caught.value, other.value):
        assert "yamada" not in "".join(traceback.format_exception(one))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (psycopg.errors.DiskFull(), "There is no room left"),
        (psycopg.errors.InsufficientPrivilege(), "does not let this user"),
        (psycopg.errors.TooManyConnections(), "reached a limit"),
        (psycopg.errors.AdminShutdown(), "cannot be reached"),
        (psycopg.errors.DataCorrupted(), "is damaged"),
        (psycopg.errors.InvalidSchemaName(), "no schema"),
        (psycopg.errors.SerializationFailure(), "in use"),
        (psycopg.errors.ProgramLimitExceeded(), "cannot index a name"),
        (psycopg.errors.UndefinedTable(), "failed: PostgreSQL error 42P01"),
    ],
)
def test_what_the_server_says_is_put_in_an_administrator_s_words(error: psycopg.Error, words: str) -> None:
    """By SQLSTATE, or by its class."""
    said = explain(error, "postgresql://db/state")

    assert words in said.message
    assert "postgresql://db/state" in said.message
    assert said.remedy


def test_errors_of_others_pass(postgres: Postgres) -> None:
    """What is no failure of a database is not called one."""
    with pytest.raises(ZeroDivisionError), translated("here"):
        raise ZeroDivisionError


def test_a_lease_goes_by_the_clock_of_the_server(postgres: Postgres) -> None:
    """Hosts whose clocks differ agree on when a lease ends."""
    with open_store(postgres.make_schema()) as store:
        acquire(store, "service", "a")
        with store.read() as connection:
            expires = connection.scalar(text("SELECT expires_at FROM lease"))
            now = connection.scalar(text("SELECT extract(epoch FROM clock_timestamp()) * 1000000"))
            assert store.now(connection).tzinfo is UTC
    with open_store(postgres.make_schema(), clock=FakeClock()) as store, store.read() as connection:
        assert store.now(connection) == FakeClock().now

    assert timedelta(0) <= TTL - timedelta(microseconds=int(expires) - int(now)) < timedelta(seconds=30)


def test_a_silent_writer_is_ended_and_one_with_a_heartbeat_is_not(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that went away in the middle of a transaction blocks nobody for ever; a long read goes on."""
    monkeypatch.setattr(postgresql, "SILENT_SECONDS", 1)
    with open_store(postgres.make_schema()) as store:
        lease = acquire(store, "service", "a")
        silent = threading.Event()

        def long_read(*, beats: bool) -> None:
            with image_writer(lease, "corp") as image:
                until = datetime.now(UTC) + timedelta(seconds=2.5)
                while datetime.now(UTC) < until:
                    silent.wait(0.2)
                    if beats:
                        lease.renew()
                image.put(ResourceType.USER, [person("a")])

        long_read(beats=True)
        with pytest.raises(StateError, match=r"no sign of life|cannot be reached") as caught:
            long_read(beats=False)
        assert caught.value.remedy
        lease.renew()  # the next transaction has a connection of its own


def test_a_connection_that_was_cut_between_two_transactions_is_replaced(postgres: Postgres) -> None:
    """A server that was started again is no reason to fail where nothing was under way."""
    with open_store(postgres.make_schema()) as store:
        lease = acquire(store, "service", "a")
        read(lease, [person("a")], [group("g", ["a"])])
        postgres.do("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ldap2scim'")
        assert read(lease, [person("a")], [group("g", ["a"])]).unchanged == 2
        assert StateReader(store).snapshot.counts() == {}


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (
            "postgresql://sync:p%40ss@db.example.com:5433/state?sslmode=verify-full",
            "postgresql://sync@db.example.com:5433/state",
        ),
        ("postgres://db/state", "postgresql://db/state"),
        ("postgresql+psycopg://db/state", "postgresql://db/state"),
        ("postgresql:///state?host=/run/postgresql", "postgresql:///run/postgresql/state"),
    ],
)
def test_a_place_is_shown_without_password_and_options(written: str, shown: str) -> None:
    """What a person reads names server and database."""
    found = database_at(written)

    assert str(found) == shown
    assert found.password == (Secret("p@ss") if "@db.example" in written else None)
    assert "p%40ss" not in repr(found)


@pytest.mark.parametrize(
    "written",
    ["postgresql://db", "postgresql://db/", "postgresql://db/state?password=hunter2", "postgresql://db:port/state"],
)
def test_a_url_that_cannot_be_used_is_refused(written: str) -> None:
    """What is missing is said, and no part of the URL: it may hold a password."""
    assert "hunter2" not in str(refused(written, "The address of the state"))
