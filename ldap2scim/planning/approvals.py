"""What a person's approval covers, and what it no longer does (P2). Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from ldap2scim.model import Key
from ldap2scim.planning.operations import ChangeMembers, HeldOperation, Inputs, Operation


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's word for one held operation of one plan, good as long as its inputs stay what they were."""

    key: Key
    verb: str
    inputs: Inputs


@dataclass(frozen=True, slots=True)
class Release:
    """A person's decision to release held operations of one plan. Who it was is what they said; nobody proves it."""

    by: str
    why: str = ""
    kinds: frozenset[str] | None = None
    """Of `kinds.KINDS`; None: all that the plan holds."""


@dataclass(frozen=True, slots=True)
class Refused:
    """An approval that covers nothing any more."""

    approval: Approval
    why: str
    """What moved, as a sentence."""


def approval_for(operation: Operation) -> Approval:
    """Return the approval that would release an operation as it is now."""
    return Approval(operation.key, operation.verb, operation.inputs)


def approvals_of(held: Iterable[HeldOperation]) -> frozenset[Approval]:
    """Return what approving a plan's id covers: the held operations of that plan, nothing else."""
    return frozenset(approval_for(waiting.operation) for waiting in held)


def refused_approvals(
    approvals: Iterable[Approval], flowing: Iterable[Operation], held: Iterable[HeldOperation]
) -> tuple[Refused, ...]:
    """Return the approvals that release nothing, each with what moved, sorted by key and verb."""
    approvals = sorted(approvals, key=lambda approval: (approval.key, approval.verb))
    if not approvals:
        return ()
    flows = {(operation.key, operation.verb): operation.inputs for operation in flowing}
    waits = {(waiting.operation.key, waiting.operation.verb): waiting.operation.inputs for waiting in held}
    refused: list[Refused] = []
    for approval in approvals:
        name = (approval.key, approval.verb)
        if name in waits:
            refused.append(Refused(approval, _moved(approval, waits[name])))
        elif name not in flows:
            refused.append(Refused(approval, "It is not proposed any more: nothing is left to do."))
        elif approval.verb != ChangeMembers.verb and flows[name] != approval.inputs:
            refused.append(Refused(approval, f"{_moved(approval, flows[name])} It needs no approval now."))
    return tuple(refused)


def _moved(approval: Approval, now: Inputs) -> str:
    if approval.verb == ChangeMembers.verb:
        return "Other members would enter or leave the group than those that were approved."
    if approval.inputs == now:
        return "It is still held for a reason that no approval can release."
    if approval.inputs.desired != now.desired:
        return "The entry in the directory has changed since."
    return "The resource at the service has changed since."
