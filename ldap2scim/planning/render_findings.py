"""Findings as a person reads them, and the refusal that they may be. Pure."""

from collections.abc import Sequence

from ldap2scim.findings import Finding, Severity, named
from ldap2scim.planning.document import FINDINGS, MOST_ROWS, Document, Table, filled, table_of

MOST_NAMES = 3
"""Of one finding."""


def refused_document(findings: Sequence[Finding]) -> Document:
    """Show why nothing was decided."""
    return Document(
        "Refused", ("Refused: nothing was decided and nothing was changed.",), filled((findings_table(findings),))
    )


def findings_table(findings: Sequence[Finding], most: int = MOST_ROWS) -> Table:
    """Return the findings, the worst first."""
    order = list(reversed(Severity))
    chosen = sorted(findings, key=lambda finding: (order.index(finding.severity), finding.rule))
    rows = tuple((finding.severity.value, finding.rule, _named(finding), finding.remedy) for finding in chosen[:most])
    return table_of(FINDINGS, ("severity", "rule", "what", "what to do"), rows, len(findings))


def _named(finding: Finding) -> str:
    """Return the message, after the names of what it is about where it does not say them itself (P6)."""
    names = finding.subjects
    if not names or any(name in finding.message for name in names):
        return finding.message
    return f"{named(names, MOST_NAMES)}: {finding.message}"
