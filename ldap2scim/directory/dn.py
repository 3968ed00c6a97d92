"""Distinguished names: RFC 4514 text, its parts, and a form that can be compared. Pure.

`normalise` is called for every member of every group, so plain names take a path of one regular expression;
everything else is parsed. Both give the same form (a property test holds them together).
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_ALIASES = {
    "commonname": "cn",
    "2.5.4.3": "cn",
    "localityname": "l",
    "2.5.4.7": "l",
    "stateorprovincename": "st",
    "2.5.4.8": "st",
    "organizationname": "o",
    "2.5.4.10": "o",
    "organizationalunitname": "ou",
    "2.5.4.11": "ou",
    "countryname": "c",
    "2.5.4.6": "c",
    "streetaddress": "street",
    "2.5.4.9": "street",
    "domaincomponent": "dc",
    "0.9.2342.19200300.100.1.25": "dc",
    "userid": "uid",
    "0.9.2342.19200300.100.1.1": "uid",
}
"""Other names of the attribute types that RFC 4514 §3 lists (names from RFC 4519)."""

# A type of at most six letters is no alias, so that plain names need no look-up.
_PLAIN_TYPE = r"[A-Za-z]{1,6}+="


def _plain_pattern(more_to_exclude: str) -> re.Pattern[str]:
    """Return the pattern of DNs that `normalise` need only fold: single spaces, escapes as we write them."""
    first = rf'[^\\,+"<>;#=\0-\x20\x7f{more_to_exclude}]++'
    later = rf'[^\\,+"<>;=\0-\x20\x7f{more_to_exclude}]++'
    value = rf'{first}(?:(?: |\\[\\,+"<>;=] ?){later})*+'
    return re.compile(rf"{_PLAIN_TYPE}{value}(?:,{_PLAIN_TYPE}{value})*+")


_is_plain_ascii = _plain_pattern("").fullmatch
_is_plain = _plain_pattern(r"\s\udc80-\udcff").fullmatch
_TYPE = re.compile(r" *((?:[Oo][Ii][Dd]\.)?[0-9]+(?:\.[0-9]+)*|[A-Za-z][A-Za-z0-9_-]*) *=")
_HEX_VALUE = re.compile(r"#((?:[0-9A-Fa-f]{2})+) *(?=[,+]|$)")
_VALUE_PART = re.compile(r'[^\\,+"<>;\0]+')
_HEX_PAIR = re.compile(r"[0-9A-Fa-f]{2}")
_ESCAPABLE = frozenset(' "#+,;<=>\\')
_TO_ESCAPE = re.compile(r'[\\,+"<>;=\0-\x1f\x7f]|[\udc80-\udcff]')


class DnError(ValueError):
    """A text is no distinguished name. Its message has the column, counted from 1."""

    def __init__(self, text: str, column: int, expected: str) -> None:
        super().__init__(text, column, expected)
        self.text = text
        self.column = column
        self.expected = expected

    def __str__(self) -> str:
        return f'"{self.text}" is no DN: at column {self.column}, expected {self.expected}'


@dataclass(frozen=True, slots=True)
class Assertion:
    """One attribute type and value of a relative distinguished name."""

    type: str
    value: str | bytes
    """Text without escapes; octets that are not UTF-8 are lone surrogates, as `surrogateescape` makes them.
    Bytes: the BER encoding that was written as `#` and hexadecimal digits (RFC 4514 §2.4)."""


Rdn = tuple[Assertion, ...]


def normalise(dn: str) -> str:
    """Return the form of `dn` that two spellings of one name share.

    Types and values are case-folded, values prepared as caseIgnoreMatch does (RFC 4518: NFKC, insignificant
    spaces), escapes written one way, and the parts of a multi-valued RDN sorted.

    Raises:
        DnError: `dn` is not RFC 4514.
    """
    if dn.isascii():
        if _is_plain_ascii(dn):
            return dn.lower()
    elif _is_plain(dn) and unicodedata.is_normalized("NFKC", dn):
        folded = dn.casefold()
        if unicodedata.is_normalized("NFKC", folded):
            return folded
    return ",".join("+".join(sorted(map(_comparable, rdn))) for rdn in parse(dn))


def parse(dn: str) -> tuple[Rdn, ...]:
    """Return the RDNs of `dn`, the entry's own first; none for the empty DN (the root).

    Raises:
        DnError: `dn` is not RFC 4514; names the column and what was expected.
    """
    return tuple(_rdns(dn)) if dn.strip(" ") else ()


def rdn_value(dn: str) -> str:
    """Return the value of the first part of the entry's own RDN: `Taro` of `CN=Taro,DC=example`.

    Raises:
        DnError: `dn` is not RFC 4514, or empty.
    """
    rdns = parse(dn)
    if not rdns:
        raise DnError(dn, 1, "a relative distinguished name")
    value = rdns[0][0].value
    return value if isinstance(value, str) else f"#{value.hex()}"


def is_below(name: str, base: str) -> bool:
    """Say whether an entry is `base` or lies below it; not where one of them is no DN."""
    try:
        return lies_in(normalise(name), (normalise(base),))
    except DnError:
        return False


def lies_in(normalised: str, parts: Iterable[str]) -> bool:
    """Say whether a name is the top of one of some parts of a tree, or lies below it; all as `normalise` makes them."""
    # No value ends like a part: an equals sign within one is escaped.
    return any(not part or normalised == part or normalised.endswith(f",{part}") for part in parts)


def escape_value(value: str) -> str:
    """Return `value` as it is written inside a DN (RFC 4514 §2.4)."""
    escaped = _TO_ESCAPE.sub(_escape_character, value)
    if escaped.startswith((" ", "#")):
        escaped = "\\" + escaped
    if escaped.endswith(" ") and not (escaped == "\\ " and value == " "):
        escaped = escaped[:-1] + "\\ "
    return escaped


def _escape_character(match: re.Match[str]) -> str:
    character = match.group()
    if character in _ESCAPABLE:
        return "\\" + character
    return f"\\{ord(character) & 0xFF:02x}"


def _comparable(assertion: Assertion) -> str:
    attribute = assertion.type.lower().removeprefix("oid.")
    if isinstance(assertion.value, bytes):
        return f"{_ALIASES.get(attribute, attribute)}=#{assertion.value.hex()}"
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", assertion.value).casefold())
    return f"{_ALIASES.get(attribute, attribute)}={escape_value(' '.join(folded.split()))}"


def _rdns(dn: str) -> Iterator[Rdn]:
    position = 0
    parts: list[Assertion] = []
    while True:
        match = _TYPE.match(dn, position)
        if match is None:
            raise DnError(dn, position + 1, 'an attribute type and "="')
        value, position = _read_value(dn, match.end())
        parts.append(Assertion(match.group(1), value))
        separator = dn[position : position + 1]
        if separator != "+":
            yield tuple(parts)
            parts = []
        if not separator:
            return
        position += 1


def _read_value(dn: str, start: int) -> tuple[str | bytes, int]:
    """Return the value that starts at `start`, and where it ends: at a separator or the end of the text."""
    while dn[start : start + 1] == " ":
        start += 1
    if dn[start : start + 1] == "#":
        match = _HEX_VALUE.match(dn, start)
        if match is None:
            raise DnError(dn, start + 1, 'pairs of hexadecimal digits after "#" (a leading "#" is written "\\#")')
        return bytes.fromhex(match.group(1)), match.end()
    octets = bytearray()
    position, significant = start, 0
    while position < len(dn) and dn[position] not in ",+":
        if dn[position] == "\\":
            octet, position = _read_escape(dn, position)
            octets += octet
            significant = len(octets)
            continue
        match = _VALUE_PART.match(dn, position)
        if match is None:
            raise DnError(dn, position + 1, f'"," or "+" or more of the value ("{dn[position]}" is written escaped)')
        octets += match.group().encode("utf-8", "surrogateescape")
        significant = max(significant, len(octets.rstrip(b" ")))
        position = match.end()
    return octets[:significant].decode("utf-8", "surrogateescape"), position


def _read_escape(dn: str, position: int) -> tuple[bytes, int]:
    """Return the octet that the escape at `position` stands for, and where the escape ends."""
    pair = _HEX_PAIR.match(dn, position + 1)
    if pair is not None:
        return bytes.fromhex(pair.group()), pair.end()
    character = dn[position + 1 : position + 2]
    if character and character in _ESCAPABLE:
        return character.encode(), position + 2
    raise DnError(dn, position + 2, 'two hexadecimal digits or a special character after "\\"')
