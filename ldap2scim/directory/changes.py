"""What changed in a directory since an earlier look: types and the protocol of those who can tell. Pure.

A source of changes names entries that something happened to; it does not say what is true of them now. Each of them
is read again under the filters that a full read uses, and one that is not found then has left. So nobody is removed
on a source's word, and a source need not understand filters.
"""

from dataclasses import dataclass
from enum import StrEnum


class ChangeMethod(StrEnum):
    """How changes are asked for."""

    SYNC = "syncrepl"
    """RFC 4533 refreshOnly."""
    ENTRY_CSN = "entryCSN"
    """By the change stamp that OpenLDAP keeps on each entry; deletions cannot be seen."""
    DIRSYNC = "DirSync"
    """[MS-ADTS] §3.1.1.3.4.1.3."""
    USN = "uSNChanged"
    """[MS-ADTS] §3.1.1.1.9; for a bind user without the rights that DirSync needs."""


@dataclass(frozen=True, slots=True)
class Position:
    """From where changes are asked for next time. Belongs to one server."""

    method: ChangeMethod
    cookie: bytes
    """Opaque to everybody but the method."""


@dataclass(frozen=True, slots=True)
class Touch:
    """An entry that something happened to."""

    uuid: str
    """The server's own name for it, objectGUID or entryUUID, hyphenated and in lower case."""
    dn: str | None
    """Its name now; None: it was reported as deleted."""
    may_hold_others: bool = False
    """Entries may lie below it, whose names change with its own and which are not reported then."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What a source of changes reported, to its end."""

    touched: tuple[Touch, ...]
    """Each entry once."""
    unsure: str | None
    """Why entries may have gone or moved without being named, as a clause; None: all that happened is in `touched`."""
    position: Position
    """Where to go on."""
    transferred: int
    """Entries that were received."""
