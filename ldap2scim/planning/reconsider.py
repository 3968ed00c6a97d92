"""An approved plan is held against what differs now: what of it still stands, and what moved since (P2). Pure.

An operation stands when the same one would be proposed today, from the same inputs. Whatever is proposed today beside
the plan is nobody's business here. A change of members stands member by member: each entering or leaving is its own
input, and somebody else who enters the same group since then changes nothing about it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from ldap2scim.model import Key
from ldap2scim.planning.approvals import Approval, approval_for
from ldap2scim.planning.frames import Status
from ldap2scim.planning.member_parts import GroupChange, gather
from ldap2scim.planning.members import member_inputs
from ldap2scim.planning.operations import (
    Adopt,
    ChangeMembers,
    Create,
    Deactivate,
    Delete,
    HeldOperation,
    Operation,
    Restore,
    Update,
)
from ldap2scim.planning.orphans import is_of_an_orphan
from ldap2scim.planning.proposals import Difference
from ldap2scim.planning.reconsidered import Facts, Look, Moved, Reconsidered, RefusedOperation


@dataclass(frozen=True, slots=True)
class _Proposed:
    operation: Operation
    reasons: tuple[str, ...] = ()
    blocked: bool = False


def reconsider(chosen: Sequence[HeldOperation], difference: Difference, look: Look) -> Reconsidered:
    """Say what still stands of the operations that were chosen from a plan.

    Args:
        chosen: each with the reasons for which the plan held it; none, where it flowed.
        difference: of today, not judged.
        look: asked about what does not stand as it was.
    """
    proposed = _proposed(difference)
    resources = [one for one in chosen if not isinstance(one.operation, ChangeMembers)]
    standing = [one for one in resources if _stands(one.operation, proposed)]
    changes = gather(
        (one for one in difference.operations if isinstance(one, ChangeMembers)), difference.held, difference.blocked
    )
    asked = _by_group(chosen)
    stood = {id(one) for one in standing}
    rest = [one for one in resources if id(one) not in stood]
    facts = look(_keys(rest), tuple(asked))
    result = _Result()
    for one in standing:
        result.take(one, proposed[one.operation.key, one.operation.verb])
    for one in rest:
        result.refuse(one.operation, _why_not(one.operation, proposed, facts))
    for group, parts in asked.items():
        _reconsider_members(parts, changes.get(group), facts, result)
    return result.of(difference)


def _proposed(difference: Difference) -> dict[tuple[Key, str], _Proposed]:
    found = {(one.key, one.verb): _Proposed(one) for one in difference.operations}
    for one in difference.held:
        found[one.operation.key, one.operation.verb] = _Proposed(one.operation, one.reasons)
    for one in difference.blocked:
        found[one.operation.key, one.operation.verb] = _Proposed(one.operation, one.reasons, blocked=True)
    return found


def _stands(then: Operation, proposed: Mapping[tuple[Key, str], _Proposed]) -> bool:
    """Say whether the same would be proposed today; names and ETags may differ, they decide nothing."""
    now = proposed.get((then.key, then.verb))
    if now is None or now.operation.inputs != then.inputs:
        return False
    named = replace(now.operation, name=then.name)
    if isinstance(then, Create | ChangeMembers) or isinstance(named, Create | ChangeMembers):
        return named == then
    return replace(named, version=then.version) == then


def _by_group(chosen: Iterable[HeldOperation]) -> dict[Key, list[HeldOperation]]:
    groups: dict[Key, list[HeldOperation]] = {}
    for one in chosen:
        if isinstance(one.operation, ChangeMembers):
            groups.setdefault(one.operation.key, []).append(one)
    return groups


def _keys(chosen: Iterable[HeldOperation]) -> tuple[Key, ...]:
    keys: dict[Key, None] = {}
    for one in chosen:
        keys[one.operation.key] = None
        if isinstance(one.operation, Adopt | Restore) and one.operation.replaces is not None:
            keys[one.operation.replaces] = None
    return tuple(keys)


class _Result:
    """What is gathered on the way."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.held: list[HeldOperation] = []
        self.approvals: set[Approval] = set()
        self.refused: list[RefusedOperation] = []
        self.done: list[Operation] = []

    def take(self, then: HeldOperation, now: _Proposed) -> None:
        """File an operation that stands, unless something stands against it that nobody knew of then."""
        if now.blocked:
            self.refuse(then.operation, (Moved.UNKNOWN, " ".join(now.reasons)))
            return
        against = [reason for reason in now.reasons if reason not in then.reasons]
        if against:
            self.refuse(then.operation, (Moved.HELD, " ".join(against)))
            return
        self.approvals.add(approval_for(now.operation))
        if now.reasons:
            self.held.append(HeldOperation(now.operation, now.reasons))
        else:
            self.operations.append(now.operation)

    def refuse(self, operation: Operation, why: tuple[Moved, str] | None) -> None:
        """File an operation that does not stand; None: it is done already."""
        if why is None:
            self.done.append(operation)
        else:
            self.refused.append(RefusedOperation(operation, *why))

    def brings(self, group: Key) -> bool:
        """Say whether an operation that stands brings a group to the service."""
        return any(approval.key == group and approval.verb in _BRINGING for approval in self.approvals)

    def of(self, difference: Difference) -> Reconsidered:
        """Return all of it."""
        by_order = attrgetter("operation.sort_key")
        confined = replace(
            difference, operations=tuple(self.operations), held=tuple(self.held), blocked=(), findings=()
        )
        refused = tuple(sorted(self.refused, key=by_order))
        return Reconsidered(confined, frozenset(self.approvals), refused, tuple(self.done))


