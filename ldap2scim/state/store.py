"""The state store: one database, opened, checked, and shared by readers and one writer."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, Engine, update

from ldap2scim.errors import StateError
from ldap2scim.state.database import WRITES, Database
from ldap2scim.state.failures import corrupted, translated
from ldap2scim.state.location import Location, StateDatabase, StateFile, database_at, is_database_url
from ldap2scim.state.schema import meta
from ldap2scim.state.versions import bring_up_to_date, require_present

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


class Store:
    """An open state store. Close it, or use it as a context manager."""

    def __init__(self, database: Database, engine: Engine, clock: Clock) -> None:
        self._database = database
        self._engine = engine
        self._writing = threading.Lock()
        self._writer_thread: int | None = None
        self._touching = threading.Lock()
        self._touchable: Connection | None = None
        self.place = database.place
        """What a person calls the store: the file's path, or the database's address."""
        self.clock = clock

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one consistent state.

        Raises:
            StateError: the store cannot be read.
        """
        with _told(self._database, self._engine), self._engine.connect() as connection, connection.begin():
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
        """As `write`, but give None at once where a write transaction of this process is open, and keep that alive."""
        if not self._writing.acquire(blocking=False):
            self._touch()
            yield None
            return
        try:
            with self._write_alone() as connection:
                yield connection
        finally:
            self._writing.release()

    def now(self, connection: Connection) -> datetime:
        """Return the present moment for what several hosts compare: by the database's clock where it has one."""
        shared = self._database.current(connection) if self.clock is utc_now else None
        return shared or self.clock()

    @contextmanager
    def _write_alone(self) -> Iterator[Connection]:
        self._writer_thread = threading.get_ident()
        try:
            with _told(self._database, self._engine), self._engine.connect() as plain:
                connection = plain.execution_options(**{WRITES: True})
                with connection.begin():
                    self._touchable = connection
                    try:
                        yield connection
                    finally:
                        with self._touching:
                            self._touchable = None
        finally:
            self._writer_thread = None

    def _touch(self) -> None:
        with self._touching:
            if self._touchable is not None:
                self._database.touch(self._touchable)

    def require_writable(self) -> None:
        """Write something that stands there already: what may only be read opens, and begins, like any other.

        Raises:
            StateError: the store cannot be written, is full, or another process holds it.
        """
        with self.write() as connection:
            connection.execute(update(meta).values(value=meta.c.value))

    def rewrite(self) -> None:
        """Write everything anew, so that nothing can be read any more of what was deleted.

        Raises:
            StateError: it cannot be written, or another process has it open.
        """
        with self._writing, translated(self.place):
            self._database.rewrite(self._engine)

    def rest(self) -> None:
        """Let go of what is only kept in memory to read it quicker a second time.

        Raises:
            StateError: the store cannot be read.
        """
        with translated(self.place):
            self._database.rest(self._engine)

    def close(self) -> None:
        """Close every connection; the last one folds SQLite's write-ahead log back into the file."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_store(place: str | Path | Location, *, create: bool = True, clock: Clock = utc_now) -> Store:
    """Open a state; one of an older version is upgraded, a file of one after a copy of it was made.

    Args:
        place: a location, a path, or a URL (`sqlite:///path`, `postgresql://user@host/database`). A new file is
            readable by its owner alone.
        create: make what is missing.
        clock: gives the present moment in UTC; for leases, the journal and records of runs.

    Raises:
        StateError: missing, not ours, of a newer or a much older version, damaged, or not accessible.
    """
    database = _database(place)
    engine = database.open(create=create)
    try:
        with _told(database, engine):
            bring_up_to_date(database, engine, create=create)
            database.settle(engine)
    except BaseException:
        engine.dispose()
        raise
    return Store(database, engine, clock)


def open_as_it_is(place: str | Path | Location) -> Store:
    """Open a state to read it; one of an older version is refused, and stays what it is.

    Raises:
        StateError: missing, not ours, of another version, damaged, or not accessible.
    """
    database = _database(place)
    engine = database.open(create=False)
    try:
        with _told(database, engine):
            require_present(database, engine)
    except BaseException:
        engine.dispose()
        raise
    return Store(database, engine, utc_now)


@contextmanager
def _told(database: Database, engine: Engine) -> Iterator[None]:
    """Turn what databases and damaged records raise into a StateError."""
    try:
        with translated(database.place):
            yield
    except (MemoryError, ValueError) as error:  # what the driver makes of some damaged records, and what we do
        if database.is_whole(engine):
            raise
        raise corrupted(database.place) from error


def _database(place: str | Path | Location) -> Database:
    if isinstance(place, str) and is_database_url(place):
        try:
            place = database_at(place)
        except ValueError as error:
            raise StateError(f"The address of the state {error}", "Correct `state` in the settings.") from error
    if isinstance(place, StateDatabase):
        from ldap2scim.state.postgresql import PostgreSQL

        return PostgreSQL(place)
    from ldap2scim.state.sqlite import file_at

    return file_at(place.path if isinstance(place, StateFile) else place)
