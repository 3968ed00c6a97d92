"""A plan, and what became of it, as documents. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence

from ldap2scim.findings import Finding
from ldap2scim.model import rfc_name
from ldap2scim.planning.accounts import Accounts, Outcome, Result
from ldap2scim.planning.document import MOST_ROWS, Bar, Document, Table, filled, table_of
from ldap2scim.planning.forecast import Forecast
from ldap2scim.planning.kinds import KINDS, kind_of
from ldap2scim.planning.plan import Plan
from ldap2scim.planning.render_accounts import account_lines, account_rows
from ldap2scim.planning.render_findings import findings_table
from ldap2scim.planning.render_operations import held_lines, held_table, operations_table, summary

IN_STEP = "Nothing to do: the service is in step."


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
        lines.append(summary("To do", plan.operations))
        lines += [] if forecast is None else [str(forecast)]
    elif not plan.held:
        lines.append(IN_STEP)
    lines += held_lines(plan)
    lines += account_lines(accounts)
    tables = (
        account_rows(accounts),
        operations_table("Operations", plan.operations, most),
        held_table(plan.held, most),
        findings_table(findings, most),
    )
    return Document("Plan", tuple(lines), filled(tables), bars_of(plan))


def bars_of(plan: Plan) -> tuple[Bar, ...]:
    """Count the operations of a plan by kind."""
    to_do = Counter(map(kind_of, plan.operations))
    held = Counter(kind_of(waiting.operation) for waiting in plan.held)
    return tuple(Bar(kind, to_do[kind], held[kind]) for kind in KINDS if to_do[kind] or held[kind])


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
    lines += held_lines(plan)
    lines += account_lines(accounts)
    tables = (
        account_rows(accounts),
        _troubles(outcomes),
        operations_table("Applied", [outcome.operation for outcome in outcomes if outcome.result.is_done]),
        held_table(plan.held),
        findings_table(findings),
    )
    return Document("Report", tuple(lines), filled(tables))


def _troubles(outcomes: Iterable[Outcome]) -> Table:
    """Show what failed, is in doubt, or was applied with attributes that the service did not take."""
    troubled = [outcome for outcome in outcomes if not outcome.result.is_done or outcome.ignored]
    rows = tuple((o.result.value, o.operation.verb, o.operation.name, _trouble(o)) for o in troubled[:MOST_ROWS])
    return table_of("Troubles", ("result", "verb", "name", "what happened"), rows, len(troubled))


def _trouble(outcome: Outcome) -> str:
    ignored = f"The service ignored {', '.join(map(rfc_name, outcome.ignored))}." if outcome.ignored else ""
    # What is wrong and what to do are two lines of an error, and one cell here.
    return " ".join(filter(None, ((outcome.error or "").replace("\n", " "), ignored)))
