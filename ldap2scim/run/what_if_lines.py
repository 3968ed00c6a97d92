"""What a person is told of a comparison of settings. Pure."""

from collections.abc import Sequence

from ldap2scim.findings import named
from ldap2scim.planning.plan_difference import PlanDifference
from ldap2scim.run.what_if import WhatIf

MOST_SETTINGS = 20


def lines_of(found: WhatIf) -> tuple[str, ...]:
    """Return what was compared, from what, and what cannot be known."""
    return (_settings(found.settings), _source(found), *_moved(found.moved), *found.limits, *_findings(found))


def _settings(places: Sequence[str]) -> str:
    if not places:
        return "No setting that shapes a plan differs."
    return f"Settings that differ: {named(places, MOST_SETTINGS, ', ')}."


def _source(found: WhatIf) -> str:
    if not found.read_again:
        return "Compared on what the last run read and the service last confirmed; nobody was asked."
    return (
        f"Directory {', '.join(found.read_again)} was read anew for both, one right after the other, since they ask "
        "for other entries or attributes; what changed there between the two reads is in the difference."
    )


def _moved(moved: PlanDifference | None) -> tuple[str, ...]:
    if moved is None:
        return ()
    count = sum(map(len, (moved.added, moved.dropped, moved.changed, moved.newly_held, moved.released)))
    if not count:
        return ("Since the last run the directory has changed nothing in the plan.",)
    return (f"Left out: {count:,} operations differ because the directory has moved on since the last run.",)


def _findings(found: WhatIf) -> tuple[str, ...]:
    added, dropped, both = len(found.findings_added), len(found.findings_dropped), found.findings_in_both
    if not added and not dropped and not both:
        return ()
    counts = [f"{count:,} {word}" for count, word in ((added, "added"), (dropped, "dropped")) if count]
    return (f"Findings: {', '.join(counts) or 'nothing'}; {both:,} are the same.",)