_BRINGING = frozenset({Create.verb, Adopt.verb, Restore.verb})
_VERBS = tuple(kind.verb for kind in (Create, Adopt, Restore, Update, Deactivate, Delete, ChangeMembers))


def _why_not(then: Operation, proposed: Mapping[tuple[Key, str], _Proposed], facts: Facts) -> tuple[Moved, str] | None:
    """Say why an operation on a person or group does not stand; None: it is done already."""
    if then.key in facts.held:
        return Moved.HELD, "A finding holds its entry now, or an earlier operation on it is in doubt."
    if then.key in facts.unread:
        unread = "The resource" if is_of_an_orphan(then) else "Its directory"
        return Moved.UNKNOWN, f"{unread} could not be read."
    if _is_done(then, facts):
        return None
    return (
        _of_directory(then, facts)
        or _of_service(then, facts)
        or _of_proposal(then, proposed)
        or (Moved.OVER, "Nothing would be done about it today.")
    )


def _is_done(then: Operation, facts: Facts) -> bool:
    known = facts.known.get(then.key)
    if isinstance(then, Delete | Deactivate):
        return known is None or (known.status == Status.LEFT and known.service_id == then.service_id)
    return known is not None and known.status == Status.MANAGED and known.fingerprint == then.inputs.desired


def _of_directory(then: Operation, facts: Facts) -> tuple[Moved, str] | None:
    now = facts.desired.get(then.key)
    match then.inputs.desired, now:
        case (None, None):
            return None
        case (None, _):
            return Moved.ENTRY, "The entry is in scope again."
        case (_, None):
            return Moved.LEFT, "The entry has left the directory, or its scope."
        case (before, after) if before != after:
            if facts.desired_then.get(then.key) == before:
                return Moved.CLOCK, "The entry is as it was, but the time has come at which its state changes."
            return Moved.ENTRY, "The entry in the directory has changed."
        case _:
            return None


def _of_service(then: Operation, facts: Facts) -> tuple[Moved, str] | None:
    replaced = then.replaces if isinstance(then, Adopt | Restore) else None
    known = facts.known.get(replaced or then.key)
    if isinstance(then, Create):
        return None if known is None else (Moved.SNAPSHOT, "The service has a resource for it by now.")
    if known is None:
        return Moved.SNAPSHOT, "The service does not have the resource any more."
    if isinstance(then, ChangeMembers) or (known.fingerprint, known.service_id) == (then.inputs.known, then.service_id):
        return None
    return Moved.SNAPSHOT, "The resource at the service is not as it was."


