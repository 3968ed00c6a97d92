"""What a person reads of a run. Pure."""

from dataclasses import replace

from ldap2scim.planning.ages import ages, with_ages
from ldap2scim.planning.document import MOST_ROWS, Document
from ldap2scim.planning.render_accounts import OF_DIRECTORY
from ldap2scim.planning.render_findings import refused_document
from ldap2scim.planning.render_plan import IN_STEP, plan_document, report_document
from ldap2scim.run.context import Mode
from ldap2scim.run.report import Report


def document_of(report: Report, most: int = MOST_ROWS) -> Document:
    """Return the plan of a dry run (`most` rows), the report of a run that applied it, or why nothing was decided."""
    shown = _of_the_past(with_ages(_shown(report, most), waited_line(report)), report.gone_back)
    return replace(shown, lines=(*shown.lines, *(str(read) for read in report.reads if read.error is None)))


def _of_the_past(shown: Document, gone_back: str) -> Document:
    """Say of a way back what it is: no directory was read, and that nothing is to do does not mean in step with one."""
    if not gone_back:
        return shown
    lines = (f"Nothing to do: {gone_back}." if line == IN_STEP else _wanted(line) for line in shown.lines)
    return replace(shown, lines=tuple(lines))


def _wanted(line: str) -> str:
    if not line.startswith(OF_DIRECTORY):
        return line
    return f"Resources that shall be managed: {line.removeprefix(OF_DIRECTORY).replace(' entries ', ' ', 1)}"


def waited_line(report: Report) -> str:
    """Return how long what is held has waited; empty where all of it is new."""
    return ages(report.held_since.values(), report.plan.evaluated_at if report.plan is not None else None)


def _shown(report: Report, most: int) -> Document:
    if report.plan is None:
        return refused_document(report.findings)
    if report.mode is Mode.PLAN:
        return plan_document(report.plan, report.findings, report.accounts, report.forecast, most)
    said = report_document(report.plan, report.outcomes, report.accounts, report.findings)
    if not report.welcome.people:
        return said
    return replace(said, lines=(*said.lines, *report.welcome.lines), tables=(report.welcome.table, *said.tables))
