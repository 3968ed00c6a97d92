"""The control of DirSync as octets ([MS-ADTS] §3.1.1.3.4.1.3). Pure."""

from dataclasses import dataclass
from enum import IntEnum

from ldap2scim.directory.ber import INTEGER, OCTETS, SEQUENCE, DecodeError, inner, integer, tlv
from ldap2scim.directory.controls import Control
from ldap2scim.directory.decoder import Done

OID = "1.2.840.113556.1.4.841"
_INCREMENTAL_VALUES = 0x80000000
"""Of a group only the members that came or went are sent."""
_MOST_BYTES = 1 << 20
"""Of one answer; the server may send more, or fewer."""


class Sight(IntEnum):
    """What is shown, by the value of LDAP_DIRSYNC_OBJECT_SECURITY in the flags."""

    ALL = 0
    """Everything in the naming context; needs the right "Replicating Directory Changes"."""
    OWN = 1
    """What the bind user may read anyway; needs no right."""


@dataclass(frozen=True, slots=True)
class Reply:
    """How an answer ended."""

    more: bool
    """There are more changes behind the cookie."""
    cookie: bytes


def request(sight: Sight, cookie: bytes) -> Control:
    """Return the control that asks for what changed since `cookie`; since ever, where it is empty."""
    # Windows takes the flags for 32 bits with a sign, so that the highest one makes them negative.
    flags = tlv(INTEGER, (_INCREMENTAL_VALUES | sight).to_bytes(4, "big"))
    return Control(OID, critical=True, value=tlv(SEQUENCE, flags, integer(_MOST_BYTES), tlv(OCTETS, cookie)))


def reply(done: Done) -> Reply | None:
    """Return what the end of a search says; None where it says nothing that can be gone on from."""
    values = [control.value for control in done.controls if control.oid == OID and control.value]
    try:
        return _read(values[0]) if values else None
    except DecodeError:
        return None


def _read(value: bytes) -> Reply | None:
    position, end = inner(value, 0, SEQUENCE, len(value))
    start, position = inner(value, position, INTEGER, end)
    more = any(value[start:position])
    position = inner(value, position, INTEGER, end)[1]
    start, position = inner(value, position, OCTETS, end)
    return Reply(more, value[start:position]) if start < position else None
