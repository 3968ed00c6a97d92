"""Logins and names as services compare them. Pure."""

import unicodedata


def folded(value: str) -> str:
    """Return a value as services compare it: without case, width and blanks at its ends, inner ones counted once.

    userName and displayName are not case-exact (RFC 7643 §8.7.1); the rest is Unicode's caseless match of
    compatible characters (Unicode Standard §3.13, D146), near to what directories do (RFC 4518 §2).
    """
    if value.isascii():
        return " ".join(value.lower().split())
    once = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", value).casefold())
    return " ".join(unicodedata.normalize("NFKC", once.casefold()).split())
