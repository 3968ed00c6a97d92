"""PostgreSQL with a cluster of its own in a folder, without the system's service; root lends it to an ordinary user.

It sorts as English does (ICU), so that nobody relies on the order of code points. Over TCP it wants the password.
"""

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg

from ldap2scim.secret import Secret
from ldap2scim.state.location import StateDatabase
from tests.servers.available import postgres_program
from tests.servers.process import LOOPBACK, Daemon, ServerDidNotStart, free_port

USER = "sync"
_ACCESS = "local all all trust\nhost all all 0.0.0.0/0 scram-sha-256\n"
# The tests end servers, never the machine: nothing need reach the disk.
_SPEED = ("fsync=off", "full_page_writes=off", "shared_buffers=32MB", "autovacuum=off", "jit=off", "max_wal_size=256MB")


@dataclass(slots=True)
class Postgres:
    """A PostgreSQL that runs."""

    folder: Path
    """Its user may look into it."""
    port: int = field(default_factory=free_port)
    password: str = field(default_factory=lambda: secrets.token_hex(16))
    host: str = LOOPBACK
    daemon: Daemon = field(init=False)

    def __post_init__(self) -> None:
        self.listen(LOOPBACK)

    def listen(self, *addresses: str) -> None:
        """Listen on these addresses from the next start on."""
        options = (*_SPEED, f"listen_addresses={','.join(addresses)}", f"unix_socket_directories={self.folder}")
        settings = [word for option in options for word in ("-c", option)]
        command = [_program("postgres"), "-D", str(self.folder / "data"), "-p", str(self.port), *settings]
        self.daemon = Daemon(_as_its_user(command), (self.port,), self.folder / "postgres.log")

    def initialise(self) -> None:
        """Make the cluster; only before the first start."""
        password_file = self.folder / "password"
        password_file.write_text(self.password)
        _give(password_file)
        command = [
            *(_program("initdb"), "-D", str(self.folder / "data"), "-U", USER, f"--pwfile={password_file}"),
            *("--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US"),
        ]
        done = subprocess.run(
            _as_its_user(command), cwd=self.folder, capture_output=True, text=True, check=False, timeout=120
        )
        if done.returncode:
            raise ServerDidNotStart(f"initdb: {done.stdout}{done.stderr}")
        (self.folder / "data" / "pg_hba.conf").write_text(_ACCESS)

    def start(self) -> None:
        """Start, again after `stop` or `kill` as well: the data stay."""
        self.daemon.start()
        deadline = time.monotonic() + 60
        while True:  # the port answers while the server still recovers
            try:
                self.do("SELECT 1")
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    raise ServerDidNotStart(self.daemon.log()) from error
                time.sleep(0.02)
            else:
                return

    def stop(self) -> None:
        """End it in order; connections are cut."""
        self._end("fast")

    def kill(self) -> None:
        """End it at once, as a power cut would: the next start recovers from its log."""
        self._end("immediate")

    def _end(self, mode: str) -> None:
        # A signal to the group would reach the first process alone: each session is one of its own.
        command = [_program("pg_ctl"), "stop", "-D", str(self.folder / "data"), "-m", mode]
        subprocess.run(_as_its_user(command), cwd=self.folder, capture_output=True, check=False, timeout=60)
        self.daemon.kill()

    def do(self, *statements: str, database: str = "postgres") -> None:
        """Execute statements as the administrator."""
        with self.connect(database) as connection:
            for statement in statements:
                connection.execute(statement)

    def connect(self, database: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
        """Open a connection of the administrator, each statement a transaction of its own."""
        return psycopg.connect(host=str(self.folder), port=self.port, user=USER, dbname=database, autocommit=True)

    def make_schema(self) -> StateDatabase:
        """Make an empty schema, which is a state of its own, and return where it is."""
        name = f"state_{secrets.token_hex(6)}"
        self.do(f"CREATE SCHEMA {name}")
        return self.location(f"options={quote(f'-csearch_path={name}')}")

    def make_database(self) -> StateDatabase:
        """Make an empty database and return where it is."""
        name = f"state_{secrets.token_hex(6)}"
        self.do(f"CREATE DATABASE {name}")
        return self.location(database=name)

    def url(self, location: StateDatabase) -> str:
        """Return the URL of a place at this server with its password, as a settings file may hold it."""
        return location.url.replace(f"{USER}@", f"{USER}:{self.password}@", 1)

    def location(self, query: str = "", database: str = "postgres", host: str | None = None) -> StateDatabase:
        """Return a place at this server."""
        url = f"postgresql://{USER}@{host or self.host}:{self.port}/{database}"
        return StateDatabase(f"{url}?{query}" if query else url, Secret(self.password))


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Run a PostgreSQL with a new cluster.

    Raises:
        ServerDidNotStart: with the words of initdb, or of the server.
    """
    # pytest's folders are closed to everybody else.
    folder = Path(tempfile.mkdtemp(prefix="ldap2scim-postgres-"))
    try:
        _give(folder)
        server = Postgres(folder)
        server.initialise()
        server.start()
        try:
            yield server
        finally:
            server.kill()
    finally:
        shutil.rmtree(folder)


def _user() -> str | None:
    """Return whose the cluster is; None: our own, since PostgreSQL refuses root alone."""
    if os.geteuid() != 0:
        return None
    return next(name for name in ("postgres", "nobody") if name in {entry.pw_name for entry in pwd.getpwall()})


def _give(path: Path) -> None:
    if (user := _user()) is not None:
        shutil.chown(path, user, pwd.getpwnam(user).pw_gid)


def _as_its_user(command: Sequence[str]) -> Sequence[str]:
    user = _user()
    if user is None:
        return command
    return ("setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--clear-groups", "--", *command)


def _program(name: str) -> str:
    found = postgres_program(name)
    assert found is not None, f"{name} is not installed; call require('postgres') first"
    return found
