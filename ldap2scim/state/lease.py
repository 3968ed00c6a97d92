"""The lease: one run at a time, without a lock file that outlives its owner.

The token fences: every write transaction of a run checks it first, so a run that slept through its lease cannot
write over the one that came after it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from ldap2scim.errors import RunRefused
from ldap2scim.state.schema import lease
from ldap2scim.state.store import Store

TTL = timedelta(minutes=2)
"""How long a lease outlives its last sign of life. Heartbeats come several times within it."""


@dataclass(slots=True)
class _LastSign:
    """When a lease was known to be held, by the clock of this machine, which goes on while a process is stopped."""

    at: datetime | None = None
    """None: not yet, or it was found to be lost."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease held by this run; released by `release`, or by itself when it is not renewed in time."""

    store: Store
    name: str
    holder: str
    token: int
    ttl: timedelta
    _last_sign: _LastSign = field(default_factory=_LastSign, repr=False, compare=False)

    def may_be_lost(self) -> bool:
        """Say whether another run may hold the lease by now: so long has passed since the last sign of life.

        Heartbeats come so often that this is seen only by who was stopped, or slept with the machine, and woke up.
        """
        last = self._last_sign.at
        return last is None or abs(self.store.clock() - last) > self.ttl / 2

    def confirm(self) -> None:
        """Give a sign of life, whatever else is being written.

        Raises:
            RunRefused: another run took the lease since: send nothing.
            StateError: the store cannot be written.
        """
        with self.write():
            pass

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection in a write transaction of the run that holds this lease.

        The lease is renewed as the transaction commits, so that a long one does not let it expire: nobody else can
        take the lease while the transaction holds the database.

        Raises:
            RunRefused: another run took the lease since.
            StateError: the store cannot be written.
        """
        with self.store.write() as connection:
            self._check(connection)
            yield connection
            self._extend(connection)

    def renew(self) -> None:
        """Give a sign of life.

        Raises:
            RunRefused: another run took the lease since.
            StateError: the store cannot be written.
        """
        with self.store.write_unless_writing() as connection:
            if connection is not None:  # else the open transaction renews it
                self._check(connection)
                self._extend(connection)

    def release(self) -> None:
        """Give the lease back; nothing happens where another run holds it by now."""
        with self.store.write() as connection:
            connection.execute(
                update(lease)
                .where(lease.c.name == self.name, lease.c.token == self.token)
                .values(holder=None, since=None, expires_at=None)
            )

    def _check(self, connection: Connection) -> None:
        found = connection.execute(
            select(lease.c.token, lease.c.holder).where(lease.c.name == self.name).with_for_update()
        ).one_or_none()
        if found is not None and found.token == self.token and found.holder is not None:
            return
        self._last_sign.at = None
        taker = found.holder if found is not None and found.holder else "nobody"
        raise RunRefused(
            f"This run lost its lease `{self.name}` ({taker} holds it now) and may not write any more.",
            "Nothing is lost: what it had begun is settled by the next run. Look for what made it stall.",
        )

    def _extend(self, connection: Connection) -> None:
        connection.execute(
            update(lease).where(lease.c.name == self.name).values(expires_at=self.store.now(connection) + self.ttl)
        )
        self._last_sign.at = self.store.clock()


def nobody_is_known_dead(holder: str) -> bool:  # noqa: ARG001 (an answer that needs no question)
    """Say that a holder may be alive: nothing is known of it."""
    return False


def acquire(
    store: Store,
    name: str,
    holder: str,
    *,
    ttl: timedelta = TTL,
    abandoned: Callable[[str], bool] = nobody_is_known_dead,
) -> Lease:
    """Take a lease.

    Args:
        store: where it is kept.
        name: what is leased; one service has one.
        holder: what a person needs to find the run: host, process, run id.
        ttl: how long it lasts without a sign of life.
        abandoned: says of a holder that it is known to be dead, so that nobody waits for it. A wrong yes is harmless:
            the one who lost the lease can write no more.

    Raises:
        RunRefused: another run holds it; the message says who, and since when.
    """
    with store.write() as connection:
        now = store.now(connection)
        found = connection.execute(select(lease).where(lease.c.name == name).with_for_update()).one_or_none()
        held = found is not None and found.holder is not None and found.expires_at > now
        if found is not None and held and not abandoned(found.holder):
            raise RunRefused(
                f"Another run holds the lease `{name}`: {found.holder}, since {_text(found.since)}.",
                f"Wait for it to end. If it is dead, its lease ends by itself at {_text(found.expires_at)}.",
            )
        token = 1 if found is None else found.token + 1
        values = {"holder": holder, "token": token, "since": now, "expires_at": now + ttl}
        if found is None:
            connection.execute(insert(lease), {"name": name, **values})
        else:
            connection.execute(update(lease).where(lease.c.name == name).values(values))
    return Lease(store, name, holder, token, ttl, _LastSign(store.clock()))


def _text(moment: object) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