def _of_proposal(then: Operation, proposed: Mapping[tuple[Key, str], _Proposed]) -> tuple[Moved, str] | None:
    verb = next((verb for verb in _VERBS if (then.key, verb) in proposed), None)
    return None if verb is None else (Moved.SNAPSHOT, f"Another operation would be needed today: {verb}.")


def _reconsider_members(parts: Sequence[HeldOperation], now: GroupChange | None, facts: Facts, result: _Result) -> None:
    """File the members of one group who still enter or leave."""
    added: set[Key] = set()
    removed: set[Key] = set()
    first: ChangeMembers | None = None
    for one in parts:
        then = one.operation
        if not isinstance(then, ChangeMembers):  # `parts` has no others
            continue
        entering, leaving, why = _members(one, then, now, facts, result)
        if why is not None:
            result.refuse(then, why)
        elif not entering and not leaving:
            result.refuse(then, None)
        else:
            first = first or then
            added |= entering
            removed |= leaving
    if first is not None and now is not None:
        _take_members(now.template, tuple(sorted(added)), tuple(sorted(removed)), result)


def _take_members(template: ChangeMembers, added: tuple[Key, ...], removed: tuple[Key, ...], result: _Result) -> None:
    for entering, leaving in ((added, removed), (added, ()), ((), removed)):
        result.approvals.add(Approval(template.key, template.verb, member_inputs(entering, leaving)))
    if added:
        change = replace(template, inputs=member_inputs(added, ()), added=added, removed=())
        result.operations.append(change)
    if removed:
        change = replace(template, inputs=member_inputs((), removed), added=(), removed=removed)
        result.held.append(HeldOperation(change, ("It is part of the plan that is carried out.",)))


def _members(
    one: HeldOperation, then: ChangeMembers, now: GroupChange | None, facts: Facts, result: _Result
) -> tuple[frozenset[Key], frozenset[Key], tuple[Moved, str] | None]:
    """Return who still enters and who still leaves, or why that cannot be said."""
    nobody: frozenset[Key] = frozenset()
    group = then.key
    if group in facts.held:
        return nobody, nobody, (Moved.HELD, "A finding holds the group now, or an earlier operation on it is in doubt.")
    if group in facts.unread:
        return nobody, nobody, (Moved.UNKNOWN, "Its directory could not be read.")
    known = facts.known.get(group)
    if not result.brings(group):
        if known is None or known.status != Status.MANAGED:
            return nobody, nobody, (Moved.SNAPSHOT, "The group itself is not at the service.")
        if then.service_id is not None and then.service_id != known.service_id:
            return nobody, nobody, (Moved.SNAPSHOT, "The group at the service is another one.")
    entering = frozenset(then.added) & (now.added if now else nobody)
    may_leave = (now.free | now.waiting | now.blocked) if now else nobody
    leaving = frozenset(then.removed) & may_leave
    missing_in, missing_out = frozenset(then.added) - entering, frozenset(then.removed) - leaving
    here = facts.members(group) if missing_in or missing_out else nobody
    moved = (missing_in - here) | (missing_out & here)  # the rest of them is done already
    if moved:
        return nobody, nobody, (Moved.ENTRY, f"{_people(len(moved))} not enter or leave it any more.")
    if now and leaving & now.blocked:
        return nobody, nobody, (Moved.UNKNOWN, " ".join(now.reasons))
    against = [reason for reason in now.reasons if reason not in one.reasons] if now else []
    if now and leaving & now.waiting and against:
        return nobody, nobody, (Moved.HELD, " ".join(against))
    return entering, leaving, None


def _people(count: int) -> str:
    return "1 of its members would" if count == 1 else f"{count} of its members would"
