"""Values in the form in which they are compared (RFC 4517 §4.2). Pure."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime

from ldap2scim.sandbox.directory.names import key_of
from ldap2scim.sandbox.directory.results import Refused
from ldap2scim.sandbox.directory.syntaxes import Syntax, fold

Comparable = str | bytes | int
"""A value in the form in which it is compared; values of one attribute have one type."""

_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)?(\d\d)?(?:[.,](\d+))?(Z|[+-]\d\d(?:\d\d)?)")


def comparable_as(value: bytes, syntax: Syntax) -> Comparable | None:
    """Return a value in the form in which a syntax compares it; None where the syntax does not allow it."""
    try:
        return _FORMS[syntax](value)
    except (ValueError, Refused):
        return None


def comparables(values: Iterable[bytes], syntax: Syntax) -> Iterator[Comparable]:
    """Yield values in the form of a syntax; those that it does not allow compare equal to nothing."""
    for value in values:
        form = comparable_as(value, syntax)
        if form is not None:
            yield form


def _text(value: bytes) -> str:
    return fold(value.decode())


def _time(value: bytes) -> str:
    """Return a GeneralizedTime (RFC 4517 §3.3.13) in UTC, in a form that sorts."""
    found = _TIME.fullmatch(value.decode("ascii"))
    if found is None:
        raise ValueError(value)
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    offset = "+0000" if zone == "Z" else zone.ljust(5, "0")
    moment = datetime.strptime(f"{year}{month}{day}{hour}{minute or '00'}{second or '00'}{offset}", "%Y%m%d%H%M%S%z")
    return f"{moment.astimezone(UTC):%Y%m%d%H%M%S}.{(fraction or '').ljust(7, '0')}"


_FORMS: Mapping[Syntax, Callable[[bytes], Comparable]] = {
    Syntax.TEXT: _text,
    Syntax.EXACT_TEXT: bytes.decode,
    Syntax.DN: lambda value: key_of(value.decode()),
    Syntax.INTEGER: int,
    Syntax.TIME: _time,
    Syntax.OCTETS: bytes,
    Syntax.CATEGORY: lambda value: fold(re.sub(r"(?i)cn=([^,]*),.*", r"\1", value.decode())),
}
