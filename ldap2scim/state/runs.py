"""Runs, what they read, and what they noticed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import func, insert, select, update

from ldap2scim.errors import StateError
from ldap2scim.findings import Finding
from ldap2scim.model import ResourceType
from ldap2scim.state.encoding import pack_findings, unpack_findings
from ldap2scim.state.lease import Lease
from ldap2scim.state.schema import findings, reads, runs
from ldap2scim.state.store import Store

LEAST: Final = 8
"""Digits of a run's id that name it, as the lists print them."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What is remembered of a run."""

    run_id: str
    mode: str
    settings_digest: str
    started_at: datetime
    finished_at: datetime | None
    """None: it is under way, or was killed."""
    plan_id: str | None
    result: str | None
    """The exit code, and of a run that an error ended, the class of the error."""
    accounts: Mapping[str, Any] | None
    """As `finish_run` was given them, after JSON; None: it did not come to its report."""
    in_step_with: str | None
    """`Run.in_step_with` of a run that found nothing to do, and whose finding holds on; None: it did not."""

    @property
    def exit_code(self) -> int | None:
        """Return how it ended; None where it has not."""
        return None if self.result is None else int(self.result.partition(" ")[0])

    @property
    def ended_by(self) -> str | None:
        """Return the class of the error that ended it; None where none did."""
        return None if self.result is None else self.result.partition(" ")[2] or None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended."""

    result: str
    accounts: Mapping[str, Any]
    plan_id: str | None = None
    in_step_with: str | None = None


@dataclass(frozen=True, slots=True)
class ProvenRead:
    """A read of one kind of entry that came to its proven end."""

    read_no: int
    entries: int
    server: str
    finished_at: datetime
    server_state: str | None
    """JSON; what the server knew when the read began."""


class RunsReader:
    """Questions about runs. Nothing here writes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def last_believed_reads(self) -> Mapping[tuple[str, ResourceType], ProvenRead]:
        """Return, by directory and kind, the last proven read that was believed: the measure for a short one.

        A read that is proven but visibly short is not believed; were it the measure for the next, then the same
        short read, made twice, would remove people.
        """
        newest = (
            select(reads.c.directory, func.max(reads.c.read_no).label("read_no"))
            .where(reads.c.believed)
            .group_by(reads.c.directory)
            .subquery()
        )
        query = select(reads).join(newest, reads.c.read_no == newest.c.read_no)
        with self._store.read() as connection:
            return {
                (row.directory, ResourceType(row.resource_type)): ProvenRead(
                    row.read_no, row.entries, row.server, row.finished_at, row.server_state
                )
                for row in connection.execute(query)
            }

    def run(self, run_id: str) -> RunRecord | None:
        """Return one run; None where there is none."""
        found = self._records(runs.c.run_id == run_id, limit=1)
        return found[0] if found else None

    def latest_runs(self, limit: int = 20) -> tuple[RunRecord, ...]:
        """Return the last runs, the newest first."""
        return self._records(limit=limit)

    def first_started_at(self) -> datetime | None:
        """Return when the oldest run that is remembered began; None: there is none."""
        with self._store.read() as connection:
            first: datetime | None = connection.scalar(select(func.min(runs.c.started_at)))
        return first

    def findings(self, run_id: str) -> tuple[Finding, ...]:
        """Return what a run noticed, in its order."""
        query = select(findings.c.finding).where(findings.c.run_id == run_id).order_by(findings.c.number)
        with self._store.read() as connection:
            texts = connection.scalars(query).all()
        return tuple(finding for text in texts for finding in unpack_findings(text))

    def _records(self, *conditions: Any, limit: int) -> tuple[RunRecord, ...]:  # noqa: ANN401 (SQLAlchemy's union)
        newest_first = (
            select(runs).where(*conditions).order_by(runs.c.started_at.desc(), runs.c.run_id.desc()).limit(limit)
        )
        with self._store.read() as connection:
            rows = connection.execute(newest_first).all()
        return tuple(
            RunRecord(
                run_id=row.run_id,
                mode=row.mode,
                settings_digest=row.settings_digest,
                started_at=row.started_at,
                finished_at=row.finished_at,
                plan_id=row.plan_id,
                result=row.result,
                accounts=None if row.accounts is None else orjson.loads(row.accounts),
                in_step_with=row.in_step_with,
            )
            for row in rows
        )


