"""What other settings would change: two plans from the same image and the same snapshot, held against each other.

Everything happens on copies of the state. No directory is asked where the image has all that both settings ask for;
where it has not, both are read anew, one right after the other, so that what the directory did since the last run is
told apart from what the settings do. The service is not asked at all.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ldap2scim.errors import PlanError
from ldap2scim.findings import Finding
from ldap2scim.planning.plan import Plan
from ldap2scim.planning.plan_difference import PlanDifference, difference
from ldap2scim.progress import Progress, Silent
from ldap2scim.run.context import Run
from ldap2scim.run.extract import Unread, extract_one
from ldap2scim.run.frozen import frozen_decision, frozen_run, last_reads
from ldap2scim.run.reading import Read, entries_asked_of, searches_of
from ldap2scim.settings import ConfiguredDirectory, Settings, changed_settings, digests, written_names


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What some settings come to."""

    plan: Plan | None
    """None: a finding forbids to decide anything."""
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, eq=False)
class WhatIf:
    """What other settings would change."""

    settings: tuple[str, ...]
    """The places of those that differ."""
    before: Look
    after: Look
    difference: PlanDifference | None
    """None: under one of the two nothing can be decided."""
    read_again: tuple[str, ...]
    """Directories of which the image does not have what one of the two asks for."""
    moved: PlanDifference | None
    """Where something was read again: what the directory did since the last run, under the settings of today."""
    limits: tuple[str, ...]
    """What cannot be known without asking the service."""

    @property
    def exit_code(self) -> int:
        """Return 3 nothing can be decided, 2 the settings change something, 0 they change nothing.

        A finding that only one of the two has is a change as well.
        """
        if self.difference is None:
            return 3
        same = self.difference.is_empty and not self.findings_added and not self.findings_dropped
        return 0 if same else 2

    @property
    def findings_added(self) -> tuple[Finding, ...]:
        """Return the findings that the other settings bring."""
        return _only_in(self.after, self.before)

    @property
    def findings_dropped(self) -> tuple[Finding, ...]:
        """Return the findings that only the settings of today have."""
        return _only_in(self.before, self.after)

    @property
    def findings_in_both(self) -> int:
        """Return how many findings the two have in common."""
        return len({*self.before.findings} & {*self.after.findings})


def _only_in(one: Look, other: Look) -> tuple[Finding, ...]:
    known = set(other.findings)
    return tuple(finding for finding in one.findings if finding not in known)


def what_if(
    settings: Settings, other: Settings, *, progress: Progress | None = None, now: datetime | None = None
) -> WhatIf:
    """Return what a plan under other settings has, and one under those of today has not, and the other way round.

    Args:
        settings: of today, whose state is looked at.
        other: that somebody thinks of; the state that they name does not matter.
        progress: who is told how far it has come.
        now: the time of evaluation of every plan; None: the present.

    Raises:
        PlanError: the other settings name another service, of which the state knows nothing.
        StateError: there is no state yet, or it cannot be read.
    """
    if settings.service.base_url != other.service.base_url:
        raise PlanError(
            "The other settings name another service (service.base_url), and nothing is known of what it has.",
            "Give them the same base_url; for another service, use them with a state of their own: `plan --config`.",
        )
    moment, watching = now or datetime.now(UTC), progress or Silent()
    again = _to_read_again(settings, other)
    before = first = _look(settings, settings, (), moment, watching)
    if again:
        before = _look(settings, settings, again, moment, watching)
    after = _look(settings, other, again, moment, watching)
    return WhatIf(
        settings=written_names(other, changed_settings(digests(settings), digests(other))),
        before=before,
        after=after,
        difference=_difference(before, after),
        read_again=again,
        moved=_difference(first, before) if again else None,
        limits=tuple(_limits(settings, other)),
    )


def _look(settings: Settings, under: Settings, again: tuple[str, ...], moment: datetime, watching: Progress) -> Look:
    """Decide under some settings on a copy of the state."""
    with frozen_run(replace(under, state=settings.state), moment) as run:
        run.progress = watching
        frozen = frozen_decision(run, _reads(run, again))
        return Look(frozen.decision.plan if frozen.decision is not None else None, tuple(dict.fromkeys(run.findings)))


def _reads(run: Run, again: tuple[str, ...]) -> tuple[Read | Unread, ...]:
    kept = {one.directory: one for one in last_reads(run)}
    return tuple(
        extract_one(run, one, kept.values()) if one.settings.name in again else kept[one.settings.name]
        for one in run.settings.directories
    )


def _difference(first: Look, second: Look) -> PlanDifference | None:
    if first.plan is None or second.plan is None:
        return None
    return difference(first.plan, second.plan)


def _to_read_again(settings: Settings, other: Settings) -> tuple[str, ...]:
    """Return the directories of which the image does not have what the other settings ask for."""
    ours, theirs = _by_name(settings), _by_name(other)
    held = {name for name in {*ours} & {*theirs} if _holds(ours[name], theirs[name])}
    return tuple(sorted({*ours, *theirs} - held))


def _by_name(settings: Settings) -> dict[str, ConfiguredDirectory]:
    return {one.settings.name: one for one in settings.directories}


def _holds(ours: ConfiguredDirectory, theirs: ConfiguredDirectory) -> bool:
    """Say whether an image that was read for the one has everything that the other asks for."""
    if (ours.settings.addresses, ours.settings.port) != (theirs.settings.addresses, theirs.settings.port):
        return False
    if entries_asked_of(ours) != entries_asked_of(theirs):
        return False
    pairs = zip(searches_of(ours), searches_of(theirs), strict=True)
    return all({*wanted.attributes} <= {*read.attributes} for read, wanted in pairs)


def _limits(settings: Settings, other: Settings) -> Iterator[str]:
    ours, theirs = settings.service, other.service
    if (ours.user_filter, ours.group_filter) != (theirs.user_filter, theirs.group_filter):
        yield (
            "The SCIM filters differ. Which resources another filter would show is known to the service alone: what "
            "would be adopted, or be ours no longer, is not in this comparison."
        )
