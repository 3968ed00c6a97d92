"""Lines that fit a terminal: broken between words, below the column that they end in. In a pipe they stay whole."""

import re
import shutil
import sys
import textwrap
from typing import Final, TextIO

_COLUMN: Final = re.compile(r" {2,}(?=\S)")
_NARROWEST: Final = 40
"""On less than that nothing is broken: the terminal does it as well."""


def fitted(line: str, width: int) -> list[str]:
    """Return a line as lines of at most `width` characters; one word that is longer stays whole."""
    if len(line) <= width or width < _NARROWEST:
        return [line]
    beginnings = [found.end() for found in _COLUMN.finditer(line) if found.end() <= width // 2]
    indent = max(beginnings, default=4)
    body = textwrap.TextWrapper(
        width=width, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False
    )
    return body.wrap(line)


def width_of(stream: TextIO | None) -> int | None:
    """Return how many characters a line may have; None where nobody reads it on a terminal. None: standard output."""
    stream = stream or sys.stdout
    return shutil.get_terminal_size().columns if stream.isatty() else None
