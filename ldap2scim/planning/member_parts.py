"""Parting a change of members: what may flow, and what waits, for its own reasons or for its members'. Pure.

A group has at most one flowing and one held change. Members that enter flow although others may not leave; a member
whose own creation or removal is held waits with it, and moves as soon as that flows.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from ldap2scim.model import Key
from ldap2scim.planning.approvals import Approval
from ldap2scim.planning.members import member_inputs
from ldap2scim.planning.operations import ChangeMembers, HeldOperation, Inputs


@dataclass(frozen=True, slots=True)
class Standing:
    """What became of the operations on members and groups themselves."""

    not_coming: frozenset[Key]
    """Whose creation, adoption or restoring is held."""
    staying: frozenset[Key]
    """Whose removal is held."""
    released: frozenset[Key]
    """Whose removal flows by an approval."""

    @property
    def any(self) -> bool:
        """Say whether a member may have to wait for somebody."""
        return bool(self.not_coming or self.staying)


@dataclass(frozen=True, slots=True)
class GroupChange:
    """Everything proposed for the members of one group."""

    template: ChangeMembers
    """Any of the proposals: key, name and service id are the same in all."""
    added: frozenset[Key]
    free: frozenset[Key]
    """Leave, as far as the reads tell."""
    waiting: frozenset[Key]
    """Leave when a person says so."""
    blocked: frozenset[Key]
    """Cannot be known to leave."""
    reasons: tuple[str, ...]
    """Of those who wait or are blocked."""

    @property
    def leaving(self) -> frozenset[Key]:
        """Return all that a person may let go."""
        return self.free | self.waiting


def gather(
    free: Iterable[ChangeMembers], held: Iterable[HeldOperation], blocked: Iterable[HeldOperation]
) -> Mapping[Key, GroupChange]:
    """Bring together what was proposed for each group."""
    nobody: frozenset[Key] = frozenset()
    groups = {
        change.key: GroupChange(change, frozenset(change.added), frozenset(change.removed), nobody, nobody, ())
        for change in free
    }
    for waiting, change in _of_members(held):
        group = _of(groups, change)
        reasons = (*group.reasons, *waiting.reasons)
        groups[change.key] = replace(group, waiting=group.waiting | frozenset(change.removed), reasons=reasons)
    for waiting, change in _of_members(blocked):
        group = _of(groups, change)
        reasons = (*group.reasons, *waiting.reasons)
        groups[change.key] = replace(group, blocked=group.blocked | frozenset(change.removed), reasons=reasons)
    return groups


def _of(groups: Mapping[Key, GroupChange], change: ChangeMembers) -> GroupChange:
    nobody: frozenset[Key] = frozenset()
    return groups.get(change.key) or GroupChange(change, nobody, nobody, nobody, nobody, ())


def _of_members(held: Iterable[HeldOperation]) -> Iterator[tuple[HeldOperation, ChangeMembers]]:
    for waiting in held:
        if isinstance(waiting.operation, ChangeMembers):
            yield waiting, waiting.operation


@dataclass(frozen=True, slots=True)
class TooMany:
    """Why nobody may enter a group, or nobody may leave it; empty where all may."""

    gain: tuple[str, ...] = ()
    loss: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        """Say whether there is a reason."""
        return bool(self.gain or self.loss)


NOT_TOO_MANY = TooMany()


def part(
    group: GroupChange, standing: Standing, too_many: TooMany, approvals: frozenset[Approval]
) -> tuple[ChangeMembers | None, HeldOperation | None]:
    """Part the change of one group."""
    if not (standing.any or too_many.any or group.waiting or group.blocked):
        return group.template, None
    key = group.template.key
    whole = key in standing.not_coming
    late = group.added if whole else group.added & standing.not_coming
    following = group.leaving if whole else group.leaving & standing.staying
    entering = group.added if too_many.gain else frozenset[Key]()
    own = group.leaving if too_many.loss else group.waiting
    mine = [approval for approval in approvals if approval.key == key]
    if mine:
        # What the held part was, or would have been, before the removals of members were released.
        asked = own | group.blocked | following | (group.leaving & standing.released)
        inputs = member_inputs(tuple(entering), tuple(asked))
        if any(_covers(approval, inputs, too_many) for approval in mine):
            own, entering, too_many = frozenset(), frozenset(), NOT_TOO_MANY
    followers = len(late - entering) + len(following)
    late |= entering
    kept = own | following | group.blocked
    reasons = (
        *(too_many.gain if entering else ()),
        *(too_many.loss if own else ()),
        *(group.reasons if kept & (group.waiting | group.blocked) else ()),
        *_followers(whole, followers),
    )
    held = _change(group.template, late, kept)
    return (
        _change(group.template, group.added - late, group.leaving - kept),
        None if held is None else HeldOperation(held, reasons),
    )


def _covers(approval: Approval, inputs: Inputs, too_many: TooMany) -> bool:
    """Say whether the same members would leave as were approved, and where that was asked, the same enter."""
    same_enter = not too_many.gain or approval.inputs.desired == inputs.desired
    return approval.verb == ChangeMembers.verb and approval.inputs.known == inputs.known and same_enter


def _followers(whole: bool, count: int) -> tuple[str, ...]:
    if whole:
        return ("The group's own operation is held, and its members wait with it.",)
    if count == 1:
        return ("1 of its members waits with its own operation, which is held.",)
    if count:
        return (f"{count} of its members wait with their own operations, which are held.",)
    return ()


def _change(template: ChangeMembers, added: frozenset[Key], removed: frozenset[Key]) -> ChangeMembers | None:
    if not added and not removed:
        return None
    entering, leaving = tuple(sorted(added)), tuple(sorted(removed))
    if (entering, leaving) == (template.added, template.removed):
        return template
    return replace(template, inputs=member_inputs(entering, leaving), added=entering, removed=leaving)
