"""Signs by class: a sign is only ever replaced by one of its own class, so that what a text looks like stays. Pure.

A text is taken apart into letters and digits as services compare them (no case, no width; `planning.folding`),
and put together again in the case and width that it had.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

_BLOCK = 0x80
_FULL_WIDTH = 0xFEE0
"""From ASCII to its full-width form."""
_HALF_KATAKANA = re.compile("[\uff66-\uff9d][\uff9e\uff9f]?")
_UNIT = re.compile("[\uff66-\uff9d][\uff9e\uff9f]?|.", re.DOTALL)
KEPT = frozenset("\u30fc\u3005")
"""Letters that only make another one longer or repeat it."""


def _halves() -> dict[str, str]:
    found: dict[str, str] = {}
    for code in range(0xFF66, 0xFF9E):
        for mark in ("", "\uff9e", "\uff9f"):
            whole = unicodedata.normalize("NFKC", chr(code) + mark)
            if len(whole) == 1:
                found.setdefault(whole, chr(code) + mark)
    return found


_HALF = _halves()
"""Katakana → its half-width form, of one sign or two."""
_ALPHABETS = {
    "digit": "0123456789",
    "latin": "abcdefghijklmnopqrstuvwxyz",
    "kana": "".join(one for one, half in sorted(_HALF.items()) if len(half) == 1 and one not in KEPT),
    "voiced": "".join(one for one, half in sorted(_HALF.items()) if len(half) == 2),
    "hiragana": "".join(map(chr, range(0x3041, 0x3097))),
    "kanji": "".join(map(chr, range(0x4E00, 0x9FA6))),
    "hangul": "".join(map(chr, range(0xAC00, 0xD7A4))),
}
_CLASS_OF = {sign: name for name, alphabet in _ALPHABETS.items() for sign in alphabet}


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter or digit as it is compared, and how it was written."""

    folded: str
    alphabet: str
    """All that may take its place."""
    write: Callable[[str], str]
    """Gives a sign of the alphabet the case and width of the original."""


def letters_of(text: str) -> Iterator[Letter | str]:
    """Yield the letters of a text, and between them its other signs as they are.

    Rarer forms that compare as several letters (ß, ligatures, signs in circles) are taken apart first, so that texts
    that differ in them alone become equal.
    """
    for unit in _UNIT.findall(unicodedata.normalize("NFC", text)):
        letter = _letter(unit)
        if letter is not None:
            yield letter
        elif unit in KEPT or not _compared(unit):
            yield unit
        else:
            for sign in _folded(unit):
                yield _letter(sign) or sign


@lru_cache(maxsize=100)
def place_of(alphabet: str) -> Mapping[str, int]:
    """Return the place of each sign."""
    return {sign: place for place, sign in enumerate(alphabet)}


@lru_cache(maxsize=50_000)
def _letter(unit: str) -> Letter | None:
    if unit in KEPT:
        return None
    folded = _folded(unit)
    if len(folded) != 1:
        return None
    alphabet = _alphabet(folded)
    return None if len(alphabet) < 2 else Letter(folded, alphabet, _writer(unit))


def _folded(unit: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", unit).casefold())


def _compared(unit: str) -> bool:
    """Say whether a sign that is no single letter holds letters or digits all the same."""
    return any(unicodedata.category(sign)[0] in "LN" for sign in _folded(unit)) and _folded(unit) != unit


@lru_cache(maxsize=5_000)
def _alphabet(folded: str) -> str:
    known = _CLASS_OF.get(folded)
    if known is not None:
        return _ALPHABETS[known]
    category = unicodedata.category(folded)
    if category[0] not in "LMN":
        return ""
    # Of other scripts: the letters of the same kind nearby.
    start = ord(folded) - ord(folded) % _BLOCK
    return "".join(sign for sign in map(chr, range(start, start + _BLOCK)) if _is_like(sign, category))


def _is_like(sign: str, category: str) -> bool:
    if unicodedata.category(sign) != category or sign in _CLASS_OF or sign in KEPT:
        return False
    upper = sign.upper()
    return _folded(sign) == sign and len(upper) == 1 and (upper == sign or _folded(upper) == sign)


def _writer(unit: str) -> Callable[[str], str]:
    if _HALF_KATAKANA.fullmatch(unit):
        return lambda sign: _HALF[sign]
    is_upper = unit != unit.lower()
    if 0xFF01 <= ord(unit[0]) <= 0xFF5E:
        return lambda sign: chr(ord(sign.upper() if is_upper else sign) + _FULL_WIDTH)
    return str.upper if is_upper else str
