"""What a read is, and what it proves. Pure types and the protocol of a reader."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from ldap2scim.directory.entry import LdapEntry
from ldap2scim.model import ResourceType


@dataclass(frozen=True, slots=True)
class Search:
    """One search to be read to its end."""

    resource_type: ResourceType
    base: str
    filter: str
    """RFC 4515, with outer parentheses."""
    attributes: tuple[str, ...]
    page_size: int = 1000
    extended: tuple[str, ...] = ()
    """Attributes whose DNs are asked for with GUID and SID (`extended_dn`); all other names come plain."""


@dataclass(frozen=True, slots=True)
class SearchProof:
    """Evidence that one search was read to its end."""

    search: Search
    entries: int
    pages: int
    ranges_joined: int
    """Attributes that came in ranges and were fetched to their last value."""
    referrals: tuple[str, ...]
    """Continuation references that were not followed (RFC 4511 §4.5.3)."""
    server: str
    """`host:port` that answered. All searches of one read are answered by one server."""


@dataclass(frozen=True, slots=True)
class ServerState:
    """Which server answered, and what it knew before the first question was put to it."""

    identity: str
    """The same as long as it is the same database: invocationId of a domain controller, otherwise `host:port`."""
    knows: tuple[tuple[str, str], ...] = ()
    """Up to where the server knows the changes of each origin: (invocationId or server id, mark), sorted.

    A mark is a USN of twenty digits or a CSN, so that the greater text is the later one. Empty: it does not say."""


@dataclass(frozen=True, slots=True)
class Completeness:
    """Why a read may be believed: every search ended with success on one server, which knew at least `state`."""

    server: str
    proofs: tuple[SearchProof, ...]
    state: ServerState | None = None

    def __post_init__(self) -> None:
        others = {proof.server for proof in self.proofs} - {self.server}
        if others:
            raise ValueError(f"a read of {sorted(others)} proves nothing about {self.server}")


@dataclass(frozen=True, slots=True)
class Extract:
    """A finished read of one directory. It cannot be built from a failed one: it needs the proofs.

    Read in full, it rests on a proof for each kind of entry. Read by changes, it rests on the full read before and on
    a source of changes that came to its end; `proofs` then holds the searches for keys that were needed besides.
    """

    directory: str
    completeness: Completeness
    counts: Mapping[ResourceType, int]
    """Entries that the directory has."""
    transferred: int
    """Entries that were received to know that."""
    by_changes: str | None
    """The method by which changes were read; None: everything was."""
    why_full: str | None
    """Why everything was read, as a clause."""
    started_at: datetime
    finished_at: datetime

    def __post_init__(self) -> None:
        proven = {proof.search.resource_type for proof in self.completeness.proofs}
        if self.by_changes is None and proven != set(ResourceType):
            raise ValueError(f"a full read of {self.directory} needs a proof for each kind of entry, not {proven}")


Pages: TypeAlias = Generator[Sequence[LdapEntry], None, SearchProof]
"""Pages of a search as they arrive; the generator *returns* the proof, and raises when there is none."""


class DirectoryReader(Protocol):
    """A bound connection to one server of a directory; a context manager."""

    @property
    def server(self) -> str:
        """`host:port` of the server that answers."""

    def read(self, search: Search) -> Pages:
        """Read a search page by page.

        Raises:
            DirectoryUnavailable: the connection was lost or the server is busy.
            ReadIncomplete: the server ended the search with anything but success (size limit, referral, …).
        """

    def lookup(self, dn: str, attributes: tuple[str, ...]) -> LdapEntry | None:
        """Read one entry by name; None only where the server says noSuchObject.

        Raises:
            DirectoryUnavailable: as above.
            ReadIncomplete: the server would not say (no rights, a referral).
        """

    def reread(self, name: str, search: Search) -> LdapEntry | None:
        """Read one entry by name as `search` would see it; None where it is not there, or its filter does not hold.

        Args:
            name: its DN; in Active Directory `<GUID=…>` as well ([MS-ADTS] §3.1.1.3.1.2.4). Whether it lies below
                the base of the search is for the caller to see.
            search: whose filter and attributes count.

        Raises:
            DirectoryUnavailable: as above.
            ReadIncomplete: the server would not say.
        """

    def close(self) -> None:
        """Unbind."""
