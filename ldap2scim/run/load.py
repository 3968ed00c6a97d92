"""Load: a plan is carried out. Journal first, then the request, then outcome and snapshot in one transaction."""

import logging
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from functools import cache, partial
from itertools import groupby
from typing import Final

from ldap2scim.errors import ServiceError, UniquenessConflict
from ldap2scim.findings import MOST_SUBJECTS, Finding, Severity
from ldap2scim.model import Key, ResourceType, Scope, rfc_name, scope_of
from ldap2scim.planning.accounts import Outcome
from ldap2scim.planning.approvals import Approval
from ldap2scim.planning.canary import Brake, Kind, Waves, rank_and_type
from ldap2scim.planning.operations import Adopt, ChangeMembers, Operation, Restore
from ldap2scim.planning.plan import Plan
from ldap2scim.planning.reasons import identity
from ldap2scim.planning.removals import plural
from ldap2scim.run.context import Run
from ldap2scim.run.done import Applied, Done, Failed, HeldBack, InDoubt
from ldap2scim.run.last_look import forget_look
from ldap2scim.run.memory import give_back
from ldap2scim.run.records import outcome_of
from ldap2scim.run.recovery import conclude_adoption, link_known_members
from ldap2scim.run.step import Step, pieces
from ldap2scim.run.survey import Survey
from ldap2scim.run.waiting_orphans import count_removed
from ldap2scim.state import approvals
from ldap2scim.state.failed_before import failed_before
from ldap2scim.state.snapshot_rows import Gone

logger = logging.getLogger("ldap2scim.run")

BATCH: Final = 1000
"""Operations in one call of `Loader.apply`: one task for an orchestrator."""


def batches(operations: Sequence[Operation], size: int = BATCH) -> Iterator[Sequence[Operation]]:
    """Cut a plan into pieces, in its order."""
    return pieces(operations, size)


