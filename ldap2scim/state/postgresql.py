"""The state in a PostgreSQL database, for several workers or hosts that share it.

The one writer holds an advisory lock until its transaction ends. A host that went away with it, or a process that was
stopped, is noticed by the server: it ends a session that is silent inside a transaction, so that nobody waits for ever.
"""

import importlib.util
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, FromClause, create_engine, event, make_url

from ldap2scim.errors import StateError
from ldap2scim.state.database import WRITES
from ldap2scim.state.location import StateDatabase
from ldap2scim.state.schema import metadata

BUSY_SECONDS = 10
"""How long to wait for another writer."""
SILENT_SECONDS = 120
"""How long a writer's transaction may be silent; heartbeats come several times within it."""
_LOCK = "SELECT pg_advisory_xact_lock(1818452082, hashtext(current_schema()))"
"""The first number is ours, the second that of the schema: one database may hold several states, each in its own."""
_FIRST_COPY = 20
"""Rows from which a COPY is quicker than single statements."""


@dataclass(frozen=True, slots=True)
class PostgreSQL:
    """One database."""

    location: StateDatabase

    @property
    def place(self) -> str:
        """What a person calls it."""
        return str(self.location)

    def open(self, *, create: bool) -> Engine:  # noqa: ARG002 (tables are made where they are looked for)
        """Return the engine; it connects when it is first used.

        Raises:
            StateError: the driver is not installed.
        """
        if importlib.util.find_spec("psycopg") is None:
            raise StateError(
                f"The state is to be kept in {self.place}, and the driver for it is not installed.",
                "Install it: pip install 'ldap2scim[postgres]'.",
            )
        return _engine(self.location)

    def settle(self, engine: Engine) -> None:
        """Do nothing more."""

    def is_whole(self, engine: Engine) -> bool:  # noqa: ARG002 (as the file has it)
        """Return True: the server looks after its pages, and says so (`failures`)."""
        return True

    def back_up(self, engine: Engine, version: int) -> str | None:  # noqa: ARG002 (as the file has it)
        """Return None: changes of tables are part of the transaction here."""
        return None

    def rewrite(self, engine: Engine) -> None:
        """Write our tables anew; what the server's own log has of the past is the server's business."""
        with closing(engine.raw_connection()) as connection:
            driver: Any = connection.driver_connection
            driver.autocommit = True  # it refuses to be part of a transaction
            try:
                driver.execute(f"VACUUM FULL {', '.join(metadata.tables)}")
            finally:
                driver.autocommit = False

    def rest(self, engine: Engine) -> None:
        """Do nothing: the server keeps what it likes in its own memory."""

    def current(self, connection: Connection) -> datetime | None:
        """Return the server's time: hosts that share a lease need not agree on theirs."""
        now: datetime = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
        return now.astimezone(UTC)

    def touch(self, connection: Connection) -> None:
        """Say something on the writer's connection; psycopg lets one thread after the other."""
        import psycopg

        with suppress(psycopg.Error):  # the writer meets the same trouble, and says it
            driver: Any = connection.connection.driver_connection
            driver.execute("SELECT 1")


def _engine(location: StateDatabase) -> Engine:
    url = make_url(location.url).set(drivername="postgresql+psycopg")
    if location.password is not None:
        url = url.set(password=location.password.reveal())
    arguments = {
        "connect_timeout": 10,
        "application_name": "ldap2scim",
        "client_encoding": "utf8",
        # A server that went away is noticed within a minute, by idle and by busy connections.
        "keepalives_idle": 20,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "tcp_user_timeout": 50_000,
    }
    written = {name: value for name, value in arguments.items() if name not in url.query}
    # pool_pre_ping: a server that was started again between two transactions is no reason to fail.
    engine = create_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args=written)

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:  # noqa: ANN401 (the driver's types)
        _require_utf8(connection, str(location))
        _take_any_text(connection)
        # The other direction: the server notices that this host went away.
        connection.execute(
            f"SET lock_timeout = '{BUSY_SECONDS}s'; SET tcp_keepalives_idle = 20; SET tcp_keepalives_interval = 10; "
            "SET tcp_keepalives_count = 3"
        )
        connection.commit()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get(WRITES):
            silent = f"SET LOCAL idle_in_transaction_session_timeout = '{SILENT_SECONDS}s'"
            connection.exec_driver_sql(f"{silent}; {_LOCK}")
        else:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")

    return engine


def _require_utf8(connection: Any, place: str) -> None:  # noqa: ANN401 (the driver's types)
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise StateError(
            f"The state database {place} keeps text as {encoding}, which has no room for every name.",
            "Make another: createdb --encoding=UTF8 --template=template0 --owner=USER NAME.",
        )


def _take_any_text(connection: Any) -> None:  # noqa: ANN401 (the driver's types)
    """Let U+0000, which PostgreSQL's text cannot hold, become its picture: one odd value must not end a run."""
    from psycopg.types.string import StrDumper, StrDumperUnknown

    class Typed(StrDumper):
        def dump(self, obj: str) -> Any:  # noqa: ANN401 (the driver's types)
            return super().dump(obj.replace("\0", "\u2400") if "\0" in obj else obj)

    class Unknown(StrDumperUnknown):
        def dump(self, obj: str) -> Any:  # noqa: ANN401 (the driver's types)
            return super().dump(obj.replace("\0", "\u2400") if "\0" in obj else obj)

    connection.adapters.register_dumper(str, Typed)
    connection.adapters.register_dumper(str, Unknown)


def copy_rows(
    connection: Connection, table: FromClause, names: Sequence[str], rows: Sequence[Sequence[object]]
) -> bool:
    """Add rows by COPY, several times as quick as statements; False: they are too few for that."""
    if len(rows) < _FIRST_COPY:
        return False
    quoted = connection.dialect.identifier_preparer
    columns = ", ".join(map(quoted.quote, names))
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {quoted.quote(str(table))} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    return True
