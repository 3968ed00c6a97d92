"""Plan, outcomes, accounts and findings as one structure, and that as text, Markdown or rows. Pure.

Shown: names (DN, login), verbs, attribute paths, and booleans. Not shown: any other attribute value.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields

from ldap2scim.findings import Finding, Severity
from ldap2scim.model import rfc_name
from ldap2scim.planning.account_rows import DirectoryAccount, ServiceAccount
from ldap2scim.planning.accounts import Accounts, Outcome, Result
from ldap2scim.planning.drift_policy import Edit
from ldap2scim.planning.forecast import Forecast
from ldap2scim.planning.kinds import KINDS, kind_of
from ldap2scim.planning.operations import AttributeChange, ChangeMembers, HeldOperation, Operation
from ldap2scim.planning.plan import Plan
from ldap2scim.planning.removals import changes_of, plural
from ldap2scim.planning.three_way import Moved

MOST_ROWS = 500
"""Of one table: more of them freeze the Prefect UI (a counted remainder is said instead)."""
ALL_ROWS = sys.maxsize
"""For files: whoever opens one searches it."""
MOST_LINES = 50
"""Of one table on a terminal."""
MOST_NAMES = 3
"""Of one finding."""
IN_STEP = "Nothing to do: the service is in step."
OF_DIRECTORY = "Directory: "
"""Begins the line of the first account."""
_FINDINGS = "Findings"
_ACCOUNTS = "Accounts"
_UNBALANCED = "The accounts do not add up: this run has failed. Run `ldap2scim recover`."


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a heading."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    more: int = 0
    """Rows that were left out."""


@dataclass(frozen=True, slots=True)
class Bar:
    """How many operations of one kind there are."""

    kind: str
    to_do: int
    held: int


@dataclass(frozen=True, slots=True)
class Document:
    """What a person reads, whatever it is shown on."""

    title: str
    lines: tuple[str, ...]
    """The summary, sentence by sentence."""
    tables: tuple[Table, ...]
    bars: tuple[Bar, ...] = ()
    """What a chart shows, in the order of a plan."""


def plan_document(
    plan: Plan,
    findings: Sequence[Finding] = (),
    accounts: Accounts | None = None,
    forecast: Forecast | None = None,
    most: int = MOST_ROWS,
) -> Document:
    """Show what would be done, what is held and why; `accounts` are as if all that may flow were confirmed."""
    lines = [f"Plan {plan.plan_id[:12]}, evaluated at {plan.evaluated_at.isoformat(timespec='seconds')}."]
    if plan.operations:
        lines.append(_summary("To do", plan.operations))
        lines += [] if forecast is None else [str(forecast)]
    elif not plan.held:
        lines.append(IN_STEP)
    lines += _held_lines(plan)
    lines += account_lines(accounts)
    tables = (
        account_rows(accounts),
        _operations("Operations", plan.operations, most),
        _held(plan.held, most),
        findings_table(findings, most),
    )
    return Document("Plan", tuple(lines), filled(tables), bars_of(plan))


def bars_of(plan: Plan) -> tuple[Bar, ...]:
    """Count the operations of a plan by kind."""
    to_do = Counter(map(kind_of, plan.operations))
    held = Counter(kind_of(waiting.operation) for waiting in plan.held)
    return tuple(Bar(kind, to_do[kind], held[kind]) for kind in KINDS if to_do[kind] or held[kind])


def _held_lines(plan: Plan) -> tuple[str, ...]:
    if not plan.held:
        return ()
    summary = _summary("Held", (waiting.operation for waiting in plan.held))
    return (summary, f"To release what is held: ldap2scim approve {plan.plan_id}")


def drift_document(
    operations: Sequence[Operation], findings: Sequence[Finding] = (), edits: Sequence[Edit] = ()
) -> Document:
    """Show how the service differs from the directory, by which side moved, and what would bring it in step."""
    if operations:
        lines = [_summary("Different", operations)]
    elif any(one.differs for one in edits):
        lines = ["Different: see which side moved."]
    else:
        lines = ["In step: the service holds what the directory says."]
    counts = Counter(one.moved for one in edits)
    lines += [", ".join(f"{counts[side]} {side.value}" for side in Moved if counts[side]) + "."] if edits else []
    tables = (_edits(edits), _operations("Differences", operations), findings_table(findings))
    return Document("Drift", tuple(lines), filled(tables))


def edit_rows(edits: Iterable[Edit]) -> list[dict[str, str]]:
    """Return every edit as an object, for machines: all of them, however many."""
    return [dict(zip(_EDIT_COLUMNS, _edit_row(one), strict=True)) for one in edits]


_EDIT_COLUMNS = ("type", "name", "what", "which side", "what is done")


def _edit_row(one: Edit) -> tuple[str, ...]:
    return (one.resource_type.value, one.name, one.what, one.moved.value, one.done)


def _edits(edits: Sequence[Edit]) -> Table:
    return table_of("Which side moved", _EDIT_COLUMNS, tuple(map(_edit_row, edits[:MOST_ROWS])), len(edits))


def refused_document(findings: Sequence[Finding]) -> Document:
    """Show why nothing was decided."""
    return Document(
        "Refused", ("Refused: nothing was decided and nothing was changed.",), filled((findings_table(findings),))
    )


def report_document(
    plan: Plan, outcomes: Sequence[Outcome], accounts: Accounts | None, findings: Sequence[Finding] = ()
) -> Document:
    """Show what was done and what became of every entry."""
    results = Counter(outcome.result for outcome in outcomes)
    counts = ", ".join(f"{results[result]} {result.value}" for result in Result if results[result])
    lines = [f"Plan {plan.plan_id[:12]}: {counts or 'no operations'}."]
    missing = len(plan.operations) - len(outcomes)
    if missing:
        lines.append(f"{missing} operations were not reached; the next run goes on with them.")
    lines += _held_lines(plan)
    lines += account_lines(accounts)
    tables = (
        account_rows(accounts),
        _troubles(outcomes),
        _operations("Applied", [outcome.operation for outcome in outcomes if outcome.result.is_done]),
        _held(plan.held),
        findings_table(findings),
    )
    return Document("Report", tuple(lines), filled(tables))


def to_text(document: Document, most: int = MOST_LINES) -> str:
    """Return the document for a terminal, `most` rows of each table; nothing in it can drive the terminal."""
    return "\n".join(_text_lines(document, most)) + "\n"


def to_markdown(document: Document) -> str:
    """Return the document as Markdown; names are escaped."""
    lines = [f"# {document.title}", "", *(f"- {_escaped(line)}" for line in document.lines)]
    for table in document.tables:
        lines += [
            "",
            f"## {table.title}",
            "",
            _markdown_row(table.columns),
            _markdown_row(["---"] * len(table.columns)),
        ]
        lines += [_markdown_row([_escaped(cell) for cell in row]) for row in table.rows]
        lines += ["", f"… and {table.more} more"] if table.more else []
    return "\n".join(lines) + "\n"


def to_rows(table: Table) -> list[dict[str, str]]:
    """Return the rows of a table as objects, for a table artifact or `--json`."""
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def operation_rows(operations: Iterable[Operation]) -> list[dict[str, str]]:
    """Return every operation as an object, for machines: all of them, however many."""
    return [
        {"verb": one.verb, "type": one.resource_type.value, "name": one.name, "changes": detail(one)}
        for one in operations
    ]


def change_text(change: AttributeChange) -> str:
    """Return an attribute change as it may be shown: its path, and its values where they are booleans."""
    if isinstance(change.old, bool) or isinstance(change.new, bool):
        old, new = ("none" if value is None else str(value).lower() for value in (change.old, change.new))
        return f"{rfc_name(change.path)}: {old} → {new}"
    return rfc_name(change.path)


def detail(operation: Operation) -> str:
    """Return what an operation changes, without values."""
    if isinstance(operation, ChangeMembers):
        return moved_members(len(operation.added), len(operation.removed))
    return ", ".join(change_text(change) for change in changes_of(operation))


def moved_members(entered: int, left: int) -> str:
    """Return `+2 −1 members`; what is none is left out."""
    counts = [f"{sign}{count}" for sign, count in (("+", entered), ("−", left)) if count]
    return f"{' '.join(counts)} {'member' if entered + left == 1 else 'members'}"


def _summary(label: str, operations: Iterable[Operation]) -> str:
    counts = Counter((operation.rank, operation.verb, operation.resource_type) for operation in operations)
    parts = [f"{verb} {plural(kind, count)}" for (_, verb, kind), count in sorted(counts.items())]
    return f"{label}: {', '.join(parts)}."


def _operations(title: str, operations: Sequence[Operation], most: int = MOST_ROWS) -> Table:
    rows = tuple((o.verb, o.resource_type.value, o.name, detail(o)) for o in operations[:most])
    return table_of(title, ("verb", "type", "name", "changes"), rows, len(operations))


def _held(held: Sequence[HeldOperation], most: int = MOST_ROWS) -> Table:
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


def findings_table(findings: Sequence[Finding], most: int = MOST_ROWS) -> Table:
    """Return the findings, the worst first."""
    order = list(reversed(Severity))
    chosen = sorted(findings, key=lambda finding: (order.index(finding.severity), finding.rule))
    rows = tuple((finding.severity.value, finding.rule, _named(finding), finding.remedy) for finding in chosen[:most])
    return table_of(_FINDINGS, ("severity", "rule", "what", "what to do"), rows, len(findings))


def _named(finding: Finding) -> str:
    """Return the message, after the names of what it is about where it does not say them itself (P6)."""
    names = finding.subjects
    if not names or any(name in finding.message for name in names):
        return finding.message
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"{'; '.join(names[:MOST_NAMES])}{more}: {finding.message}"


def _troubles(outcomes: Iterable[Outcome]) -> Table:
    """Show what failed, is in doubt, or was applied with attributes that the service did not take."""
    troubled = [outcome for outcome in outcomes if not outcome.result.is_done or outcome.ignored]
    rows = tuple((o.result.value, o.operation.verb, o.operation.name, _trouble(o)) for o in troubled[:MOST_ROWS])
    return table_of("Troubles", ("result", "verb", "name", "what happened"), rows, len(troubled))


def _trouble(outcome: Outcome) -> str:
    ignored = f"The service ignored {', '.join(map(rfc_name, outcome.ignored))}." if outcome.ignored else ""
    # What is wrong and what to do are two lines of an error, and one cell here.
    return " ".join(filter(None, ((outcome.error or "").replace("\n", " "), ignored)))


def account_lines(accounts: Accounts | None) -> tuple[str, ...]:
    """Return the two accounts as the sums that they are, and each part of them that does not add up."""
    if accounts is None:
        return ()
    lines = (
        f"{OF_DIRECTORY}{_sum_of_entries(accounts.directory)}.",
        f"Service: {_sum_of_service(accounts.service)}.",
    )
    return lines if accounts.balanced else (*lines, *map(str, accounts.imbalances), _UNBALANCED)


def _sum_of_entries(directory: DirectoryAccount) -> str:
    """Return `3 entries = 1 held + 2 unchanged`; what is zero on the right-hand side is left out."""
    fates = ("out_of_scope", "held", "created", "adopted", "restored", "updated", "unchanged", "failed", "in_doubt")
    parts = [f"{getattr(directory, name)} {name.replace('_', ' ')}" for name in fates if getattr(directory, name)]
    return f"{directory.in_image} entries {_equals(directory.balanced)} {' + '.join(parts) or '0'}"


def _sum_of_service(service: ServiceAccount) -> str:
    before = [f"{service.managed_before} managed before"]
    before += [
        f"{getattr(service, name)} {name}" for name in ("created", "adopted", "restored") if getattr(service, name)
    ]
    after = [f"{service.managed_after} managed after", *([f"{service.removed} removed"] if service.removed else [])]
    return f"{' + '.join(before)} {_equals(service.balanced)} {' + '.join(after)}"


def account_rows(accounts: Accounts | None) -> Table:
    """Return the two sums of each directory and resource type; nothing where there is one row and so no more to say."""
    rows = accounts.rows if accounts is not None and len(accounts.rows) > 1 else ()
    shown = tuple(
        (
            row.directory,
            f"{row.resource_type.value.lower()}s",
            _sum_of_entries(row.entries),
            _sum_of_service(row.service),
        )
        for row in rows
    )
    return table_of(_ACCOUNTS, ("directory", "type", "entries", "managed"), shown, len(shown))


def accounts_table(accounts: Accounts | None) -> Table:
    """Return every number of the two accounts, zeros included: a row a directory and resource type, and the totals."""
    if accounts is None:
        return Table(_ACCOUNTS, (), ())
    rows = [
        (row.directory, f"{row.resource_type.value.lower()}s", *_numbers(row.entries, row.service))
        for row in accounts.rows
    ]
    rows.append(("all", "all", *_numbers(accounts.directory, accounts.service)))
    return table_of(_ACCOUNTS, ("directory", "type", *_ACCOUNT_COLUMNS), tuple(rows), len(rows))


def _numbers(entries: DirectoryAccount, service: ServiceAccount) -> tuple[str, ...]:
    return tuple(
        text
        for account in (entries, service)
        for text in (*(str(getattr(account, one.name)) for one in fields(account)), "yes" if account.balanced else "NO")
    )


_ACCOUNT_COLUMNS = (
    *(one.name.replace("_", " ") for one in fields(DirectoryAccount)),
    "entries add up",
    # What is created here may be an entry that failed there: a group whose members were refused.
    *(
        one.name.replace("_", " ") if "managed" in one.name else f"{one.name} at the service"
        for one in fields(ServiceAccount)
    ),
    "managed add up",
)


def _equals(balanced: bool) -> str:
    return "=" if balanced else "≠"


def table_of(title: str, columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...], total: int) -> Table:
    """Return a table in which nothing can drive a terminal; `total` counts the rows that were left out too."""
    return Table(title, columns, tuple(tuple(map(harmless, row)) for row in rows), total - len(rows))


def filled(tables: Iterable[Table]) -> tuple[Table, ...]:
    """Return the tables that have rows."""
    return tuple(table for table in tables if table.rows)


def harmless(text: str) -> str:
    """Return text in which control characters are spelt out: a DN may hold an escape sequence (CWE-150)."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def _escaped(text: str) -> str:
    for char in "\\`*_|[]<>#":
        text = text.replace(char, f"\\{char}")
    return text


def _markdown_row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _text_lines(document: Document, most: int) -> Iterator[str]:
    yield from map(harmless, document.lines)
    for table in document.tables:
        rows = table.rows[:most]
        more = table.more + len(table.rows) - len(rows)
        yield ""
        yield f"{table.title}:"
        yield from _sentences(rows) if table.title.startswith(_FINDINGS) else _aligned(rows)
        if more:
            yield f"  … and {more} more"


def _sentences(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield what was found and, below it, what to do."""
    for severity, rule, what, remedy in rows:
        yield f"  {severity:<4}  {what} ({rule})"
        yield f"        {remedy}"


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:-1]]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield "  " + "  ".join([*cells, row[-1]]).rstrip()
