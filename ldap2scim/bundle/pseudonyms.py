"""Names that take the place of names, the same one every time. Pure but for the key that it is given.

What survives: lengths, classes of signs, case and width, the signs between words, which texts are equal, and which are
equal once case and width are set aside. A word is replaced alike wherever it stands, so that the login in a DN is still
the login. GUIDs stay GUIDs, SIDs SIDs, addresses addresses, and a DN keeps its types and its hierarchy.
"""

import hmac
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import groupby
from string import ascii_lowercase, digits

from ldap2scim.bundle.alphabets import KEPT, Letter, letters_of, place_of
from ldap2scim.bundle.permutation import permuted
from ldap2scim.directory import dn
from ldap2scim.directory.dn import Assertion

_GUID = re.compile(r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}")
_SID = re.compile(r"S-1-5-21((?:-[0-9]+)+)")
_PHONE = re.compile(r"(tel:)(.*?)((?:;[A-Za-z-]+=)?)([^=;]*)", re.IGNORECASE | re.DOTALL)
_HEX = "0123456789abcdef"
_ASCII_WORD = re.compile("[A-Za-z0-9]+")
_ASCII_SHAPE = str.maketrans(ascii_lowercase + digits, "a" * len(ascii_lowercase) + "0" * len(digits))
"""Each sign → the first of its alphabet, as the shape of any word is written."""
_WELL_KNOWN_RID = 1000
"""RIDs below are the same in every domain ([MS-DTYP] §2.4.2.4)."""
_LONGEST_WORD = 64
"""Longer ones, such as certificates, are replaced piece by piece."""
_KEPT_AT_ONCE = 200_000
"""Names that need not be made anew: most stand in several tables."""


class Pseudonyms:
    """Replaces names under one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._word: Callable[[str, str], str] = lru_cache(maxsize=_KEPT_AT_ONCE)(self._make_word)
        self._name: Callable[[str], str] = lru_cache(maxsize=_KEPT_AT_ONCE)(self._make_name)

    def opaque(self, value: str) -> str:
        """Return hexadecimal digits in the place of an id or digest of ours; as many as it has, at least 16."""
        found = hmac.digest(self._key, b"opaque:" + value.encode("utf-8", "surrogateescape"), "sha512").hex()
        return found[: max(16, min(len(value), len(found)))]

    def name(self, value: str) -> str:
        """Replace any text: a login, an address, an id, a GUID, a SID."""
        return self._name(value)

    def phone(self, value: str) -> str:
        """Replace a telephone number; a global one of RFC 3966 stays one."""
        found = _PHONE.fullmatch(value)
        return self.name(value) if found is None else found[1] + self.name(found[2]) + found[3] + self.name(found[4])

    def number(self, value: int) -> int:
        """Replace a number by one of as many digits."""
        written = [int(digit) for digit in str(abs(value))]
        radixes = [9 if place == 0 and len(written) > 1 else 10 for place in range(len(written))]
        shifted = [digit - 1 if radix == 9 else digit for digit, radix in zip(written, radixes, strict=True)]
        moved = permuted(shifted, radixes, self._key, b"number:%d" % len(written))
        found = int("".join(str(digit + (radix == 9)) for digit, radix in zip(moved, radixes, strict=True)))
        return -found if value < 0 else found

    def distinguished(self, value: str) -> str:
        """Replace the values of a DN; its types and its hierarchy stay. What is no DN is replaced as any text."""
        if value.startswith("<"):
            return "<" + self.name(value[1:])
        try:
            rdns = dn.parse(value)
        except dn.DnError:
            return self.name(value)
        return ",".join("+".join(self._assertion(one) for one in rdn) for rdn in rdns)

    def reference(self, value: str) -> str:
        """Replace a DN or any other text, whichever it is."""
        return self.distinguished(value) if "=" in value else self.name(value)

    def key(self, value: str) -> str:
        """Replace the key of an entry: directory and source anchor."""
        directory, _, anchor = value.partition(":")
        return f"{self.name(directory)}:{self.name(anchor)}"

    def _assertion(self, one: Assertion) -> str:
        if isinstance(one.value, bytes):
            return f"{one.type}=#{self._hex(one.value.hex())}"
        return f"{one.type}={dn.escape_value(self.name(one.value))}"

    def _guid(self, value: str) -> str:
        moved = self._hex(value.replace("-", "").lower())
        moved = moved.upper() if value != value.lower() else moved
        return "-".join((moved[:8], moved[8:12], moved[12:16], moved[16:20], moved[20:]))

    def _hex(self, written: str) -> str:
        numbers = [_HEX.index(digit) for digit in written]
        moved = permuted(numbers, [16] * len(numbers), self._key, b"hex:%d" % len(written))
        return "".join(_HEX[one] for one in moved)

    def _sub_authority(self, part: str) -> int:
        number = int(part)
        return number if number < _WELL_KNOWN_RID else self.number(number)

    def _pieces(self, value: str) -> Iterator[str]:
        for is_word, run in groupby(letters_of(value), key=lambda one: isinstance(one, Letter) or one in KEPT):
            pieces = list(run)
            yield self._written(pieces) if is_word else "".join(str(one) for one in pieces)

    def _written(self, pieces: list[Letter | str]) -> str:
        """Replace one word, and give the result the case and width of the original."""
        letters = [one for one in pieces if isinstance(one, Letter)]
        moved = ""
        for start in range(0, len(letters), _LONGEST_WORD):
            part = letters[start : start + _LONGEST_WORD]
            shape = "".join(one.alphabet[0] for one in part)
            moved += self._word("".join(one.folded for one in part), shape)
        signs = iter(moved)
        return "".join(one.write(next(signs)) if isinstance(one, Letter) else one for one in pieces)

    def _make_word(self, folded: str, shape: str) -> str:
        letters = [one for one in letters_of(folded) if isinstance(one, Letter)]
        alphabets = [one.alphabet for one in letters]
        places = [place_of(alphabet)[sign] for alphabet, sign in zip(alphabets, folded, strict=True)]
        moved = permuted(places, [len(one) for one in alphabets], self._key, b"word:" + shape.encode())
        return "".join(alphabet[digit] for alphabet, digit in zip(alphabets, moved, strict=True))

    def _make_name(self, value: str) -> str:
        if _GUID.fullmatch(value):
            return self._guid(value)
        if (sid := _SID.fullmatch(value)) is not None:
            return "S-1-5-21" + "".join(f"-{self._sub_authority(part)}" for part in sid[1][1:].split("-"))
        if value.isascii():  # as most are; a fifth of the time
            return _ASCII_WORD.sub(self._ascii_word, value)
        return "".join(self._pieces(value))

    def _ascii_word(self, found: re.Match[str]) -> str:
        word = found.group()
        folded = word.lower()
        moved = ""
        for start in range(0, len(folded), _LONGEST_WORD):
            part = folded[start : start + _LONGEST_WORD]
            moved += self._word(part, part.translate(_ASCII_SHAPE))
        if folded == word:
            return moved
        return "".join(new.upper() if old.isupper() else new for old, new in zip(word, moved, strict=True))
