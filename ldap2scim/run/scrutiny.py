"""What must not be done whoever asks for it: looked at on the differences, before anything is judged."""

from dataclasses import replace

from ldap2scim.planning.proposals import Difference
from ldap2scim.run.own_filter import hold_unseen
from ldap2scim.settings import Settings


def scrutinise(settings: Settings, difference: Difference) -> Difference:
    """Block operations that would contradict the settings themselves; nobody can approve those."""
    difference, unseen = hold_unseen(settings, difference)
    return replace(difference, findings=(*difference.findings, *unseen)) if unseen else difference
