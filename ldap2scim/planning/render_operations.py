"""Operations as a person reads them: their sums, their rows, and what each of them changes, without values. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from ldap2scim.model import rfc_name
from ldap2scim.planning.document import ALL_ROWS, MOST_ROWS, OPERATIONS, Table, some_of_each, table_of
from ldap2scim.planning.operations import AttributeChange, ChangeMembers, HeldOperation, Operation
from ldap2scim.planning.orphans import is_of_an_orphan
from ldap2scim.planning.plan import Plan
from ldap2scim.planning.removals import changes_of, plural


def summary(label: str, operations: Iterable[Operation]) -> str:
    """Return `To do: create 2 users, delete 1 group.`, in the order of a plan; orphans are told apart."""
    counts = Counter((one.rank, one.verb, one.resource_type, is_of_an_orphan(one)) for one in operations)
    parts = [
        f"{verb} {plural(kind, count).replace(' ', ' orphaned ') if orphaned else plural(kind, count)}"
        for (_, verb, kind, orphaned), count in sorted(counts.items())
    ]
    return f"{label}: {', '.join(parts)}."


def operations_table(title: str, operations: Sequence[Operation], most: int = MOST_ROWS) -> Table:
    """Return at most `most` operations, some of each kind, a row each."""
    chosen = some_of_each(operations, most, lambda one: (one.verb, one.resource_type))
    rows = tuple((o.verb, o.resource_type.value, o.name, detail(o)) for o in chosen)
    return table_of(title, OPERATIONS, rows, len(operations))


def operation_rows(operations: Iterable[Operation]) -> list[dict[str, str]]:
    """Return every operation as an object, for machines: all of them, however many."""
    return [
        {"verb": one.verb, "type": one.resource_type.value, "name": one.name, "changes": detail(one)}
        for one in operations
    ]


def held_lines(plan: Plan) -> tuple[str, ...]:
    """Return the sum of what is held and how to release it; nothing where nothing is."""
    if not plan.held:
        return ()
    held = summary("Held", (waiting.operation for waiting in plan.held))
    return (held, f"To release what is held: ldap2scim approve {plan.plan_id}")


def held_table(held: Sequence[HeldOperation], most: int = MOST_ROWS) -> Table:
    """Bring the operations that share a reason together, so that it is read once; in a file each row says its own."""
    rows: list[tuple[str, ...]] = []
    by_reason: defaultdict[tuple[str, ...], list[Operation]] = defaultdict(list)
    for waiting in held:
        by_reason[waiting.reasons].append(waiting.operation)
    for reasons, operations in by_reason.items():
        in_full = " ".join(reasons)
        for i, operation in enumerate(operations[: most - len(rows)]):
            why = in_full if i == 0 or most == ALL_ROWS else "as above"
            rows.append((operation.verb, operation.resource_type.value, operation.name, why))
    return table_of("Held", ("verb", "type", "name", "why, and what to do"), tuple(rows), len(held))


def detail(operation: Operation) -> str:
    """Return what an operation changes, without values."""
    if isinstance(operation, ChangeMembers):
        return moved_members(len(operation.added), len(operation.removed))
    return ", ".join(change_text(change) for change in changes_of(operation))


def change_text(change: AttributeChange) -> str:
    """Return an attribute change as it may be shown: its path, and its values where they are booleans."""
    if isinstance(change.old, bool) or isinstance(change.new, bool):
        old, new = ("none" if value is None else str(value).lower() for value in (change.old, change.new))
        return f"{rfc_name(change.path)}: {old} → {new}"
    return rfc_name(change.path)


def moved_members(entered: int, left: int) -> str:
    """Return `+2 −1 members`; what is none is left out."""
    counts = [f"{sign}{count}" for sign, count in (("+", entered), ("−", left)) if count]
    return f"{' '.join(counts)} {'member' if entered + left == 1 else 'members'}"
