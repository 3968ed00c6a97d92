"""Did the reads of changes see everything? Asked each time everything is read after all."""

from collections.abc import Iterable

from ldap2scim.errors import ChangesRefused
from ldap2scim.findings import Finding, Severity
from ldap2scim.run.change_read import ChangeRead, touched_since
from ldap2scim.run.full_read import FullRead
from ldap2scim.run.reading import Reading
from ldap2scim.state.places import names_changed_in

_SHOWN = 20


def missed_changes(reading: Reading, caught_up: ChangeRead, full: FullRead) -> Iterable[Finding]:
    """Yield a finding where a full read differs from the image that changes had built just before it.

    What was changed between the two does not count: it is asked for once more.
    """
    changed = names_changed_in(reading.run.store, reading.settings.name, full.read.changes.read_no)
    different = (*changed, *full.left)
    if not different:
        return
    try:
        meanwhile = touched_since(reading, caught_up.position)
    except ChangesRefused:
        return
    if meanwhile is None:
        return  # what came and went meanwhile cannot be told from what was missed
    touched = set(meanwhile)
    names = tuple(one.dn for one in different if one.uuid not in touched)
    if names:
        yield Finding(
            rule="changes-missed",
            severity=Severity.NOTE,
            message=f"The full read of directory {reading.settings.name} found {len(names)} entries otherwise than "
            f"the reads of changes ({caught_up.read.extract.by_changes}) had left them: {', '.join(names[:5])}. "
            "The image is right again.",
            remedy="If this comes again, set `full_read_every: 0`, so that everything is read each time, and report "
            "it: it is a defect, or a server that does not report all changes.",
            subjects=names[:_SHOWN],
        )
