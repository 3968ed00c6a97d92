"""Attribute values as bytes, and what they mean: text, booleans, numbers, times, GUIDs. Pure.

Errors say what was expected and never the value: it may be somebody's data.
"""

import re
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

_GENERALIZED_TIME = re.compile(
    r"(?P<hours>\d{4}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3]))"
    r"(?:(?P<minute>[0-5]\d)(?P<second>[0-5]\d|60)?)?(?:[.,](?P<fraction>\d+))?"
    r"(?:Z|(?P<sign>[+-])(?P<off_hours>[01]\d|2[0-3])(?P<off_minutes>[0-5]\d)?)"
)
_HYPHENATED = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_FILETIME_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_FILETIME_NEVER = frozenset({0, 0x7FFFFFFFFFFFFFFF})


class ValueSyntaxError(ValueError):
    """A value is not of the syntax that was expected. `str()` says which, without the value."""

    def __init__(self, expected: str) -> None:
        super().__init__(expected)
        self.expected = expected

    def __str__(self) -> str:
        return f"the value is not {self.expected}"


def text(value: bytes) -> str:
    """Return a Directory String (RFC 4517 §3.3.6).

    Raises:
        ValueSyntaxError: it is not UTF-8.
    """
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise ValueSyntaxError("UTF-8 text") from None


def boolean(value: bytes) -> bool:
    """Return a Boolean (RFC 4517 §3.3.3: TRUE or FALSE; read in any case).

    Raises:
        ValueSyntaxError: it is neither.
    """
    match value.upper():
        case b"TRUE":
            return True
        case b"FALSE":
            return False
        case _:
            raise ValueSyntaxError("TRUE or FALSE")


def integer(value: bytes) -> int:
    """Return an INTEGER (RFC 4517 §3.3.16).

    Raises:
        ValueSyntaxError: it is not a number.
    """
    if re.fullmatch(rb"-?[0-9]{1,40}", value) is None:
        raise ValueSyntaxError("a whole number")
    return int(value)


def generalized_time(value: bytes) -> datetime:
    """Return the instant of a Generalized Time (RFC 4517 §3.3.13), in UTC.

    Raises:
        ValueSyntaxError: it is not one, or not in the years 1 to 9999.
    """
    expected = "a generalized time such as 20260401093000Z"
    match = _GENERALIZED_TIME.fullmatch(value.decode("ascii", "replace"))
    if match is None:
        raise ValueSyntaxError(expected)
    # The fraction is one of the smallest unit that was written.
    unit = timedelta(seconds=1) if match["second"] else timedelta(minutes=1) if match["minute"] else timedelta(hours=1)
    after_hour = timedelta(minutes=int(match["minute"] or 0), seconds=int(match["second"] or 0))
    offset = timedelta(hours=int(match["off_hours"] or 0), minutes=int(match["off_minutes"] or 0))
    zone = timezone(-offset if match["sign"] == "-" else offset)
    try:
        start = datetime.strptime(match["hours"], "%Y%m%d%H").replace(tzinfo=zone)
        return (start + after_hour + unit * float(f"0.{match['fraction'] or 0}")).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueSyntaxError(expected) from None


def filetime(value: bytes) -> datetime | None:
    """Return the instant of a Windows FILETIME written as a number (100 ns since 1601); None is never.

    0 and 9223372036854775807 mean never (MS-ADA1, accountExpires); so does what lies beyond the year 9999.

    Raises:
        ValueSyntaxError: it is not a number, or negative.
    """
    ticks = integer(value)
    if ticks in _FILETIME_NEVER:
        return None
    if ticks < 0:
        raise ValueSyntaxError("a time in steps of 100 ns since 1601")
    try:
        return _FILETIME_EPOCH + timedelta(microseconds=ticks // 10)
    except OverflowError:
        return None


def guid_text(value: bytes) -> str:
    """Return a Windows GUID (16 octets, MS-DTYP §2.3.4.2) as Microsoft writes it: hyphenated, lower-case.

    Raises:
        ValueSyntaxError: it is not 16 octets.
    """
    if len(value) != 16:
        raise ValueSyntaxError("a GUID of 16 octets")
    return str(UUID(bytes_le=value))


def guid_base64(value: bytes) -> str:
    """Return the octets of a GUID in base64, as Microsoft's `immutableId` has them.

    Raises:
        ValueSyntaxError: it is not 16 octets.
    """
    if len(value) != 16:
        raise ValueSyntaxError("a GUID of 16 octets")
    return b64encode(value).decode()


def guid_octets(written: str) -> bytes | None:
    """Return the octets of a GUID in either form; None where a text is in neither."""
    try:
        if _HYPHENATED.fullmatch(written):
            return UUID(written).bytes_le
        octets = b64decode(written, validate=True)
    except ValueError:
        return None
    return octets if len(octets) == 16 else None