class Loader:
    """Carries out the operations of one plan, batch by batch."""

    def __init__(self, run: Run, plan: Plan, surveyed: Survey | None, pilot: Collection[Key] = frozenset()) -> None:
        self._run = run
        known = cache(partial(failed_before, run.store, run.run_id))
        self._waves = Waves(plan.operations, run.settings.safety, pilot, known)
        self.operations = self._waves.operations
        """Those of the plan, in the order in which they are to be applied."""
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
        self._still_active: list[str] = []
        """Whom the directory has disabled, and the service has not."""
        self._not_tried: dict[tuple[Key, str], Operation] = {}

    def apply(self, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """Carry out one batch; what is not sent because the service is away counts as failed.

        Raises:
            RunRefused: the run lost its lease.
            StateError: the state cannot be written; what was sent and not settled is in doubt.
        """
        before = len(self.outcomes)
        for kind, group in groupby(operations, key=rank_and_type):
            if kind[0] >= ChangeMembers.rank:
                self._link_adopted()
            brake = self._waves.brake(kind)
            first, others = self._waves.split(kind, group)
            if first:
                self._carry_out(first, brake)
                brake.judge_first()
            if others:
                self._carry_out(others, brake)
        return self.outcomes[before:]

    def _carry_out(self, operations: Sequence[Operation], brake: Brake) -> None:
        """Carry out operations of one kind."""
        step = Step(self._run, self._plan_id, self.stopped_by, brake, partial(_count_first, brake))
        done = step.carry_out_all(operations)
        # A name that was taken may have been given up by another operation of the same step.
        again = [one.operation for one in done if isinstance(one, Failed) and _may_succeed(one)]
        if again and step.stopped_by is None and brake.stopped is None:
            step = Step(self._run, self._plan_id, None, brake, partial(_count_all, brake))
            # Who is held back this time has failed the first time.
            ended = [one for one in step.carry_out_all(again) if not isinstance(one, HeldBack)]
            retried = {id(one.operation) for one in ended}
            done = [*(one for one in done if id(one.operation) not in retried), *ended]
        self.stopped_by = step.stopped_by
        brake.held_back += sum(isinstance(one, HeldBack) for one in done)
        if self._run.session.view.learned.claimed:
            forget_look(self._run)
        self._count(done)

    def finish(self) -> None:
        """Write down what is left to write after the last batch; what was approved and not tried stays approved."""
        self._link_adopted()
        untried = [one for one in self._run.approved if self._was_not_tried(one.approval)] if self._not_tried else ()
        approvals.give_back(self._run.lease, untried, self._run.run_id)
        self._run.note(*(_ignored(path, names) for path, names in self._ignored.items()))
        self._run.note(*_found_active(self._still_active))
        self._run.note(*(_rest_not_sent(kind, one) for kind, one in self._waves.brakes.items() if one.held_back))
        if self._surveyed is not None:
            conclude_adoption(self._run, self._surveyed)
        give_back(len(self.outcomes))

    def _link_adopted(self) -> None:
        """Remember the memberships of what was adopted, before any of them changes."""
        if self._surveyed is not None and not self._linked:
            link_known_members(self._run, self._surveyed)
            self._linked = True

    def _was_not_tried(self, approval: Approval) -> bool:
        """Say whether an approval is for an operation that was not sent; one of members may be a part of it."""
        operation = self._not_tried.get((approval.key, approval.verb))
        return operation is not None and (isinstance(operation, ChangeMembers) or operation.inputs == approval.inputs)

    def _count(self, done: Sequence[Done]) -> None:
        for one in done:
            self.outcomes.append(outcome_of(one))
            if isinstance(one, HeldBack) or (isinstance(one, Failed) and not one.tried):
                self._not_tried[identity(one.operation)] = one.operation
            if isinstance(one, Failed) and isinstance(one.change, Gone) and _was_managed(one.operation):
                self.vanished[scope_of(one.change.key, one.operation.resource_type)] += 1
            if isinstance(one, Applied) and one.missing:
                self._run.note(_missing(one))
            if isinstance(one, Applied):
                self._still_active += [one.operation.name] if one.still_active else []
                for path in one.ignored:
                    self._ignored.setdefault(path, []).append(one.operation.name)
        count_removed(self._run, [one.operation for one in done if isinstance(one, Applied)])


def _count_first(brake: Brake, done: Done) -> None:
    """Count what was sent, but for names that are taken: those are tried again."""
    if not (isinstance(done, Failed) and _may_succeed(done)):
        _count_all(brake, done)


def _count_all(brake: Brake, done: Done) -> None:
    error = done.error.message if isinstance(done, Failed | InDoubt) else None
    brake.count(done.operation, error)


def _was_managed(operation: Operation) -> bool:
    """Say whether the snapshot counted the resource as managed before: not where it was only found, or had left."""
    return operation.replaces is not None if isinstance(operation, Adopt) else not isinstance(operation, Restore)


def _may_succeed(failed: Failed) -> bool:
    return isinstance(failed.error, UniquenessConflict)


def _rest_not_sent(kind: Kind, brake: Brake) -> Finding:
    verb, resource_type = brake.verb, kind[1]
    return Finding(
        rule="rest-not-sent",
        severity=Severity.HOLD,
        message=f"To {verb} {plural(resource_type, brake.held_back)} was not tried: {brake.stopped}. "
        f"{' '.join(brake.examples)}",
        remedy="Mend what the errors say. The next run begins with a few others, and goes on with the rest.",
        subjects=tuple(brake.names[:MOST_SUBJECTS]),
    )


def _missing(done: Applied) -> Finding:
    return Finding(
        rule="member-missing",
        severity=Severity.NOTE,
        message=f"{len(done.missing)} members of {done.operation.name} were left out, since they are not at the "
        "service: what creates them failed or is held.",
        remedy="Mend what the report says of them; they are added by the next run that finds them there.",
        subjects=(done.operation.name,),
    )


def _found_active(names: Sequence[str]) -> Iterator[Finding]:
    if names:
        yield Finding(
            rule="found-active",
            severity=Severity.NOTE,
            message=f"{plural(ResourceType.USER, len(names))} whom the directory has disabled turned out to be active "
            "at the service; what the plan did not count as a removal was not done to them.",
            remedy="The next run plans to disable them, and holds that where they are more than may go without a "
            "person.",
            subjects=tuple(names[:MOST_SUBJECTS]),
        )


def _ignored(path: str, names: Sequence[str]) -> Finding:
    """One finding for all entries: a service ignores an attribute of everybody or of nobody."""
    return Finding(
        rule="attribute-ignored",
        severity=Severity.NOTE,
        message=f"The service did not take {rfc_name(path)} as it was sent, in {len(names)} writes.",
        remedy="Leave the attribute out of the mapping, or write it as the service keeps it. Where it was a passing "
        "fault, `ldap2scim recover --apply` sends it again.",
        subjects=tuple(names[:MOST_SUBJECTS]),
    )
