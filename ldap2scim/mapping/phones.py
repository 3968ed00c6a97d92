"""Telephone numbers as people write them → global numbers of RFC 3966 (`tel:+81312345678`). Pure.

A small rule, not a numbering plan: what is national gets the code of a default country, and what cannot be a number of
ITU-T E.164 (at most 15 digits) is left as it is, for the checks to find.
"""

import re
import unicodedata
from typing import Final

_URI: Final = re.compile(r"tel:\+[0-9][0-9().-]*(;[A-Za-z0-9-]+(=[^\s;]+)?)*", re.IGNORECASE)
"""RFC 3966 §3, a global number with its parameters."""
_EXTENSION: Final = re.compile(r"[\s,;]*(?:ext(?:ension)?\.?|内線|x)[\s:.]*([0-9]{1,7})\s*\Z", re.IGNORECASE)
_SEPARATORS: Final = re.compile(r"[\s().,/·‐‑‒–—―−ー-]+")
_DELETED: Final = str.maketrans("", "", " ().-")
_TRUNK_IN_BRACKETS: Final = re.compile(r"\(\s*[0-9]\s*\)")
"""`+44 (0)20 …`: the digit is dialled at home only."""
_INTERNATIONAL: Final = {"1": "011", "7": "810", "81": "010"}
"""What is dialled before a country code, where it is not `00` (ITU-T E.164, list of dialling procedures)."""
_TRUNK: Final = {"1": "1", "7": "8", "36": "06", "39": "", "378": "", "379": ""}
"""What is dialled before a national number and dropped after a country code, where it is not `0`; Italy keeps its 0."""
_LEAST_DIGITS: Final = 7
_MOST_DIGITS: Final = 15


def is_global(value: str) -> bool:
    """Say whether a value is a global number of RFC 3966."""
    return _URI.fullmatch(value) is not None


def global_number(written: str, country: str) -> str | None:
    """Return a number as a global one; None where it cannot be told.

    Args:
        written: as the directory has it. A global number of RFC 3966 stays as it is.
        country: code of the country of numbers that have none (`81`); empty: there is no default.
    """
    digits = written.translate(_DELETED)
    if country and digits.isascii() and digits.isdecimal():  # as nearly all are; the rest takes five times as long
        return _checked(_national(digits, country))
    return written if is_global(written) else _global_number(written, country)


def _global_number(written: str, country: str) -> str | None:
    text = unicodedata.normalize("NFKC", written).strip()
    text = text.removeprefix("tel:").removeprefix("TEL:")
    extension = _EXTENSION.search(text)
    if extension:
        text = text[: extension.start()]
    return _checked(_digits(text.strip(), country), f";ext={extension[1]}" if extension else "")


def _checked(digits: str | None, parameters: str = "") -> str | None:
    if digits is None or not _LEAST_DIGITS <= len(digits) <= _MOST_DIGITS:
        return None
    return f"tel:+{digits}{parameters}"


def _digits(text: str, country: str) -> str | None:
    """Return country code and number; None where anything but digits and separators stands there."""
    if text.startswith("+"):
        rest = _SEPARATORS.sub("", _TRUNK_IN_BRACKETS.sub("", text[1:]))
        return rest if _is_number(rest) and not rest.startswith("0") else None
    bare = _SEPARATORS.sub("", text)
    return _national(bare, country) if country and _is_number(bare) else None


def _national(bare: str, country: str) -> str | None:
    abroad = _INTERNATIONAL.get(country, "00")
    if bare.startswith(abroad):
        return bare.removeprefix(abroad)
    trunk = _TRUNK.get(country, "0")
    national = bare.removeprefix(trunk)
    if trunk == "0" and national.startswith("0"):
        return None  # dialled in the way of another country
    # Without its trunk prefix a short one is a number of the house, which nobody outside can call.
    return f"{country}{national}" if len(national) >= _LEAST_DIGITS else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()
