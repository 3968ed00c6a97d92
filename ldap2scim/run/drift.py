"""Drift: the whole service is compared with the directory, whatever our snapshot says. Nothing is changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ldap2scim.errors import ReadIncomplete
from ldap2scim.findings import Finding, Severity
from ldap2scim.planning.document import Document
from ldap2scim.planning.drift_policy import Edit, Repair
from ldap2scim.planning.operations import Adopt, Create, Deactivate, Delete, Operation, Restore
from ldap2scim.planning.orphans import is_of_an_orphan
from ldap2scim.planning.render_drift import drift_document
from ldap2scim.planning.render_findings import refused_document
from ldap2scim.planning.render_operations import summary
from ldap2scim.planning.three_way import Moved
from ldap2scim.progress import Progress
from ldap2scim.run.believe import Believed, believe
from ldap2scim.run.context import Mode, Run, open_run
from ldap2scim.run.decide import compare
from ldap2scim.run.extract import Unread
from ldap2scim.run.last_look import compared_everything, remember_look
from ldap2scim.run.pipeline import look
from ldap2scim.run.reading import Read
from ldap2scim.run.survey import EDITED, Survey, survey
from ldap2scim.settings import Settings

LOOK: Final = "drift"
"""What the list of runs calls such a one."""


@dataclass(frozen=True, slots=True)
class Drift:
    """How the service differs from the directory."""

    document: Document
    exit_code: int
    """0 in step, 1 a directory could not be read, 3 something is held or not to be believed, 2 different; the first of
    1, 3, 2, 0 that holds (DESIGN §7)."""
    differs: bool
    """Whether the service holds something else than the directory says of those who are not held."""
    edits: tuple[Edit, ...] = ()
    """In what the sides differ, by which of them moved."""
    findings: tuple[Finding, ...] = ()
    believed: bool = True
    """False: a finding forbids to believe the directory, and nothing is said of the service."""

    @property
    def is_as_left(self) -> bool:
        """Say whether nothing of the service is otherwise than it was left, whatever the directory says by now."""
        return not self.differs or self.pending_alone

    @property
    def pending_alone(self) -> bool:
        """Say whether the service is as it was left and the directory alone has moved: the next `sync` writes that."""
        differing = [one for one in self.edits if one.differs]
        return self.differs and bool(differing) and all(one.moved is Moved.DIRECTORY for one in differing)


def drift(settings: Settings, *, progress: Progress | None = None) -> Drift:
    """Read both sides in full and say what differs; no limit holds anything back here.

    Raises:
        Ldap2ScimError: one side cannot be read, or not completely.
    """
    with open_run(settings, Mode.PLAN, progress=progress) as run:
        reads, _ = look(run)
        believed = believe(run, reads)
        if believed.stops:
            return refused(run)
        return drift_of(run, reads, believed, survey(run, believed))


def refused(run: Run) -> Drift:
    """Say why nothing is said of the service: a finding forbids to believe the directory."""
    run.looked(LOOK, 3)
    return Drift(refused_document(run.findings), 3, differs=False, findings=tuple(run.findings), believed=False)


def drift_of(run: Run, reads: tuple[Read | Unread, ...], believed: Believed, surveyed: Survey) -> Drift:
    """Say what differs between a survey and the directory.

    Raises:
        StateError: the state cannot be read.
    """
    run.note(*(one for one in surveyed.findings if one.rule != EDITED))  # shown in full beside them
    difference = compare(run, believed, surveyed).difference
    run.note(*difference.findings)
    waiting = (*difference.held, *difference.blocked)
    orphans = [one.operation for one in waiting if is_of_an_orphan(one.operation)]
    others = (one.operation for one in waiting if not is_of_an_orphan(one.operation))
    proposed = [*difference.operations, *others]
    operations = sorted(filter(_differs, proposed), key=lambda operation: operation.sort_key)
    run.note(*_not_managed_yet(len(proposed) - len(operations)))
    edits = (*surveyed.edits, *_pending(proposed, surveyed.edits))
    differs = bool(operations) or any(one.differs for one in edits)
    held = bool(waiting) or any(one.severity is not Severity.NOTE for one in run.findings)
    document = drift_document(operations, run.findings, edits)
    if orphans:
        # They stand beside what the directory says, and the service is as it was left.
        told = f"{summary('Held', orphans)} `ldap2scim recover` gives the id that releases them."
        document = replace(document, lines=(*document.lines, told))
    found = Drift(document, exit_code(reads, held=held, differs=differs), differs, edits, tuple(run.findings))
    left_alone = believed.holds.keys | believed.undecided | surveyed.holds
    if found.is_as_left and all(isinstance(one, Read) for one in reads) and compared_everything(run, left_alone):
        remember_look(run, surveyed.resources)
    run.looked(LOOK, found.exit_code)
    return found


def _pending(proposed: Sequence[Operation], edits: Sequence[Edit]) -> Iterator[Edit]:
    """Yield the resources that are to come or to go; what somebody deleted there comes again, and is told already."""
    told = {one.name for one in edits}
    for one in proposed:
        match one:
            case Create() if one.name not in told:
                yield Edit(one.resource_type, one.name, "not there yet", Moved.DIRECTORY, Repair.OVERWRITE)
            case Delete() | Deactivate() if one.name not in told:
                yield Edit(one.resource_type, one.name, "has left", Moved.DIRECTORY, Repair.OVERWRITE)
            case Restore():
                yield Edit(one.resource_type, one.name, "comes back", Moved.DIRECTORY, Repair.OVERWRITE)
            case _:
                pass


def exit_code(reads: tuple[Read | Unread, ...], *, held: bool, differs: bool) -> int:
    """Return the first of 1, 3, 2, 0 that holds; a read without its proven end is refused, as in every other run."""
    unread = [one.error for one in reads if isinstance(one, Unread)]
    if any(not isinstance(error, ReadIncomplete) for error in unread):
        return 1
    return 3 if held or unread else 2 if differs else 0


def _differs(operation: Operation) -> bool:
    """Say whether the service holds something else than the directory; to adopt what is equal changes nothing there."""
    return not isinstance(operation, Adopt) or bool(operation.changes)


def _not_managed_yet(count: int) -> Iterator[Finding]:
    if count:
        yield Finding(
            rule="not-managed-yet",
            severity=Severity.NOTE,
            message=f"{count} users and groups of the service are as the directory says and not managed yet.",
            remedy="`ldap2scim sync --apply`, or with a lost state `ldap2scim recover --apply`, adopts them.",
        )
