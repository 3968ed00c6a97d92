"""The state store: one SQLite file, opened, checked, and shared by readers and one writer."""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import URL, Connection, Engine, create_engine, event, insert, inspect, make_url, select
from sqlalchemy.exc import ArgumentError

from ldap2scim.errors import StateError
from ldap2scim.state.failures import corrupted, in_use, translated
from ldap2scim.state.schema import SCHEMA_VERSION, meta, metadata

Clock = Callable[[], datetime]
BUSY_SECONDS = 10
"""How long to wait for another process that writes. A directory's read holds the file longer: then we say so."""


def utc_now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


class Store:
    """An open state store. Close it, or use it as a context manager."""

    def __init__(self, engine: Engine, place: str, clock: Clock) -> None:
        self._engine = engine
        self._writing = threading.Lock()
        self._writer_thread: int | None = None
        self.place = place
        """What a person calls the store: the file's path."""
        self.clock = clock

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one consistent state.

        Raises:
            StateError: the store cannot be read.
        """
        with translated(self.place), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection in a write transaction; committed at the end, rolled back after an error.

        One at a time within the process; other processes are kept out by the database. The writers of a run go
        through `Lease.write`, which also checks that the run still holds its lease.

        Raises:
            StateError: the store cannot be written, is full, or another process holds it.
        """
        if self._writer_thread == threading.get_ident():
            raise RuntimeError("a write transaction of this thread is open already")
        with self._writing, self._write_alone() as connection:
            yield connection

    @contextmanager
    def write_unless_writing(self) -> Iterator[Connection | None]:
        """As `write`, but give None at once where a write transaction of this process is open."""
        if not self._writing.acquire(blocking=False):
            yield None
            return
        try:
            with self._write_alone() as connection:
                yield connection
        finally:
            self._writing.release()

    @contextmanager
    def _write_alone(self) -> Iterator[Connection]:
        self._writer_thread = threading.get_ident()
        try:
            with translated(self.place), self._engine.connect() as plain:
                # IMMEDIATE takes the write lock at once; a transaction that starts as a reader and then writes can
                # be refused half-way (SQLITE_BUSY_SNAPSHOT), and waiting would not help it.
                connection = plain.execution_options(begin="BEGIN IMMEDIATE")
                with connection.begin():
                    yield connection
        finally:
            self._writer_thread = None

    def close(self) -> None:
        """Close every connection; the last one folds the write-ahead log back into the file."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_store(place: str | Path, *, create: bool = True, clock: Clock = utc_now) -> Store:
    """Open the state in a file, given as a path or as `sqlite:///path`.

    Args:
        place: the file. A new one is readable by its owner alone.
        create: make the file where it is missing.
        clock: gives the present moment in UTC; for leases, the journal and records of runs.

    Raises:
        StateError: missing, not ours, of another version, damaged, or not accessible.
    """
    url, path = _locate(place)
    name = str(path)
    unclean = _prepare(path, create)
    engine = _engine(url)
    try:
        with translated(name):
            if unclean:
                _quick_check(engine, name)
            _check_version(engine, name)
            _write_ahead(engine, name)
    except BaseException:
        engine.dispose()
        raise
    return Store(engine, name, clock)


def _locate(place: str | Path) -> tuple[URL, Path]:
    if isinstance(place, Path) or "://" not in place:
        path = Path(place).expanduser()
        return URL.create("sqlite", database=str(path)), path
    try:
        url = make_url(place)
    except ArgumentError as error:
        raise StateError(
            "The address of the state store is not a URL.", "Write a path, or `sqlite:///PATH`."
        ) from error
    if url.get_backend_name() != "sqlite" or not url.database:
        raise StateError(
            f"The state cannot be kept in {url.get_backend_name()} by this version.",
            "Write the path of a file, or `sqlite:///PATH`.",
        )
    return url, Path(url.database.removeprefix("file:"))


def _prepare(path: Path, create: bool) -> bool:
    """See that the file is there; say whether it was left without being closed."""
    if path.is_dir():
        raise StateError(f"The state file {path} is a folder.", "Name a file in the settings (`state`).")
    try:
        if not path.exists():
            _create(path, create)
        log = path.with_name(path.name + "-wal")
        return log.exists() and log.stat().st_size > 0
    except OSError as error:
        raise StateError(
            f"The state file {path} cannot be opened: {error.strerror}.",
            "Check that the user who runs ldap2scim may read and write the file and its folder.",
        ) from error


def _create(path: Path, create: bool) -> None:
    if not create:
        raise StateError(f"There is no state file {path} yet.", "Run `ldap2scim plan` first, which makes it.")
    if not path.parent.is_dir():
        raise StateError(
            f"The folder of the state file {path} does not exist.", f"Make the folder {path.parent} and run again."
        )
    # SQLite gives the mode of the main file to its log files.
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _engine(url: URL) -> Engine:
    # hide_parameters: parameters are people's data, and SQLAlchemy prints them in errors.
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:  # noqa: ANN401 (the driver's types)
        # The driver must not open transactions by itself: they start in _begin, as readers or as writers.
        connection.isolation_level = None
        # FULL: a `started` record is on the disk before its request is sent. Measured at 0.1 ms a commit over
        # NORMAL, and commits are batched.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA cache_size = -32768")
        # Fold the log back every 64 MB, not every 4: pages of the indexes over random keys are written again and again.
        connection.execute("PRAGMA wal_autocheckpoint = 16384")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))

    return engine


def _quick_check(engine: Engine, name: str) -> None:
    with engine.connect() as connection:
        if connection.exec_driver_sql("PRAGMA quick_check(1)").scalar() != "ok":
            raise corrupted(name)


def _check_version(engine: Engine, name: str) -> None:
    with engine.connect() as connection:
        if inspect(connection).has_table(meta.name):
            version = connection.scalar(select(meta.c.value).where(meta.c.name == "schema_version"))
            _refuse_other_version(version, name)
            return
        if inspect(connection).get_table_names():
            raise StateError(
                f"{name} is a database, but not a state file of ldap2scim.",
                "Name another file as the state in the settings.",
            )
    with engine.connect() as plain:
        connection = plain.execution_options(begin="BEGIN IMMEDIATE")
        with connection.begin():
            metadata.create_all(connection)  # leaves alone what another process made meanwhile
            if connection.scalar(select(meta.c.value).where(meta.c.name == "schema_version")) is None:
                connection.execute(insert(meta), {"name": "schema_version", "value": str(SCHEMA_VERSION)})


def _write_ahead(engine: Engine, name: str) -> None:
    """Switch to the write-ahead log, which the file remembers; a file that is not ours was refused before."""
    deadline = time.monotonic() + BUSY_SECONDS
    while not _switched(engine):
        if time.monotonic() > deadline:
            raise in_use(name)
        time.sleep(BUSY_SECONDS / 200)


def _switched(engine: Engine) -> bool:
    """Say whether the log is in use; not yet, while another process reads or switches the same new file.

    SQLite refuses this one statement at once where waiting could be for ever (two that both wish to switch), whatever
    the time-out of the connection.
    """
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            return False
        raise
    finally:
        connection.close()
    return True


def _refuse_other_version(version: str | None, name: str) -> None:
    if version == str(SCHEMA_VERSION):
        return
    found = int(version) if version is not None and version.isdecimal() else 0
    if found > SCHEMA_VERSION:
        raise StateError(
            f"The state file {name} has schema version {found}; this program knows {SCHEMA_VERSION}.",
            "A newer ldap2scim has used it: install that version again.",
        )
    raise StateError(
        f"The state file {name} has schema version {version or 'none'}; this program needs {SCHEMA_VERSION}.",
        "Use the version of ldap2scim that wrote it, or move the file away and run `ldap2scim recover`, "
        "which rebuilds the state from the directory and the service.",
    )
