"""A plan that somebody has seen is carried out: exactly that one, as far as it still stands, and nothing else (P2)."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain

import pandas as pd

from ldap2scim import __version__
from ldap2scim.errors import PlanError, PlanRefused
from ldap2scim.findings import Finding, Severity, named
from ldap2scim.model import Key, ResourceType, scope_of
from ldap2scim.planning.approvals import Release, approval_for, approvals_of
from ldap2scim.planning.kinds import of_kinds
from ldap2scim.planning.operations import ChangeMembers, HeldOperation, Operation
from ldap2scim.planning.plan import Plan, part_of
from ldap2scim.planning.proposals import Difference
from ldap2scim.planning.reconsider import reconsider
from ldap2scim.planning.reconsidered import Facts, KnownAs, Moved, Reconsidered, RefusedOperation
from ldap2scim.planning.safety import Judged
from ldap2scim.planning.states import Edges, ReadState
from ldap2scim.run.as_of import fingerprints_at
from ldap2scim.run.believe import Believed
from ldap2scim.run.context import Run
from ldap2scim.run.decide import (
    Comparison,
    Decision,
    compare,
    held_entries,
    judged_by,
    survey_to_use,
)
from ldap2scim.run.kept_plans import keep_plan
from ldap2scim.run.orphans import orphans_there
from ldap2scim.run.pilot import pilot_members
from ldap2scim.run.survey import Survey
from ldap2scim.settings import Settings, changed_settings, digest, digests, written_names
from ldap2scim.state import remembered
from ldap2scim.state.approvals import approved_before

MOST_SETTINGS = 5
"""That a refusal names."""


def admit(settings: Settings, plan: Plan) -> None:
    """Refuse a plan whole that was made under other settings or by another version of the program.

    Raises:
        PlanRefused: it was; the message says which settings have changed, where the plan says what they were.
    """
    if plan.program != __version__:
        raise PlanRefused(
            f"Plan {plan.plan_id[:12]} was made by ldap2scim {plan.program}; this is {__version__}.",
            "Make a new plan with this version, and look at that one.",
        )
    if plan.settings_digest == digest(settings):
        return
    places = changed_settings(dict(plan.settings), digests(settings)) if plan.settings else ()
    changed = written_names(settings, places)
    which = f": {named(changed, MOST_SETTINGS, ', ')}" if changed else ""
    raise PlanRefused(
        f"Plan {plan.plan_id[:12]} was made under other settings{which}.",
        "Make a new plan under these settings, and look at that one; or put the settings back.",
    )


def release(run: Run, plan: Plan, decision: Release | None) -> None:
    """Keep the plan in the state, and let the run rest on what a person has decided about it, and on that alone.

    What was approved before by the plan's id counts too. Approvals of other plans stay for the next ordinary run. The
    decision is written down as the load begins (`start_load`): a run that ends before it leaves nothing released.

    Raises:
        PlanError: nothing of the kinds is held.
        PlanRefused: an approval of this plan was used by a run that came to its end.
        RunRefused: the run lost its lease.
    """
    if run.state.approvals.held_plan(plan.plan_id) is None:
        keep_plan(run, plan)
    run.approved = tuple(one for one in run.state.approvals.approved() if one.plan_id == plan.plan_id)
    if decision is not None:
        rest_on(run, plan, decision)


def rest_on(run: Run, plan: Plan, decision: Release) -> None:
    """Let the run rest on a decision about a plan whose held operations are kept; nothing is written.

    What a run used that died is released once more.

    Raises:
        PlanError: nothing, or nothing of the kinds, is held.
        PlanRefused: an approval of this plan was used by a run that came to its end.
    """
    if not plan.held:
        raise PlanError(f"Plan {plan.plan_id} holds nothing.", "Nothing needs to be approved.")
    given = run.state.approvals.given(plan.plan_id, decision)
    if given.fresh:
        run.approved, run.given = (*run.approved, *given.fresh), given
    elif approvals_of(of_kinds(plan.held, decision.kinds)).isdisjoint(one.approval for one in run.approved):
        raise approved_before(plan.plan_id, run.state.approvals.used(plan.plan_id).values())


def decide_exactly(run: Run, believed: Believed, plan: Plan, surveyed: Survey | None = None) -> Decision:
    """Say what of a plan still stands: that is the run's plan. Everything else of it is refused by name.

    Rests on what `release` let the run know.

    Raises:
        ServiceError: the service has to be read and cannot be.
        DataError: what was read contradicts itself.
    """
    surveyed = survey_to_use(run, believed, surveyed)
    run.progress.begin("comparing")
    compared = compare(run, believed, surveyed)
    released = {one.approval for one in run.approved}
    chosen = [
        *(HeldOperation(one, ()) for one in plan.operations),
        *(one for one in plan.held if approval_for(one.operation) in released),
    ]
    look = _Look(run, believed, compared, surveyed, plan)
    still = reconsider(chosen, compared.difference, look)
    judged = judged_by(run, still.difference, still.approvals)
    run.note(*compared.difference.findings, *_said(plan, still, judged))
    decided = released | run.state.approvals.used(plan.plan_id).keys()
    waiting = tuple(one for one in plan.held if approval_for(one.operation) not in decided)
    run.progress.end()
    outside = tuple(_outside(compared.difference, judged.flowing))
    run.note(*_left_alone(plan, outside, still))
    return Decision(
        plan=part_of(plan, judged.flowing, waiting),
        difference=compared.difference,
        managed_before=run.state.snapshot.managed(),
        surveyed=surveyed,
        held_entries=held_entries(believed, compared.holds),
        outside=outside,
        pilot=pilot_members(run, believed),
    )


class _Look:
    """Finds what is known today of what does not stand as it was."""

    def __init__(self, run: Run, believed: Believed, compared: Comparison, surveyed: Survey | None, plan: Plan) -> None:
        self._run = run
        self._desired = believed.desired
        self._held = compared.holds.keys
        self._surveyed = surveyed
        self._plan = plan

    def __call__(self, keys: Collection[Key], groups: Collection[Key]) -> Facts:
        frames = (self._desired.users, self._desired.groups)
        desired = {Key(row[0]): str(row[1]) for row in _rows(frames, keys, ("key", "fingerprint"))}
        concerned = {*keys, *groups}
        orphans = orphans_there(self._run, concerned)
        return Facts(
            desired=desired,
            desired_then=fingerprints_at(self._run, tuple(desired), self._plan.evaluated_at),
            known={**self._known(concerned), **{key: one for key, one in orphans.items() if one is not None}},
            held=self._held & concerned,
            unread=frozenset(
                key for key in concerned if self._is_unread(key, groups) or (key in orphans and orphans[key] is None)
            ),
            members=self._members(groups),
        )

    def _known(self, keys: Collection[Key]) -> Mapping[Key, KnownAs]:
        if self._surveyed is None:
            rows = remembered.rows(self._run.store, keys)
            return {key: KnownAs(row.fingerprint, row.service_id, row.status.value) for key, row in rows.items()}
        known = self._surveyed.known
        columns = ("key", "fingerprint", "service_id", "status")
        return {Key(row[0]): KnownAs(*row[1:]) for row in _rows((known.users, known.groups), keys, columns)}

    def _members(self, groups: Collection[Key]) -> Callable[[Key], frozenset[Key]]:
        """Return what tells the members of one of `groups`; the edges of a survey are gone through once for all."""
        if self._surveyed is None:
            return lambda group: frozenset(remembered.members_of(self._run.store, group))
        found = members_among(self._surveyed.known.members, groups)
        return lambda group: found.get(group, frozenset())

    def _is_unread(self, key: Key, groups: Collection[Key]) -> bool:
        kind = ResourceType.GROUP if key in groups else ResourceType.USER
        return self._desired.read_state(scope_of(key, kind)) is ReadState.FAILED


def members_among(edges: Edges, groups: Collection[Key]) -> Mapping[Key, frozenset[Key]]:
    """Return the members of some groups, in one pass over all memberships; a group without any is left out."""
    frame = pd.DataFrame({"group": edges.group, "member": edges.member})
    of_groups = frame[frame["group"].isin([*groups])].groupby("group", sort=False)["member"]
    return {Key(str(group)): frozenset(map(Key, members)) for group, members in of_groups}


def _rows(frames: Iterable[pd.DataFrame], keys: Collection[Key], columns: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for frame in frames:
        chosen = frame.loc[frame["key"].isin([*keys]), [*columns]]
        yield from chosen.itertuples(index=False, name=None)


def _outside(difference: Difference, flowing: Iterable[Operation]) -> Iterator[HeldOperation]:
    """Yield what differs and is not carried out; of a change of members, where some of them are not."""
    done = {(one.key, one.verb): one for one in flowing}
    waiting = (*difference.held, *difference.blocked)
    for one in (*(HeldOperation(free, ()) for free in difference.operations), *waiting):
        match = done.get((one.operation.key, one.operation.verb))
        if match is None or not _covers(match, one.operation):
            yield one


def _covers(flowing: Operation, one: Operation) -> bool:
    if isinstance(flowing, ChangeMembers) and isinstance(one, ChangeMembers):
        return {*one.added} <= {*flowing.added} and {*one.removed} <= {*flowing.removed}
    return True


def _said(plan: Plan, still: Reconsidered, judged: Judged) -> Iterator[Finding]:
    """Yield what a person must know: one finding for each refusal, and what was done already."""
    kept_back = (RefusedOperation(one.operation, Moved.PROTECTED, " ".join(one.reasons)) for one in judged.held)
    refused: Iterator[RefusedOperation] = chain(still.refused, kept_back)
    for one in refused:
        yield Finding(
            rule="operation-refused",
            severity=Severity.HOLD,
            message=f"{one.operation.name}: {one.operation.verb} is not carried out ({one.moved.value}). {one.why}",
            remedy="Make a new plan, and look at what it says of this entry.",
            subjects=(one.operation.name,),
        )
    if still.done:
        yield Finding(
            rule="done-already",
            severity=Severity.NOTE,
            message=f"{_operations(len(still.done))} of plan {plan.plan_id[:12]} had been carried out before.",
            remedy="Nothing needs to be done.",
        )


def _left_alone(plan: Plan, outside: Iterable[HeldOperation], still: Reconsidered) -> Iterator[Finding]:
    """Say how much differs today that the plan does not have."""
    known = {one.operation.key for one in plan.held} | {one.operation.key for one in still.refused}
    count = sum(one.operation.key not in known for one in outside)
    if count:
        yield Finding(
            rule="beside-the-plan",
            severity=Severity.NOTE,
            message=f"{_operations(count)} more would be needed by now; not in plan {plan.plan_id[:12]}, left alone.",
            remedy="The next ordinary run, or a new plan, has them.",
        )


def _operations(count: int) -> str:
    return "1 operation" if count == 1 else f"{count} operations"
