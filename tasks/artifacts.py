"""What is published of a run: rendered by the domain, kept by Prefect. Keys are fixed, so that versions line up.

Shown are names, verbs and attribute paths, never other attribute values (`planning.document`), but for the e-mail
addresses of people who were created (`run.notices`).
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Final, cast
from uuid import UUID

from prefect.artifacts import (
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

from ldap2scim.planning.document import Document, Table, to_rows
from ldap2scim.planning.forecast import Forecast
from ldap2scim.planning.plan import Plan
from ldap2scim.planning.render_accounts import accounts_table
from ldap2scim.planning.render_markdown import to_markdown
from ldap2scim.planning.render_plan import plan_document
from ldap2scim.run.documents import document_of
from ldap2scim.run.drift import Drift
from ldap2scim.run.report import Report

logger = logging.getLogger("ldap2scim.flows")

PLAN: Final = "ldap2scim-plan"
LOAD: Final = "ldap2scim-load"
REPORT: Final = "ldap2scim-report"
FINDINGS: Final = "ldap2scim-findings"
ACCOUNTS: Final = "ldap2scim-accounts"
DATA_DOCS: Final = "ldap2scim-data-docs"
DRIFT: Final = "ldap2scim-drift"
_PAUSE: Final = 2.0
"""Seconds between two moves of the progress bar."""


def publish_plan(plan: Plan, forecast: Forecast) -> None:
    """Publish what is about to be done and what is held, before anything is done."""
    document = plan_document(plan, forecast=forecast)
    create_markdown_artifact(to_markdown(document), key=PLAN, description=_summary(document))


def publish_report(report: Report) -> None:
    """Publish how the run went: report, findings, accounts."""
    document = document_of(report)
    create_markdown_artifact(to_markdown(document), key=REPORT, description=_summary(document))
    tables = {table.title: table for table in document.tables}
    _publish_table(FINDINGS, tables.get("Findings"), "No findings.")
    _publish_table(
        ACCOUNTS, accounts_table(report.accounts), "Nothing was decided, so there is nothing to account for."
    )


def publish_drift(found: Drift) -> None:
    """Publish how the service differs from the directory, and which side moved."""
    create_markdown_artifact(to_markdown(found.document), key=DRIFT, description=_summary(found.document))


def publish_data_docs(index: Path, *, success: bool) -> None:
    """Publish where the description of the data is; a browser opens it on the machine of the worker."""
    met = "All expectations are met." if success else "Some expectations are not met."
    create_link_artifact(
        index.absolute().as_uri(),
        link_text="Data Docs",
        key=DATA_DOCS,
        description=f"{met} The pages are on the worker, in {index.parent.absolute()}.",
    )


class LoadBar:
    """Shows how far the load has come. Created while a flow runs.

    Nothing depends on it: where Prefect's server is away or does not take it, the load goes on without it.
    """

    def __init__(self, operations: int) -> None:
        self._operations = operations
        self._shown_at = monotonic()
        self._artifact: UUID | None = None
        with self._spared():
            # Its published type allows for a coroutine, which it returns to asynchronous callers alone.
            created = create_progress_artifact(
                0.0 if operations else 100.0, key=LOAD, description=f"{operations} operations"
            )
            self._artifact = cast("UUID", created)

    def show(self, done: int) -> None:
        """Move the bar, at most every few seconds: moving it takes as long as some ten operations."""
        now = monotonic()
        if self._artifact is not None and (done >= self._operations or now - self._shown_at >= _PAUSE):
            with self._spared():
                update_progress_artifact(self._artifact, progress=100.0 * done / self._operations)
            self._shown_at = now

    @contextmanager
    def _spared(self) -> Iterator[None]:
        """Give the bar up where it fails: to ask again and again could hold the load up for minutes each time."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever the server of Prefect or its client says
            self._artifact = None
            logger.warning("How far the load is cannot be shown any more (%s); it goes on.", type(error).__name__)


def _publish_table(key: str, table: Table | None, otherwise: str) -> None:
    rows = to_rows(table) if table is not None else []
    more = f"… and {table.more} more" if table is not None and table.more else ""
    create_table_artifact(rows, key=key, description=more if rows else otherwise)


def _summary(document: Document) -> str:
    return "\n\n".join(document.lines)
