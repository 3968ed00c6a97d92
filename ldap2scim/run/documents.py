"""What a person reads of a run. Pure."""

from dataclasses import replace

from ldap2scim.planning.ages import ages, with_ages
from ldap2scim.planning.render import MOST_ROWS, Document, plan_document, refused_document, report_document
from ldap2scim.run.context import Mode
from ldap2scim.run.report import Report


def document_of(report: Report, most: int = MOST_ROWS) -> Document:
    """Return the plan of a dry run (`most` rows), the report of a run that applied it, or why nothing was decided."""
    shown = with_ages(_shown(report, most), waited_line(report))
    return replace(shown, lines=(*shown.lines, *(str(read) for read in report.reads if read.error is None)))


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
