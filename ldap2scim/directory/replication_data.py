"""What domain controllers keep about replication, as octets. Pure.

USN: update sequence number, which a domain controller counts up with each of its writes ([MS-ADTS] §3.1.1.1.9). All
numbers are little-endian.
"""

import struct
from typing import Any
from uuid import UUID

from ldap2scim.directory.syntaxes import ValueSyntaxError

NAME = 0x00090001
"""ATTRTYP of `name` ([MS-DRSR] §5.16.4), which every rename and every move stamps."""

_HEAD = struct.Struct("<IIII")
"""Version, nothing, number of records, nothing."""
_CURSORS = {1: struct.Struct("<16sQ"), 2: struct.Struct("<16sQQ")}
"""By version: invocationId, USN, and in the second the time of the last replication."""
_STAMPS = {1: struct.Struct("<IIQ16sQQ")}
"""Attribute, version, time, invocationId and USN of the origin, USN on this controller."""


def up_to_dateness(value: bytes) -> tuple[tuple[str, int], ...]:
    """Read `replUpToDateVector`: (invocationId, up to which USN the changes made there are known).

    [MS-DRSR] UPTODATE_VECTOR_V1_EXT and UPTODATE_VECTOR_V2_EXT.

    Raises:
        ValueSyntaxError: it is neither.
    """
    records = _records(value, _CURSORS, "an up-to-dateness vector of version 1 or 2")
    return tuple((str(UUID(bytes_le=origin)), usn) for origin, usn, *_ in records)


def stamped_at(value: bytes, attribute: int) -> int | None:
    """Read in `replPropertyMetaData` the USN at which this controller last wrote an attribute; None: never.

    Links such as `member` have stamps of their own, which are not in it.

    Raises:
        ValueSyntaxError: it is something else.
    """
    records = _records(value, _STAMPS, "a vector of property metadata of version 1")
    return next((usn for found, *_, usn in records if found == attribute), None)


def _records(value: bytes, by_version: dict[int, struct.Struct], expected: str) -> list[tuple[Any, ...]]:
    if len(value) < _HEAD.size:
        raise ValueSyntaxError(expected)
    version, _, count, _ = _HEAD.unpack_from(value)
    record = by_version.get(version)
    if record is None or len(value) != _HEAD.size + count * record.size:
        raise ValueSyntaxError(expected)
    return list(record.iter_unpack(value[_HEAD.size :]))
