"""The difference between two plans as a document. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ldap2scim.findings import Finding
from ldap2scim.planning.document import ALL_ROWS, MOST_ROWS, Document, Table, filled, table_of
from ldap2scim.planning.operations import ChangeMembers, HeldOperation
from ldap2scim.planning.plan_difference import PlanDifference
from ldap2scim.planning.removals import changes_of
from ldap2scim.planning.render_findings import findings_table
from ldap2scim.planning.render_operations import change_text, detail

_COLUMNS = ("verb", "type", "name", "changes", "waits")


def difference_document(
    lines: Sequence[str],
    found: PlanDifference,
    findings: Sequence[Finding],
    most: int = MOST_ROWS,
    dropped: Sequence[Finding] = (),
) -> Document:
    """Show what a second plan has that the first has not, and the other way round.

    Args:
        lines: what is said before.
        found: the difference.
        findings: that the second met and the first did not.
        most: rows of a table.
        dropped: findings that the first met and the second did not.
    """
    counts = (
        (len(found.added), "added"),
        (len(found.dropped), "dropped"),
        (len(found.changed), "changed"),
        (len(found.newly_held), "newly held"),
        (len(found.released), "no longer held"),
    )
    said = ", ".join(f"{count:,} {word}" for count, word in counts if count) or "nothing"
    tables = (
        _operations("Added", found.added, most),
        _operations("Dropped", found.dropped, most),
        _changed(found, most),
        _operations("Newly held", found.newly_held, most),
        _operations("No longer held", found.released, most),
        replace(findings_table(findings, most), title="Findings added"),
        replace(findings_table(dropped, most), title="Findings dropped"),
    )
    return Document("What if", (*lines, f"Operations: {said}; {found.same:,} are the same."), filled(tables))


def _operations(title: str, found: Sequence[HeldOperation], most: int) -> Table:
    rows = _rows(((one, detail(one.operation)) for one in found[:most]), most)
    return table_of(title, _COLUMNS, rows, len(found))


def _changed(found: PlanDifference, most: int) -> Table:
    rows = _rows(((after, _between(before, after)) for before, after in found.changed[:most]), most)
    return table_of("Changed", _COLUMNS, rows, len(found.changed))


def _between(before: HeldOperation, after: HeldOperation) -> str:
    """Say what the second changes otherwise, without values."""
    if isinstance(after.operation, ChangeMembers):
        return f"{detail(before.operation)} → {detail(after.operation)}"
    then = {change.path: change for change in changes_of(before.operation)}
    now = {change.path: change for change in changes_of(after.operation)}
    differing = [path for path in dict.fromkeys([*then, *now]) if then.get(path) != now.get(path)]
    return ", ".join(change_text(now.get(path) or then[path]) for path in differing) or "another state"


def _rows(found: Iterable[tuple[HeldOperation, str]], most: int) -> tuple[tuple[str, ...], ...]:
    """Return rows in which a reason is said once where it comes again and again; in a file each row says its own."""
    rows: list[tuple[str, ...]] = []
    said: tuple[str, ...] = ()
    for one, what in found:
        again = one.reasons and one.reasons == said and most != ALL_ROWS
        operation, said = one.operation, one.reasons
        waits = "as above" if again else " ".join(one.reasons)
        rows.append((operation.verb, operation.resource_type.value, operation.name, what, waits))
    return tuple(rows)
