"""Which runs took something back, or showed how: an undone run, or a return to an earlier moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from ldap2scim.state.lease import Lease
from ldap2scim.state.schema import mended
from ldap2scim.state.store import Store


@dataclass(frozen=True, slots=True)
class Mended:
    """What a run went back to; one of the two."""

    of_run: str | None
    """The run that it undid."""
    as_of: datetime | None


def record(lease: Lease, run_id: str, *, of_run: str | None = None, as_of: datetime | None = None) -> None:
    """Write down that a run takes something back; one that may not only shows how.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the state cannot be written.
    """
    with lease.write() as connection:
        connection.execute(insert(mended), {"run_id": run_id, "of_run": of_run, "as_of": as_of})


def mending_runs(store: Store) -> Mapping[str, Mended]:
    """Return every run that took something back, with what."""
    with store.read() as connection:
        rows = connection.execute(select(mended)).all()
    return {row.run_id: Mended(row.of_run, row.as_of) for row in rows}
