"""Text of which there is much, kept as UTF-8. Pure.

A single kana makes a whole text take two bytes a character, and whoever asks for its UTF-8 once (JSON, for one) leaves
that with it for life: an essence then takes three times what it takes here.
"""

from typing import Protocol, Self, overload


class _Slot(Protocol):
    """What a class with slots has for each of them."""

    def __get__(self, one: object, kind: type | None = None, /) -> bytes: ...

    def __set__(self, one: object, value: bytes, /) -> None: ...


class Packed:
    """Stands before a slot: text goes in and comes out, and UTF-8 is kept."""

    def __init__(self, slot: _Slot) -> None:
        self._slot = slot

    @overload
    def __get__(self, one: None, kind: type) -> Self: ...

    @overload
    def __get__(self, one: object, kind: type | None = None) -> str: ...

    def __get__(self, one: object | None, kind: type | None = None) -> "Self | str":
        """Return the text."""
        return self if one is None else self._slot.__get__(one, kind).decode()

    def __set__(self, one: object, text: str) -> None:
        """Keep a text."""
        self._slot.__set__(one, text.encode())
