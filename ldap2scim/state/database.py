"""What the store asks of a database; everything else is one path for all of them."""

from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection, Engine

WRITES = "writes"
"""Execution option of a connection whose transaction is to be the one writer's, from its beginning."""


class Database(Protocol):
    """One of the databases that hold a state (`sqlite`, `postgresql`)."""

    @property
    def place(self) -> str:
        """What a person calls it; no password is in it."""

    def open(self, *, create: bool) -> Engine:
        """Return the engine, with the database there and whole.

        Its transactions see one consistent state; one with the option `WRITES` is alone with it, or waits for the
        other one for some seconds.

        Raises:
            StateError: it is missing, damaged, or not accessible.
        """

    def settle(self, engine: Engine) -> None:
        """Do what is left to do once it is known to be ours."""

    def is_whole(self, engine: Engine) -> bool:
        """Say whether it is undamaged, as far as it can tell; asked when something was read that cannot be."""

    def back_up(self, engine: Engine, version: int) -> str | None:
        """Copy it before its tables change and return where to; None: it undoes a failed change by itself."""

    def rewrite(self, engine: Engine) -> None:
        """Write it anew without what was deleted."""

    def rest(self, engine: Engine) -> None:
        """Let go of what idle connections keep of it in memory."""

    def current(self, connection: Connection) -> datetime | None:
        """Return the present moment by the one clock that all its users share; None: it has none."""

    def touch(self, connection: Connection) -> None:
        """Give a sign of life within the writer's transaction, from another thread."""
