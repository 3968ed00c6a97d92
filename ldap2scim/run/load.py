"""Load: a plan is carried out. Journal first, then the request, then outcome and snapshot in one transaction.

Hard, because it must be fast and may be stopped anywhere. Operations are journaled in chunks before any of them is
sent, carried out by a few workers at once, and settled in chunks. Whatever was journaled and not settled is in
doubt, and the next run asks the service about it first.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from ldap2scim.errors import (
    AccessRefused,
    NotScim,
    ServiceError,
    ServiceUnavailable,
    UniquenessConflict,
)
from ldap2scim.findings import Finding, Severity
from ldap2scim.model import Scope, rfc_name, scope_of
from ldap2scim.planning.accounts import Outcome
from ldap2scim.planning.operations import Adopt, ChangeMembers, Operation, Restore
from ldap2scim.planning.plan import Plan
from ldap2scim.run.context import Run
from ldap2scim.run.done import Applied, Done, Failed, InDoubt
from ldap2scim.run.executor import Executor
from ldap2scim.run.records import Memory, intent_of, outcome_of, settlement_of
from ldap2scim.run.recovery import conclude_adoption, link_known_members
from ldap2scim.run.survey import Survey
from ldap2scim.state import journal
from ldap2scim.state.journal import Settlement
from ldap2scim.state.snapshot_rows import Gone

logger = logging.getLogger("ldap2scim.run")

CHUNK: Final = 200
"""Operations in one transaction of the journal."""
BATCH: Final = 1000
"""Operations in one call of `Loader.apply`: one task for an orchestrator."""
MOST_NAMED: Final = 100
"""Entries that one finding names."""
PATIENCE: Final = 8
"""Operations in a row that find the service unavailable, after which the rest is left to the next run."""


def batches(operations: Sequence[Operation], size: int = BATCH) -> Iterator[Sequence[Operation]]:
    """Cut a plan into pieces, in its order."""
    for start in range(0, len(operations), size):
        yield operations[start : start + size]


class Loader:
    """Carries out the operations of one plan, batch by batch."""

    def __init__(self, run: Run, plan: Plan, surveyed: Survey | None) -> None:
        self._run = run
        self._surveyed = surveyed
        self._linked = False
        self._plan_id = plan.plan_id
        self.outcomes: list[Outcome] = []
        """One for each operation, in the order in which they ended."""
        self.vanished: Counter[Scope] = Counter()
        """Managed resources that turned out to be gone from the service."""
        self.stopped_by: ServiceError | None = None
        """Why the rest was not sent: the token is refused, or the service is away."""
        self._ignored: dict[str, list[str]] = {}
        """Attribute that the service did not take over → the entries."""

    def apply(self, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """Carry out one batch; what is not sent because the service is away counts as failed.

        Raises:
            RunRefused: the run lost its lease.
            StateError: the state cannot be written; what was sent and not settled is in doubt.
        """
        before = len(self.outcomes)
        for (rank, _), group in groupby(operations, key=lambda operation: (operation.rank, operation.resource_type)):
            if rank >= ChangeMembers.rank:
                self._link_adopted()
            step = _Step(self._run, self._plan_id, self.stopped_by)
            done = step.carry_out_all(list(group))
            # A name that was taken may have been given up by another operation of the same step.
            again = [one.operation for one in done if isinstance(one, Failed) and _may_succeed(one)]
            if again and step.stopped_by is None:
                step = _Step(self._run, self._plan_id, None)
                retried = set(map(id, again))
                done = [one for one in done if id(one.operation) not in retried]
                done += step.carry_out_all(again)
            self.stopped_by = step.stopped_by
            self._count(done)
        return self.outcomes[before:]

    def finish(self) -> None:
        """Write down what is left to write after the last batch."""
        self._link_adopted()
        self._run.note(*(_ignored(path, names) for path, names in self._ignored.items()))
        if self._surveyed is not None:
            conclude_adoption(self._run, self._surveyed)

    def _link_adopted(self) -> None:
        """Remember the memberships of what was adopted, before any of them changes."""
        if self._surveyed is not None and not self._linked:
            link_known_members(self._run, self._surveyed)
            self._linked = True

    def _count(self, done: Sequence[Done]) -> None:
        for one in done:
            self.outcomes.append(outcome_of(one))
            if isinstance(one, Failed) and isinstance(one.change, Gone) and _was_managed(one.operation):
                self.vanished[scope_of(one.change.key, one.operation.resource_type)] += 1
            if isinstance(one, Applied) and one.missing:
                self._run.note(_missing(one))
            if isinstance(one, Applied):
                for path in one.ignored:
                    self._ignored.setdefault(path, []).append(one.operation.name)


class _Step:
    """Operations that do not depend on one another, several at once."""

    def __init__(self, run: Run, plan_id: str, stopped_by: ServiceError | None) -> None:
        self._run = run
        self._plan_id = plan_id
        self._done: list[Done] = []
        self._finished: list[Settlement] = []
        self._unavailable = 0
        self._settling = asyncio.Lock()
        self.stopped_by = stopped_by
        self._memory = Memory(run)
        self._executor = Executor(run.session.view, self._memory)

    def carry_out_all(self, operations: Sequence[Operation]) -> list[Done]:
        """Carry out all, or say of each why it was not sent.

        Raises:
            RunRefused: the run lost its lease.
            StateError: the state cannot be written.
        """
        try:
            return self._run.session.wait(self._carry_out(operations))
        except BaseExceptionGroup as group:
            # The workers that were stopped by it have nothing to add.
            raise group.exceptions[0] from group

    async def _carry_out(self, operations: Sequence[Operation]) -> list[Done]:
        ready: asyncio.Queue[tuple[int, Operation] | None] = asyncio.Queue(maxsize=CHUNK)
        workers = max(1, self._run.settings.service.concurrency)
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(self._work(ready))
            for chunk in batches(operations, CHUNK):
                if self.stopped_by is not None:
                    self._done += [_not_sent(operation, self.stopped_by) for operation in chunk]
                    self._run.progress.advance(len(chunk))
                    continue
                for item in await asyncio.to_thread(self._begin, chunk):
                    await ready.put(item)
            for _ in range(workers):
                await ready.put(None)
        await self._settle(least=1)
        return self._done

    def _begin(self, chunk: Sequence[Operation]) -> list[tuple[int, Operation]]:
        self._memory.prepare(chunk)
        numbers = journal.begin(self._run.lease, self._run.run_id, self._plan_id, [intent_of(one) for one in chunk])
        return list(zip(numbers, chunk, strict=True))

    async def _work(self, ready: "asyncio.Queue[tuple[int, Operation] | None]") -> None:
        while (item := await ready.get()) is not None:
            number, operation = item
            done = await self._one(operation)
            self._done.append(done)
            self._finished.append(settlement_of(number, done))
            self._run.progress.advance()
            await self._settle(least=CHUNK)

    async def _one(self, operation: Operation) -> Done:
        if self.stopped_by is not None:
            return _not_sent(operation, self.stopped_by)
        try:
            done = await self._executor.carry_out(operation)
        except AccessRefused as error:
            self.stopped_by = error
            return Failed(operation, error)
        # A login page or a proxy in the place of the service answers everybody alike.
        nobody_there = isinstance(done, Failed) and isinstance(done.error, ServiceUnavailable | NotScim)
        away = nobody_there or isinstance(done, InDoubt)
        self._unavailable = self._unavailable + 1 if away else 0
        if self._unavailable >= PATIENCE and isinstance(done, Failed | InDoubt):
            self.stopped_by = done.error
        return done

    async def _settle(self, least: int) -> None:
        if len(self._finished) < least:
            return
        async with self._settling:
            finished, self._finished = self._finished, []
            await asyncio.to_thread(journal.settle, self._run.lease, finished)


def _not_sent(operation: Operation, why: ServiceError) -> Failed:
    error = type(why)(f"{operation.name}: not sent, since the service had been given up: {why.message}", why.remedy)
    return Failed(operation, error)


def _was_managed(operation: Operation) -> bool:
    """Say whether the snapshot counted the resource as managed before: not where it was only found, or had left."""
    return operation.replaces is not None if isinstance(operation, Adopt) else not isinstance(operation, Restore)


def _may_succeed(failed: Failed) -> bool:
    return isinstance(failed.error, UniquenessConflict)


def _missing(done: Applied) -> Finding:
    return Finding(
        rule="member-missing",
        severity=Severity.NOTE,
        message=f"{len(done.missing)} members of {done.operation.name} were left out, since they are not at the "
        "service: what creates them failed or is held.",
        remedy="Mend what the report says of them; they are added by the next run that finds them there.",
        subjects=(done.operation.name,),
    )


def _ignored(path: str, names: Sequence[str]) -> Finding:
    """One finding for all entries: a service ignores an attribute of everybody or of nobody."""
    return Finding(
        rule="attribute-ignored",
        severity=Severity.NOTE,
        message=f"The service did not take {rfc_name(path)} as it was sent, in {len(names)} writes.",
        remedy="Leave the attribute out of the mapping, or write it as the service keeps it. Where it was a passing "
        "fault, `ldap2scim recover --apply` sends it again.",
        subjects=tuple(names[:MOST_NAMED]),
    )
