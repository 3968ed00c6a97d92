"""The state in one file of SQLite: made for its owner alone, checked after an unclean end, with a write-ahead log."""

import os
import sqlite3
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import QueuePool

from ldap2scim.errors import StateError
from ldap2scim.state.database import WRITES
from ldap2scim.state.failures import corrupted, in_use, not_opened, translated

BUSY_SECONDS = 10
"""How long to wait for another process that writes. A directory's read holds the file longer: then we say so."""


_WRITERS_CACHE = -32 * 1024
"""KiB, as the minus says: room for the indexes over random keys of a hundred thousand entries."""
_READERS_CACHE = -4 * 1024
"""Readers go through tables in their order; the system's own cache has the pages anyway."""


def file_at(place: str | Path) -> "SQLiteFile":
    """Return the file that a path or a URL `sqlite:///PATH` names.

    Raises:
        StateError: it is another kind of URL.
    """
    if isinstance(place, Path) or "://" not in place:
        path = Path(place).expanduser()
        return SQLiteFile(path, URL.create("sqlite", database=str(path)))
    try:
        url = make_url(place)
    except ArgumentError as error:
        raise StateError("The address of the state store is not a URL.", _FORMS) from error
    if url.get_backend_name() != "sqlite" or not url.database:
        raise StateError(f"The state cannot be kept in {url.get_backend_name()}.", _FORMS)
    return SQLiteFile(Path(url.database.removeprefix("file:")), url)


@dataclass(frozen=True, slots=True)
class SQLiteFile:
    """One file."""

    path: Path
    url: URL = field(repr=False)

    @property
    def place(self) -> str:
        """What a person calls it."""
        return str(self.path)

    def open(self, *, create: bool) -> Engine:
        """Return the engine, with the file in place and whole.

        Raises:
            StateError: missing, damaged, or not accessible.
        """
        unclean = _prepare(self.path, create)
        engine = _engine(self.url)
        if unclean:
            try:
                with translated(self.place):
                    _quick_check(engine, self.place)
            except BaseException:
                engine.dispose()
                raise
        return engine

    def settle(self, engine: Engine) -> None:
        """Switch to the write-ahead log, which the file remembers; a file that is not ours was refused before.

        Raises:
            StateError: another process keeps the file.
        """
        deadline = time.monotonic() + BUSY_SECONDS
        while not _switched(engine):
            if time.monotonic() > deadline:
                raise in_use(self.place)
            time.sleep(BUSY_SECONDS / 200)  # SQLite itself does not wait for this one, see `_switched`

    def is_whole(self, engine: Engine) -> bool:
        """Look through every page: a record that claims an impossible length is met as a lack of memory."""
        with suppress(DBAPIError, MemoryError, ValueError), engine.connect() as connection:
            return bool(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar() == "ok")
        return False

    def back_up(self, engine: Engine, version: int) -> str | None:
        """Copy the file beside itself before its tables change; an older copy of this version is replaced.

        The caller holds the write lock on another connection, so that the copy is what the upgrade starts from.
        """
        target = self.path.with_name(f"{self.path.name}.v{version}.bak")
        part = target.with_name(f"{target.name}.part")
        try:
            part.unlink(missing_ok=True)
            # SQLite would make it with the mode that the umask says; into an empty file it writes as into none.
            os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            with closing(engine.raw_connection()) as connection:  # it refuses to be part of a transaction
                connection.cursor().execute("VACUUM INTO ?", (str(part),))
            with part.open("rb") as written:
                os.fsync(written.fileno())
            part.replace(target)
        except OSError as error:
            raise StateError(
                f"The state file {self.path} cannot be copied to {target} before its upgrade: {error.strerror}.",
                "Make its folder writable, with room for the copy, and run again; nothing was changed.",
            ) from error
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
        return str(target)

    def rewrite(self, engine: Engine) -> None:
        """Write the file anew without what was deleted, and empty the log that had been beside it."""
        with closing(engine.raw_connection()) as connection:  # it refuses to be part of a transaction
            cursor = connection.cursor()
            cursor.execute("VACUUM")
            if cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                raise in_use(self.place)

    def rest(self, engine: Engine) -> None:
        """Close idle connections, each of which keeps up to 32 MB of pages (`_begin`); the pool makes others.

        `PRAGMA shrink_memory` gives back a part of them alone.
        """
        pool = engine.pool
        idle = [engine.raw_connection() for _ in range(pool.checkedin() if isinstance(pool, QueuePool) else 0)]
        for connection in idle:
            connection.detach()  # or else it would go back into the pool
            connection.close()

    def current(self, connection: Connection) -> datetime | None:  # noqa: ARG002 (as the other database has it)
        """Return None: a file has no clock of its own."""
        return None

    def touch(self, connection: Connection) -> None:
        """Do nothing: a file waits for its writer as long as the process lives."""


def _prepare(path: Path, create: bool) -> bool:
    """See that the file is there; say whether it was left without being closed."""
    try:
        if path.is_dir():
            raise StateError(f"The state file {path} is a folder.", "Name a file in the settings (`state`).")
        if not path.exists():
            _create(path, create)
        log = path.with_name(path.name + "-wal")
        return log.exists() and log.stat().st_size > 0
    except OSError as error:
        raise not_opened(str(path), error) from error


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
        # What is deleted is overwritten at once, not when its place is used again.
        connection.execute("PRAGMA secure_delete = ON")
        # Fold the log back every 64 MB, not every 4: pages of the indexes over random keys are written again and again.
        connection.execute("PRAGMA wal_autocheckpoint = 16384")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES)
        connection.exec_driver_sql(f"PRAGMA cache_size = {_WRITERS_CACHE if writes else _READERS_CACHE}")
        # IMMEDIATE takes the write lock at once; a transaction that starts as a reader and then writes can be refused
        # half-way (SQLITE_BUSY_SNAPSHOT), and waiting would not help it.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _quick_check(engine: Engine, name: str) -> None:
    with engine.connect() as connection:
        if connection.exec_driver_sql("PRAGMA quick_check(1)").scalar() != "ok":
            raise corrupted(name)


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


_FORMS = "Write the path of a file, `sqlite:///PATH`, or `postgresql://USER@HOST/DATABASE`."
