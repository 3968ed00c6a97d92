"""What the suites found about a state, in our own words. Pure; imports no Great Expectations."""

from dataclasses import dataclass
from pathlib import Path

from ldap2scim.findings import Severity

USER_COLUMNS = ("key", "login", "dn", "email", "external_id")
GROUP_COLUMNS = ("key", "login", "dn", "external_id")
"""What the rules look at; the whole frame is hashed once a run, so nothing else is passed."""


@dataclass(frozen=True, slots=True)
class FailedRule:
    """A rule that the state breaks."""

    rule: str
    """Name in kebab-case; that of the finding where a pure check asks the same."""
    severity: Severity
    """What such a finding would do to a run; a suite itself only describes."""
    expectation: str
    """Name in Great Expectations."""
    unexpected: int
    """Rows that break it; 0 where the rule is about the table as a whole."""
    rows: int
    """Rows of the table."""


@dataclass(frozen=True, slots=True)
class CrashedRule:
    """A rule that could not be evaluated; nothing is known about what it asks."""

    rule: str
    expectation: str
    error: str
    """Class of the exception. Its text may hold values of entries, and is left out."""


@dataclass(frozen=True, slots=True)
class SuiteOutcome:
    """What one suite says."""

    name: str
    rules: int
    """How many were asked."""
    failed: tuple[FailedRule, ...]
    crashed: tuple[CrashedRule, ...]

    @property
    def success(self) -> bool:
        """Say whether every rule could be asked and nothing graver than a note was found."""
        return not self.crashed and all(one.severity is Severity.NOTE for one in self.failed)


@dataclass(frozen=True, slots=True)
class Description:
    """What the suites say of a state, and where the pages are that show it."""

    users: SuiteOutcome
    groups: SuiteOutcome
    index: Path
    """First page of the Data Docs."""

    @property
    def success(self) -> bool:
        """Say whether both suites succeeded."""
        return self.users.success and self.groups.success
