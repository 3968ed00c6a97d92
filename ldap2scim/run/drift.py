"""Drift: the whole service is compared with the directory, whatever our snapshot says. Nothing is changed."""

from dataclasses import dataclass

from ldap2scim.planning.render import Document, drift_document, refused_document
from ldap2scim.progress import Progress
from ldap2scim.run.context import Mode, open_run
from ldap2scim.run.decide import compare
from ldap2scim.run.pipeline import look
from ldap2scim.run.survey import survey
from ldap2scim.settings import Settings


@dataclass(frozen=True, slots=True)
class Drift:
    """How the service differs from the directory."""

    document: Document
    exit_code: int
    """0 in step, 2 different, 3 not to be believed."""

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
        _, believed = look(run)
        if believed.stops:
            return Drift(refused_document(run.findings), 3)
        surveyed = survey(run, believed)
        run.note(*surveyed.findings)
        difference = compare(run, believed, surveyed).difference
        run.note(*difference.findings)
        proposed = [*difference.operations, *(one.operation for one in (*difference.held, *difference.blocked))]
        operations = sorted(proposed, key=lambda operation: operation.sort_key)
        return Drift(drift_document(operations, run.findings), 2 if operations else 0)
