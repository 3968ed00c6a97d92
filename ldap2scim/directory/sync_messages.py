"""What RFC 4533 puts into controls and intermediate responses (§2.2 to §2.5). Pure."""

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias
from uuid import UUID

from ldap2scim.directory.ber import ENUMERATED, OCTETS, SEQUENCE, SET, DecodeError, inner, tlv
from ldap2scim.directory.controls import Control

REQUEST, STATE, DONE = (f"1.3.6.1.4.1.4203.1.9.1.{number}" for number in (1, 2, 3))
INFO = "1.3.6.1.4.1.4203.1.9.1.4"
_BOOLEAN, _REFRESH_ONLY = 0x01, 1
_NEW_COOKIE, _REFRESH_DELETE, _REFRESH_PRESENT, _ID_SET = 0x80, 0xA1, 0xA2, 0xA3


class State(IntEnum):
    """What an entry is sent for (§2.3)."""

    PRESENT = 0
    ADD = 1
    MODIFY = 2
    DELETE = 3


@dataclass(frozen=True, slots=True)
class EntryState:
    """The sync state control of one entry."""

    state: State
    uuid: str
    """Hyphenated and in lower case."""


@dataclass(frozen=True, slots=True)
class NewCookie:
    """Where to go on if the search ended here."""

    cookie: bytes


@dataclass(frozen=True, slots=True)
class PhaseEnd:
    """The end of a phase; `deletes` says of which."""

    deletes: bool
    """Of the delete phase; otherwise of the present phase: what was neither named nor sent in it is gone."""
    cookie: bytes | None


@dataclass(frozen=True, slots=True)
class IdSet:
    """Entries by name alone."""

    deleted: bool
    """They are gone; otherwise they are there, unchanged."""
    uuids: tuple[str, ...]
    cookie: bytes | None


SyncInfo: TypeAlias = NewCookie | PhaseEnd | IdSet


@dataclass(frozen=True, slots=True)
class SyncDone:
    """The sync done control."""

    cookie: bytes | None
    deletes: bool
    """The refresh named what is gone; otherwise what was neither named nor sent in it is gone."""


def request(cookie: bytes | None) -> Control:
    """Return the sync request control for one refresh; critical, so that it is honoured or refused."""
    parts = [tlv(ENUMERATED, bytes([_REFRESH_ONLY]))]
    if cookie is not None:
        parts.append(tlv(OCTETS, cookie))
    return Control(REQUEST, critical=True, value=tlv(SEQUENCE, *parts))


def entry_state(value: bytes | None) -> EntryState:
    """Return what the sync state control of an entry says.

    Raises:
        DecodeError: it says nothing that RFC 4533 knows.
    """
    data, position, end = _sequence(value, SEQUENCE)
    start, position = inner(data, position, ENUMERATED, end)
    try:
        state = State(int.from_bytes(data[start:position], "big"))
    except ValueError:
        raise DecodeError("an entry has an unknown sync state") from None
    start, position = inner(data, position, OCTETS, end)
    return EntryState(state, _uuid(data[start:position]))


def sync_info(value: bytes | None) -> SyncInfo:
    """Return what a sync info message says.

    Raises:
        DecodeError: it says nothing that RFC 4533 knows.
    """
    tag = value[0] if value else -1
    data, position, end = _sequence(value, tag)
    if tag == _NEW_COOKIE:
        return NewCookie(data[position:end])
    cookie, position = _optional(data, position, end, OCTETS)
    flag, position = _optional(data, position, end, _BOOLEAN)
    match tag:
        case 0xA1 | 0xA2:
            return PhaseEnd(tag == _REFRESH_DELETE, cookie)
        case 0xA3:
            uuids = []
            position, stop = inner(data, position, SET, end)
            while position < stop:
                start, position = inner(data, position, OCTETS, stop)
                uuids.append(_uuid(data[start:position]))
            return IdSet(_true(flag), tuple(uuids), cookie)
    raise DecodeError("a sync info message is of an unknown kind")


def sync_done(value: bytes | None) -> SyncDone:
    """Return what the sync done control says.

    Raises:
        DecodeError: it says nothing that RFC 4533 knows.
    """
    data, position, end = _sequence(value, SEQUENCE)
    cookie, position = _optional(data, position, end, OCTETS)
    flag, position = _optional(data, position, end, _BOOLEAN)
    return SyncDone(cookie, _true(flag))


def _sequence(value: bytes | None, tag: int) -> tuple[bytes, int, int]:
    if value is None:
        raise DecodeError("a message of the synchronisation has no value")
    return value, *inner(value, 0, tag, len(value))


def _optional(data: bytes, position: int, end: int, tag: int) -> tuple[bytes | None, int]:
    if position >= end or data[position] != tag:
        return None, position
    start, stop = inner(data, position, tag, end)
    return data[start:stop], stop


def _true(flag: bytes | None) -> bool:
    return flag is not None and any(flag)


def _uuid(octets: bytes) -> str:
    try:
        return str(UUID(bytes=octets))
    except ValueError:
        raise DecodeError("a UUID is not of 16 octets") from None