def start_run(lease: Lease, run_id: str, mode: str, settings_digest: str) -> None:
    """Record that a run has begun."""
    with lease.write() as connection:
        connection.execute(
            insert(runs),
            {
                "run_id": run_id,
                "mode": mode,
                "settings_digest": settings_digest,
                "started_at": lease.store.clock(),
            },
        )


def finish_run(lease: Lease, run_id: str, ended: Ended) -> None:
    """Record how a run ended.

    Raises:
        StateError: there is no such run.
    """
    with lease.write() as connection:
        done = connection.execute(
            update(runs)
            .where(runs.c.run_id == run_id)
            .values(
                finished_at=lease.store.clock(),
                result=ended.result,
                plan_id=ended.plan_id,
                accounts=orjson.dumps(ended.accounts).decode(),
                in_step_with=ended.in_step_with,
            )
        )
        if done.rowcount != 1:
            raise StateError(f"The state knows no run {run_id}.", "It was never begun in this state file.")


def finish_look(lease: Lease, run_id: str, what: str, exit_code: int) -> None:
    """Record how a run ended that looked, and has neither plan nor accounts; `what` tells it from a plan.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the state cannot be written.
    """
    ended = {"finished_at": lease.store.clock(), "result": str(exit_code), "mode": what}
    with lease.write() as connection:
        connection.execute(update(runs).where(runs.c.run_id == run_id).values(**ended))


def fail_run(lease: Lease, run_id: str, exit_code: int, ended_by: str) -> None:
    """Record that an error ended a run, where it had not come to its report; accounts it has none.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the state cannot be written.
    """
    open_one = runs.c.run_id == run_id, runs.c.finished_at.is_(None)
    ended = {"finished_at": lease.store.clock(), "result": f"{exit_code} {ended_by}"}
    with lease.write() as connection:
        connection.execute(update(runs).where(*open_one).values(**ended))


def record_findings(lease: Lease, run_id: str, found: Iterable[Finding]) -> None:
    """Keep what a run noticed; once a run."""
    rows = [
        {"run_id": run_id, "number": number, "finding": pack_findings((finding,))}
        for number, finding in enumerate(found)
    ]
    if rows:
        with lease.write() as connection:
            connection.execute(insert(findings), rows)


def believe_reads(lease: Lease, read_nos: Iterable[int]) -> None:
    """Mark proven reads as believed: from now on they are the measure for a short read."""
    with lease.write() as connection:
        connection.execute(update(reads).where(reads.c.read_no.in_(list(read_nos))).values(believed=True))


def run_named(store: Store, start: str) -> str | None:
    """Return the id of the one run whose id begins with `start`; None where none does.

    Fewer than `LEAST` digits name none: a login may look like them.

    Raises:
        StateError: several runs begin so.
    """
    if len(start) < LEAST or not start.isalnum():
        return None
    begins = runs.c.run_id.startswith(start.lower())
    with store.read() as connection:
        found = connection.scalars(select(runs.c.run_id).where(begins).limit(2)).all()
    if len(found) > 1:
        raise StateError(f"Several runs begin with {start}.", "Give more digits of the id.")
    return str(found[0]) if found else None


def full_run_id(store: Store, start: str) -> str:
    """Return the id of the one run whose id begins with `start` (at least `LEAST` digits).

    Raises:
        StateError: no run, or several, begin so; or these are too few digits.
    """
    found = run_named(store, start)
    if found is not None:
        return found
    if start.isalnum() and len(start) < LEAST:
        raise StateError(f"{start} is too short for the id of a run.", f"Give at least {LEAST} digits of it.")
    raise StateError(
        f"There is no run {start}.", f"`ldap2scim history` lists the runs; {LEAST} digits of the id are enough."
    )
