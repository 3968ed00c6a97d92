"""One read of one directory under way: what is asked, of which server, and what is kept of it."""

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ldap2scim.directory import currency, dn
from ldap2scim.directory.anchors import UUID_ATTRIBUTES
from ldap2scim.directory.changes import Position
from ldap2scim.directory.reader import Completeness, Extract, Search, SearchProof, ServerState
from ldap2scim.directory.searches import group_scope_search, searches
from ldap2scim.directory.session import Session
from ldap2scim.directory.settings import DirectorySettings
from ldap2scim.run.context import Run
from ldap2scim.settings import ConfiguredDirectory
from ldap2scim.state.image_rows import Evidence, ImageChanges, Place
from ldap2scim.state.runs import ProvenRead


@dataclass(frozen=True, slots=True)
class Read:
    """A directory that was read to its proven end."""

    extract: Extract
    changes: ImageChanges

    @property
    def directory(self) -> str:
        """Name of the directory."""
        return self.extract.directory

    def behind(self, before: ProvenRead | None) -> str | None:
        """Say in a clause what the server lacked that the last one knew whose read was believed; None: nothing."""
        state = self.extract.completeness.state
        if before is None or before.server_state is None or state is None:
            return None
        return currency.behind(state, currency.from_json(before.server_state))


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A read under way. All of it is answered by one server."""

    run: Run
    directory: ConfiguredDirectory
    session: Session
    state: ServerState
    """What the server knew before the first question."""
    started_at: datetime
    bases_read: tuple[str, ...] = ()
    """Normalised DNs of the parts of the tree that this run has read already, as directories of their own."""

    @property
    def settings(self) -> DirectorySettings:
        """Those of the connection."""
        return self.directory.settings

    @property
    def searches(self) -> tuple[Search, ...]:
        """The searches whose results are the image."""
        return searches_of(self.directory)

    @property
    def key_searches(self) -> tuple[Search, ...]:
        """The same, for the names of the entries alone."""
        names = (self.settings.source_anchor, UUID_ATTRIBUTES.get(self.settings.kind, self.settings.source_anchor))
        return tuple(replace(search, attributes=tuple(dict.fromkeys(names))) for search in self.searches)

    @property
    def asked(self) -> str:
        """Return a digest of all that decides what is in the image, but for the directory itself."""
        return asked_of(self.directory)

    def covers(self, search: Search, name: str) -> bool:
        """Say whether a DN lies below the base of a search."""
        return dn.lies_in(dn.normalise(name), (dn.normalise(search.base),))

    def place(self, position: Position | None, full_read_at: datetime) -> Place | None:
        """Return from where the next read of changes goes on."""
        if position is None:
            return None
        server, identity = self.session.server, self.state.identity
        return Place(position.method.value, position.cookie, server, identity, self.asked, full_read_at)

    def evidence(self, transferred: int, place: Place | None) -> Evidence:
        """Return what is kept of this read."""
        return Evidence(self.session.server, currency.to_json(self.state), transferred, place)

    def finished(
        self,
        changes: ImageChanges,
        proofs: tuple[SearchProof, ...],
        transferred: int,
        *,
        by_changes: str | None = None,
        why_full: str | None = None,
    ) -> Read:
        """Return the read that has come to its end."""
        proven = Completeness(self.session.server, proofs, self.state)
        counts, begun = changes.counts, self.started_at
        extract = Extract(
            self.settings.name, proven, counts, transferred, by_changes, why_full, begun, datetime.now(UTC)
        )
        return Read(extract, changes)


def searches_of(directory: ConfiguredDirectory) -> tuple[Search, ...]:
    """Return the searches whose results are the image of a directory."""
    mappings = directory.mappings
    return searches(directory.settings, mappings.user.ldap_attributes, mappings.group.ldap_attributes)


def asked_of(directory: ConfiguredDirectory) -> str:
    """Return a digest of all that the settings decide about what is in the image of a directory."""
    return _digest(directory, searches_of(directory))


def entries_asked_of(directory: ConfiguredDirectory) -> str:
    """Return a digest of what the settings decide about which entries are in the image, and how they are joined.

    Two that agree in it have one image for both, as far as the one asks for all attributes of the other.
    """
    return _digest(directory, tuple(replace(search, attributes=()) for search in searches_of(directory)))


def _digest(directory: ConfiguredDirectory, asked_for: tuple[Search, ...]) -> str:
    settings = directory.settings
    shape = (settings.kind, settings.source_anchor, settings.member_attribute, settings.member_reference)
    asked = (asked_for, group_scope_search(settings), shape, settings.nesting)
    return hashlib.sha256(repr(asked).encode()).hexdigest()
