"""What other settings would change: findings count as well as operations."""

from dataclasses import replace

import pytest

from ldap2scim.findings import Finding, Severity
from ldap2scim.planning.plan_difference import PlanDifference
from ldap2scim.planning.render_difference import difference_document
from ldap2scim.planning.render_text import to_text
from ldap2scim.run.what_if import Look, WhatIf
from ldap2scim.run.what_if_lines import lines_of

SAME = PlanDifference((), (), (), (), (), 3)
SHARED = Finding("duplicate-email", Severity.NOTE, "Two share an address.", "", ("a",))
ONE_SIDED = Finding("own-rule", Severity.HOLD, "Rule `numbered`: 2 break it.", "", ("b",))


def compared(before: tuple[Finding, ...], after: tuple[Finding, ...]) -> WhatIf:
    """Return two plans that do the same, with these findings."""
    return WhatIf((), Look(None, before), Look(None, after), SAME, (), None, ())


@pytest.mark.parametrize(("before", "after"), [((SHARED,), (SHARED, ONE_SIDED)), ((ONE_SIDED, SHARED), (SHARED,))])
def test_a_finding_of_one_side_is_a_difference(before: tuple[Finding, ...], after: tuple[Finding, ...]) -> None:
    """Exit code 2, though every operation is the same."""
    assert compared(before, after).exit_code == 2


def test_findings_of_both_sides_are_no_difference() -> None:
    """What both have is counted, and not shown."""
    found = compared((SHARED,), (SHARED,))
    assert found.exit_code == 0
    assert "Findings: nothing; 1 are the same." in lines_of(found)


def test_added_and_dropped_findings_are_told_apart() -> None:
    """Each under its own title, and counted."""
    other = replace(ONE_SIDED, message="Rule `named`: 1 break it.")
    found = compared((SHARED, other), (SHARED, ONE_SIDED))
    shown = difference_document(lines_of(found), SAME, found.findings_added, dropped=found.findings_dropped)
    text = to_text(shown)
    assert "Findings: 1 added, 1 dropped; 1 are the same." in text
    assert text.index("Findings added:") < text.index("`numbered`") < text.index("Findings dropped:")
    assert text.index("Findings dropped:") < text.index("`named`")
