"""Distinguished names: RFC 4514 text to a key that can be compared (RFC 4517 §4.2.15). Pure.

A key is one line per RDN, the entry's own first, with types canonical and values folded; so the subtree of a key
is every key that ends with it after a line break. ldaptor's names do not take capital hex pairs, hence these.
"""

import re
from functools import lru_cache

from ldap2scim.sandbox.directory.results import Refused, Result
from ldap2scim.sandbox.directory.syntaxes import canonical, fold

_ESCAPE = re.compile(rb"\\([0-9A-Fa-f]{2}|.)", re.DOTALL)
_SPECIAL = re.compile(r'[,+"\\<>;=\x00-\x1f]')
_SEPARATORS = {",": ",;", "+": "+"}

Rdn = tuple[tuple[str, str], ...]
"""Attribute types and values of one RDN, values without escapes."""


@lru_cache(maxsize=65536)
def parse(dn: str) -> tuple[Rdn, ...]:
    """Split a DN into its RDNs, the entry's own first.

    Raises:
        Refused: invalidDNSyntax.
    """
    if not dn.strip(" "):
        return ()
    return tuple(tuple(_type_and_value(part, dn) for part in _split(rdn, "+")) for rdn in _split(dn, ","))


@lru_cache(maxsize=65536)
def key_of(dn: str) -> str:
    """Return the key of a DN; equal keys, equal names."""
    return "\n".join(_rdn_key(rdn) for rdn in parse(dn))


def parent_of(key: str) -> str:
    """Return the key of the entry above; empty above the top."""
    return key.partition("\n")[2]


def is_within(key: str, base: str) -> bool:
    """Say whether a key names `base` or something below it."""
    return not base or key == base or key.endswith("\n" + base)


def split_first(dn: str) -> tuple[str, str]:
    """Split a DN's text into the first RDN and the rest."""
    first, *rest = _split(dn, ",")
    return _strip(first), dn[len(first) + 1 :].lstrip(" ") if rest else ""


def escape(value: str) -> str:
    """Escape a value for use in a DN (RFC 4514 §2.4)."""
    escaped = _SPECIAL.sub(lambda found: "\\" + (found[0] if found[0] >= " " else f"{ord(found[0]):02X}"), value)
    if escaped.startswith((" ", "#")):
        escaped = "\\" + escaped
    if escaped.endswith(" ") and len(value) > 1:
        escaped = escaped[:-1] + "\\ "
    return escaped


def _rdn_key(rdn: Rdn) -> str:
    return "+".join(sorted(f"{canonical(kind)}={escape(fold(value))}" for kind, value in rdn))


def _type_and_value(text: str, dn: str) -> tuple[str, str]:
    kind, equals, value = text.partition("=")
    if not equals or not kind.strip(" "):
        raise Refused(Result.INVALID_DN_SYNTAX, f"invalid DN: {dn}")
    return kind.strip(" "), _unescape(_strip(value))


def _strip(value: str) -> str:
    # Only blanks: `strip` alone takes characters that belong to the value, U+0085 or U+3000.
    stripped = value.strip(" ")
    trailing_backslashes = len(stripped) - len(stripped.rstrip("\\"))
    # An odd number of them escapes the blank that followed.
    return stripped + " " if trailing_backslashes % 2 and value.endswith(" ") else stripped


def _unescape(value: str) -> str:
    if "\\" not in value:
        return value
    raw = _ESCAPE.sub(
        lambda found: bytes.fromhex(found[1].decode()) if len(found[1]) == 2 else found[1], value.encode()
    )
    return raw.decode("utf-8", "surrogateescape")


def _split(text: str, separator: str) -> list[str]:
    if "\\" not in text and '"' not in text:
        return text.split(separator)
    parts, start, position = [], 0, 0
    while position < len(text):
        if text[position] == "\\":
            position += 1
        elif text[position] in _SEPARATORS[separator]:
            parts.append(text[start:position])
            start = position + 1
        position += 1
    return [*parts, text[start:]]
