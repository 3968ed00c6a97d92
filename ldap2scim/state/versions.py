"""Which version of the tables a state has; making new ones, upgrading older ones, refusing all others.

A state of the present version costs one question. Alembic is imported for an upgrade alone.
"""

from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, insert, inspect, select, update

from ldap2scim.errors import StateError
from ldap2scim.state.database import WRITES, Database
from ldap2scim.state.schema import SCHEMA_VERSION, lease, meta, metadata

OLDEST = 3
"""The first version that can be upgraded."""
_NAME = "schema_version"


def bring_up_to_date(database: Database, engine: Engine, *, create: bool) -> None:
    """See that the tables are there and of the present version.

    Raises:
        StateError: it is no state of ours, or of a version that cannot be upgraded; or it is to be upgraded while a
            run of the older program is under way.
    """
    with engine.connect() as connection:
        found = _version(connection, database.place)
    if found is None:
        if not create:
            raise StateError(f"There is no state in {database.place} yet.", "Run `ldap2scim plan` first.")
        _make(engine)
    elif found != str(SCHEMA_VERSION):
        _upgrade(database, engine, _upgradable(found, database.place))


def require_present(database: Database, engine: Engine) -> None:
    """See that the tables are there and of the present version, and change nothing.

    Raises:
        StateError: they are not; the message says what to do.
    """
    with engine.connect() as connection:
        found = _version(connection, database.place)
    if found is None:
        raise StateError(f"There is no state in {database.place} yet.", "Run `ldap2scim plan` first.")
    if found != str(SCHEMA_VERSION):
        number = _upgradable(found, database.place)
        raise StateError(
            f"The state in {database.place} has schema version {number}; this program needs {SCHEMA_VERSION}, and a "
            "look at it upgrades nothing.",
            "Once no host runs the older program any more, `ldap2scim plan` upgrades it; then look again.",
        )


def _version(connection: Connection, place: str) -> str | None:
    """Return the version that is written there; None where there are no tables at all."""
    if inspect(connection).has_table(meta.name):
        version: str | None = connection.scalar(select(meta.c.value).where(meta.c.name == _NAME))
        return version or "none"
    if inspect(connection).get_table_names():
        raise StateError(
            f"{place} is a database, but not a state file of ldap2scim.",
            "Name another file as the state in the settings.",
        )
    return None


def _make(engine: Engine) -> None:
    with engine.connect() as plain:
        connection = plain.execution_options(**{WRITES: True})
        with connection.begin():
            metadata.create_all(connection)  # leaves alone what another process made meanwhile
            if connection.scalar(select(meta.c.value).where(meta.c.name == _NAME)) is None:
                connection.execute(insert(meta), {"name": _NAME, "value": str(SCHEMA_VERSION)})


def _upgradable(found: str, place: str) -> int:
    number = int(found) if found.isdecimal() else 0
    if number > SCHEMA_VERSION:
        raise StateError(
            f"The state in {place} has schema version {found}; this program knows {SCHEMA_VERSION}.",
            "A newer ldap2scim has used it: install that version again, or bring back the copy that it made before its "
            "upgrade.",
        )
    if number < OLDEST:
        raise StateError(
            f"The state in {place} has schema version {found}; this program upgrades {OLDEST} and later.",
            "Use the version of ldap2scim that wrote it, or move the state away and run `ldap2scim recover`, "
            "which rebuilds it from the directory and the service.",
        )
    return number


def _upgrade(database: Database, engine: Engine, found: int) -> None:
    from ldap2scim.state.migrations import migrate

    with engine.connect() as plain:
        connection = plain.execution_options(**{WRITES: True})
        with connection.begin():
            # Another process may have been quicker, or slower: asked again, alone.
            if connection.scalar(select(meta.c.value).where(meta.c.name == _NAME)) != str(found):
                return
            _refuse_while_in_use(connection, database)
            database.back_up(engine, found)
            migrate(connection, found, SCHEMA_VERSION)
            connection.execute(update(meta).where(meta.c.name == _NAME).values(value=str(SCHEMA_VERSION)))


def _refuse_while_in_use(connection: Connection, database: Database) -> None:
    """Let a run of the older program end: it does not know the tables that it would be left with."""
    now: datetime = database.current(connection) or datetime.now(UTC)
    held = connection.execute(select(lease).where(lease.c.holder.is_not(None), lease.c.expires_at > now)).first()
    if held is not None:
        raise StateError(
            f"The state in {database.place} must be upgraded, and a run of the older program holds it: {held.holder}.",
            f"Wait for it to end, and run again. If it is dead, its lease ends by itself at {held.expires_at:%H:%M:%S} "
            "UTC.",
        )
