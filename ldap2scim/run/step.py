"""One step of a load: operations that do not depend on one another, several at once.

Hard, because it must be fast and may be stopped anywhere. Operations are journaled in chunks before any of them is
sent, carried out by a few workers at once, and settled in chunks. Whatever was journaled and not settled is in
doubt, and the next run asks the service about it first.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from ldap2scim.errors import AccessRefused, NotScim, ServiceError, ServiceUnavailable
from ldap2scim.planning.canary import Brake
from ldap2scim.planning.operations import ChangeMembers, Operation
from ldap2scim.run.context import Run
from ldap2scim.run.done import Done, Failed, HeldBack, InDoubt
from ldap2scim.run.executor import Executor
from ldap2scim.run.fenced import Fenced
from ldap2scim.run.records import Memory, intent_of, settlement_of
from ldap2scim.state import journal
from ldap2scim.state.journal import Settlement

CHUNK: Final = 200
"""Operations in one transaction of the journal."""
MEMBERS: Final = 10_000
"""Members that enter or leave in one transaction, where it is not one group alone: each is held in memory for it."""
PATIENCE: Final = 8
"""Operations in a row that find the service unavailable, after which the rest is left to the next run."""


class _Interrupted(BaseException):
    """A worker was ended from outside; the cause says by what."""


class Step:
    """Operations of one kind."""

    def __init__(
        self,
        run: Run,
        plan_id: str,
        stopped_by: ServiceError | None,
        brake: Brake,
        count: Callable[[Done], None],
    ) -> None:
        """Prepare.

        Args:
            run: the run.
            plan_id: of the plan.
            stopped_by: why the service has been given up, if it has.
            brake: says when the rest is not to be sent.
            count: told of everything that was sent.
        """
        self._run = run
        self._plan_id = plan_id
        self._brake = brake
        self._count = count
        self._done: list[Done] = []
        self._finished: list[Settlement] = []
        self._moved = 0
        """Members in what is finished."""
        self._unavailable = 0
        self._settling = asyncio.Lock()
        self.stopped_by = stopped_by
        self._memory = Memory(run)
        view = run.session.view
        self._executor = Executor(replace(view, service=Fenced(view.service, run.lease)), self._memory)

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
            first = group.exceptions[0]
            raise (first.__cause__ or first if isinstance(first, _Interrupted) else first) from group

    async def _carry_out(self, operations: Sequence[Operation]) -> list[Done]:
        ready: asyncio.Queue[tuple[int, Operation] | None] = asyncio.Queue(maxsize=CHUNK)
        workers = max(1, self._run.settings.service.concurrency)
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(self._work(ready))
            for chunk in chunks_of(operations):
                if self._unsent(chunk[0]) is not None:
                    self._done += filter(None, map(self._unsent, chunk))
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
        try:
            await self._work_off(ready)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise  # by the group, since something else has ended the step
            # An orchestrator may throw it into this thread. The group would take it for a worker that is done, and
            # what that had begun would be in no report.
            raise _Interrupted from error

    async def _work_off(self, ready: "asyncio.Queue[tuple[int, Operation] | None]") -> None:
        while (item := await ready.get()) is not None:
            number, operation = item
            done = await self._one(operation)
            self._done.append(done)
            self._finished.append(settlement_of(number, done))
            self._run.progress.advance()
            self._moved += _members(operation)
            await self._settle(least=1 if self._moved >= MEMBERS else CHUNK)

    async def _one(self, operation: Operation) -> Done:
        unsent = self._unsent(operation)
        if unsent is not None:
            return unsent
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
        self._count(done)
        return done

    def _unsent(self, operation: Operation) -> Done | None:
        """Return how an operation ends that is not to be sent any more; None where it is."""
        if self.stopped_by is not None:
            why = self.stopped_by
            message = f"{operation.name}: not sent, since the service had been given up: {why.message}"
            return Failed(operation, type(why)(message, why.remedy), tried=False)
        if self._brake.stopped is not None:
            return HeldBack(operation, f"{operation.name}: not sent, since {self._brake.stopped}.")
        return None

    async def _settle(self, least: int) -> None:
        if len(self._finished) < least:
            return
        async with self._settling:
            finished, self._finished, self._moved = self._finished, [], 0
            await asyncio.to_thread(journal.settle, self._run.lease, finished)


def pieces(operations: Sequence[Operation], size: int) -> Iterator[Sequence[Operation]]:
    """Cut operations into pieces, in their order."""
    for start in range(0, len(operations), size):
        yield operations[start : start + size]


def chunks_of(operations: Sequence[Operation]) -> Iterator[Sequence[Operation]]:
    """Cut operations into what is journaled together, in their order."""
    start = members = 0
    for end, operation in enumerate(operations):
        members += _members(operation)
        if end > start and (end - start == CHUNK or members > MEMBERS):
            yield operations[start:end]
            start, members = end, _members(operation)
    if start < len(operations):
        yield operations[start:]


def _members(operation: Operation) -> int:
    return len(operation.added) + len(operation.removed) if isinstance(operation, ChangeMembers) else 0
