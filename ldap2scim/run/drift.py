"""Drift: the whole service is compared with the directory, whatever our snapshot says. Nothing is changed."""

from collections.abc import Iterator
from dataclasses import dataclass

from ldap2scim.errors import ReadIncomplete
from ldap2scim.findings import Finding, Severity
from ldap2scim.planning.operations import Adopt, Operation
from ldap2scim.planning.render import Document, drift_document, refused_document
from ldap2scim.progress import Progress
from ldap2scim.run.believe import believe
from ldap2scim.run.context import Mode, open_run
from ldap2scim.run.decide import compare
from ldap2scim.run.extract import Unread
from ldap2scim.run.pipeline import look
from ldap2scim.run.reading import Read
from ldap2scim.run.survey import survey
from ldap2scim.settings import Settings


@dataclass(frozen=True, slots=True)
class Drift:
    """How the service differs from the directory."""

    document: Document
    exit_code: int
    """0 in step, 1 a directory could not be read, 3 something is held or not to be believed, 2 different; the first of
    1, 3, 2, 0 that holds (DESIGN §7)."""

    @property
    def in_step(self) -> bool:
        """Say whether the service holds what the directory says."""
        return self.exit_code == 0


def drift(settings: Settings, *, progress: Progress | None = None) -> Drift:
    """Read both sides in full and say what differs; no limit holds anything back here.

    Raises:
        Ldap2ScimError: one side cannot be read, or not completely.
    """
    with open_run(settings, Mode.PLAN, progress=progress) as run:
        reads, _ = look(run)
        believed = believe(run, reads)
        if believed.stops:
            return Drift(refused_document(run.findings), 3)
        surveyed = survey(run, believed)
        run.note(*surveyed.findings)
        difference = compare(run, believed, surveyed).difference
        run.note(*difference.findings)
        waiting = (*difference.held, *difference.blocked)
        proposed = [*difference.operations, *(one.operation for one in waiting)]
        operations = sorted(filter(_differs, proposed), key=lambda operation: operation.sort_key)
        run.note(*_not_managed_yet(len(proposed) - len(operations)))
        held = bool(waiting) or any(one.severity is not Severity.NOTE for one in run.findings)
        return Drift(drift_document(operations, run.findings), exit_code(reads, held=held, differs=bool(operations)))


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
