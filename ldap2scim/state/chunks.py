"""Cutting work into pieces that a statement can take. Pure."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

STATEMENT_ROWS = 1000
"""Values in one IN list: well below the least limit of parameters (SQLite 32,766, PostgreSQL 65,535)."""


def chunks(items: Iterable[T], size: int = STATEMENT_ROWS) -> Iterator[list[T]]:
    """Yield `items` in lists of `size`, the last one perhaps shorter."""
    rest = iter(items)
    while piece := list(islice(rest, size)):
        yield piece
