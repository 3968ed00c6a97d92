"""Which attributes a directory knows, out of its published schema (RFC 4512 §4.2). Pure."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

_DEFINITION = re.compile(r"\(\s*(?P<oid>[\w.-]+)")
_NAMES = re.compile(r"\sNAME\s+(?:'(?P<one>[^']*)'|\((?P<several>[^)]*)\))", re.IGNORECASE)


def attribute_names(definitions: Iterable[bytes]) -> frozenset[str]:
    """Return names and object identifiers, in lower case, of AttributeTypeDescriptions (RFC 4512 §4.1.2)."""
    names: set[str] = set()
    for definition in definitions:
        text = definition.decode("utf-8", "replace")
        oid = _DEFINITION.match(text)
        if oid is not None:
            names.add(oid["oid"].lower())
        found = _NAMES.search(text)
        if found is not None:
            several = [found["one"]] if found["one"] is not None else re.findall(r"'([^']*)'", found["several"])
            names.update(name.lower() for name in several)
    return frozenset(names)


def without_options(description: str) -> str:
    """Return the attribute type of a description such as `cn;lang-ja` (RFC 4512 §2.5), in lower case."""
    return description.partition(";")[0].lower()


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known attribute that a misspelt one was probably meant to be; None where none is near."""
    found = get_close_matches(without_options(name), list(known), 1, 0.75)
    return found[0] if found else None
