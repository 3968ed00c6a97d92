"""Everything that planning may ask of the state, and nothing that writes.

Whoever writes holds the lease: the writing functions (`image_writer`, `store_mapped`, `journal.begin`, …) take it.
"""

from ldap2scim.state.approvals import ApprovalsReader
from ldap2scim.state.desired import ImageReader
from ldap2scim.state.journal import JournalReader
from ldap2scim.state.runs import RunsReader
from ldap2scim.state.snapshot import SnapshotReader
from ldap2scim.state.store import Store


class StateReader:
    """The readers of one store, by what they know."""

    def __init__(self, store: Store) -> None:
        self.image = ImageReader(store)
        self.snapshot = SnapshotReader(store)
        self.journal = JournalReader(store)
        self.runs = RunsReader(store)
        self.approvals = ApprovalsReader(store)
