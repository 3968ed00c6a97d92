"""What the present plan does with somebody, and what waits for a person. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ldap2scim.explain.answer import Values
from ldap2scim.explain.mapped import shown
from ldap2scim.model import Key
from ldap2scim.planning.operations import Adopt, ChangeMembers, HeldOperation, Operation, Restore, Update
from ldap2scim.planning.plan import Plan
from ldap2scim.settings.attribute_names import written_path


@dataclass(frozen=True, slots=True)
class Planned:
    """The operations of one plan about one key."""

    flowing: tuple[Operation, ...]
    held: tuple[HeldOperation, ...]

    @property
    def is_empty(self) -> bool:
        """Say whether the plan does nothing with the entry itself."""
        return not self.flowing and not self.held


def planned(plan: Plan, key: Key) -> Planned:
    """Return what a plan does with somebody: with the resource itself, and with groups that gain or lose it."""
    return Planned(
        tuple(one for one in plan.operations if _concerns(one, key)),
        tuple(one for one in plan.held if _concerns(one.operation, key)),
    )


def plan_rows(found: Planned, key: Key, values: Values) -> Iterator[tuple[str, str]]:
    """Yield each operation, and of the held ones why: its own first."""
    for one in found.flowing:
        yield "would", _said(one, key, values)
    for waiting in sorted(found.held, key=lambda one: one.operation.key != key):
        yield "held", _said(waiting.operation, key, values)
        yield from (("  because", reason) for reason in dict.fromkeys(waiting.reasons))


def _concerns(operation: Operation, key: Key) -> bool:
    match operation:
        case ChangeMembers(added=added, removed=removed) if operation.key != key:
            return key in added or key in removed
        case Adopt(replaces=replaced) | Restore(replaces=replaced):
            return key in (operation.key, replaced)
        case _:
            return operation.key == key


def _said(operation: Operation, key: Key, values: Values) -> str:
    match operation:
        case ChangeMembers(added=added, removed=removed) if operation.key == key:
            return f"change members: {_count(added)} enter, {_count(removed)} leave"
        case ChangeMembers(added=added) if key in added:
            return f"enter the group {operation.name}"
        case ChangeMembers():
            return f"leave the group {operation.name}"
        case Adopt(changes=changes) | Restore(changes=changes) | Update(changes=changes):
            taken = ""
            if isinstance(operation, Adopt | Restore) and operation.replaces is not None:
                taken = " (taking over the resource of the entry before)" if operation.key == key else " (taken over)"
            what = "; ".join(
                f"{written_path(one.path)}: {shown(one.old, values)} → {shown(one.new, values)}" for one in changes
            )
            return f"{operation.verb}{taken}" + (f": {what}" if what else "")
        case _:
            return operation.verb


def _count(keys: Sequence[Key]) -> str:
    return str(len(keys)) if keys else "nobody"
