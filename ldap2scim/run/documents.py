"""What a person reads of a run. Pure."""

from dataclasses import replace

from ldap2scim.planning.ages import ages, with_ages
from ldap2scim.planning.render import Document, plan_document, refused_document, report_document
from ldap2scim.run.context import Mode
from ldap2scim.run.report import Report


def document_of(report: Report) -> Document:
    """Return the plan of a dry run, the report of a run that applied it, or why nothing was decided."""
    shown = with_ages(_shown(report), waited_line(report))
    return replace(shown, lines=(*shown.lines, *(str(read) for read in report.reads if read.error is None)))


def waited_line(report: Report) -> str:
    """Return how long what is held has waited; empty where all of it is new."""
    return ages(report.held_since.values(), report.plan.evaluated_at if report.plan is not None else None)


def _shown(report: Report) -> Document:
    if report.plan is None:
        return refused_document(report.findings)
    if report.mode is Mode.PLAN:
        return plan_document(report.plan, report.findings, report.accounts, report.forecast)
    said = report_document(report.plan, report.outcomes, report.accounts, report.findings)
    if not report.welcome.people:
        return said
    return replace(said, lines=(*said.lines, *report.welcome.lines), tables=(report.welcome.table, *said.tables))
