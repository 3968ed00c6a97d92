"""Writing LDIF (RFC 2849). Pure."""

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

LdifValue: TypeAlias = str | bytes
LdifEntry: TypeAlias = tuple[str, Mapping[str, Sequence[LdifValue]]]
"""DN and values by attribute."""

# RFC 2849 SAFE-STRING: printable ASCII that does not begin with blank, colon or less-than, nor ends with a blank.
_SAFE = re.compile(r"(?![ :<])[\x01-\x09\x0b\x0c\x0e-\x7f]*(?<! )\Z")


def ldif_line(attribute: str, value: LdifValue) -> str:
    """Return one `attribute: value` line, in base64 where the value needs it."""
    if isinstance(value, str):
        if _SAFE.match(value):
            return f"{attribute}: {value}"
        value = value.encode()
    return f"{attribute}:: {base64.b64encode(value).decode()}"


def write_ldif(entries: Iterable[LdifEntry]) -> Iterable[str]:
    """Yield the text of each entry, ended by an empty line."""
    for dn, attributes in entries:
        lines = [ldif_line("dn", dn)]
        lines += [ldif_line(name, value) for name, values in attributes.items() for value in values]
        yield "\n".join(lines) + "\n\n"
