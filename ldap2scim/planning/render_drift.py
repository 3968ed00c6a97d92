"""Which side moved, and what would bring the service in step, as a document. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence

from ldap2scim.findings import Finding
from ldap2scim.planning.document import MOST_ROWS, Document, Table, filled, table_of
from ldap2scim.planning.drift_policy import Edit
from ldap2scim.planning.operations import Operation
from ldap2scim.planning.render_findings import findings_table
from ldap2scim.planning.render_operations import operations_table, summary
from ldap2scim.planning.three_way import Moved


def drift_document(
    operations: Sequence[Operation], findings: Sequence[Finding] = (), edits: Sequence[Edit] = ()
) -> Document:
    """Show how the service differs from the directory, by which side moved, and what would bring it in step."""
    if operations:
        lines = [summary("Different", operations)]
    elif any(one.differs for one in edits):
        lines = ["Different: see which side moved."]
    else:
        lines = ["In step: the service holds what the directory says."]
    counts = Counter(one.moved for one in edits)
    lines += [", ".join(f"{counts[side]} {side.value}" for side in Moved if counts[side]) + "."] if edits else []
    tables = (_edits(edits), operations_table("Differences", operations), findings_table(findings))
    return Document("Drift", tuple(lines), filled(tables))


def edit_rows(edits: Iterable[Edit]) -> list[dict[str, str]]:
    """Return every edit as an object, for machines: all of them, however many."""
    return [dict(zip(_EDIT_COLUMNS, _edit_row(one), strict=True)) for one in edits]


_EDIT_COLUMNS = ("type", "name", "what", "which side", "what is done")


def _edit_row(one: Edit) -> tuple[str, ...]:
    return (one.resource_type.value, one.name, one.what, one.moved.value, one.done)


def _edits(edits: Sequence[Edit]) -> Table:
    return table_of("Which side moved", _EDIT_COLUMNS, tuple(map(_edit_row, edits[:MOST_ROWS])), len(edits))
