"""Reading LDIF content records (RFC 2849). Pure."""

import base64
from collections.abc import Iterator

LdifRecord = tuple[str, dict[str, list[bytes]]]
"""DN, and values by attribute description as written."""


class LdifError(ValueError):
    """LDIF that cannot be read; names the line."""


def read_ldif(text: str) -> Iterator[LdifRecord]:
    """Yield the entries of LDIF text in its order.

    Raises:
        LdifError: a line that is none, a record that does not begin with its DN, or a change record.
    """
    record: dict[str, list[bytes]] = {}
    dn: str | None = None
    for number, line in _logical_lines(text):
        if not line:
            if dn is not None:
                yield dn, record
            dn, record = None, {}
            continue
        name, value = _attribute(number, line)
        if dn is None:
            if name.lower() == "version":
                continue
            if name.lower() != "dn":
                raise LdifError(f"line {number}: a record begins with dn, not with {name}")
            dn = value.decode()
        elif name.lower() == "changetype":
            raise LdifError(f"line {number}: only content is read, no changes")
        else:
            record.setdefault(name, []).append(value)
    if dn is not None:
        yield dn, record


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    pending, start = "", 0
    # Only line feeds end a line; a value may hold other separators that `splitlines` knows.
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.removesuffix("\r")
        if line.startswith(" "):
            pending += line[1:]
            continue
        if start and not pending.startswith("#"):
            yield start, pending
        pending, start = line, number
    if not pending.startswith("#"):
        yield start, pending


def _attribute(number: int, line: str) -> tuple[str, bytes]:
    name, colon, rest = line.partition(":")
    if not colon or rest.startswith("<"):
        raise LdifError(f"line {number}: neither `name: value` nor `name:: base64`: {line[:60]}")
    if rest.startswith(":"):
        return name, base64.b64decode(rest[1:].strip())
    return name, rest.lstrip(" ").encode()
