"""What a person reads of a plan, a run or a drift, whatever it is shown on: sentences, and tables under headings. Pure.

Shown: names (DN, login), verbs, attribute paths, and booleans. Not shown: any other attribute value.
"""

import sys
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

Row = TypeVar("Row")

MOST_ROWS = 500
"""Of one table: more of them freeze the Prefect UI (a counted remainder is said instead)."""
ALL_ROWS = sys.maxsize
"""For files: whoever opens one searches it."""
FINDINGS = "Findings"
"""Begins the heading of a table of findings."""
OPERATIONS = ("verb", "type", "name", "changes")
"""Columns of a table of operations, in which every row says all of itself."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a heading."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    more: int = 0
    """Rows that were left out."""


@dataclass(frozen=True, slots=True)
class Bar:
    """How many operations of one kind there are."""

    kind: str
    to_do: int
    held: int


@dataclass(frozen=True, slots=True)
class Document:
    """What a person reads, whatever it is shown on."""

    title: str
    lines: tuple[str, ...]
    """The summary, sentence by sentence."""
    tables: tuple[Table, ...]
    bars: tuple[Bar, ...] = ()
    """What a chart shows, in the order of a plan."""


def table_of(title: str, columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...], total: int) -> Table:
    """Return a table in which nothing can drive a terminal; `total` counts the rows that were left out too."""
    return Table(title, columns, tuple(tuple(map(harmless, row)) for row in rows), total - len(rows))


def some_of_each(rows: Sequence[Row], most: int, kind: Callable[[Row], Hashable]) -> list[Row]:
    """Return at most `most` rows in their order, some of each kind: two removals are not hidden by 300 creations."""
    counts = Counter(map(kind, rows))
    shares: dict[Hashable, int] = {}
    left = most
    for number, (one, count) in enumerate(sorted(counts.items(), key=lambda item: item[1])):
        shares[one] = min(count, left // (len(counts) - number))  # what a small kind leaves, a larger one may use
        left -= shares[one]
    chosen: list[Row] = []
    for row in rows:
        if shares[kind(row)]:
            shares[kind(row)] -= 1
            chosen.append(row)
    return chosen


def filled(tables: Iterable[Table]) -> tuple[Table, ...]:
    """Return the tables that have rows."""
    return tuple(table for table in tables if table.rows)


def to_rows(table: Table) -> list[dict[str, str]]:
    """Return the rows of a table as objects, for a table artifact or `--json`."""
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def harmless(text: str) -> str:
    """Return text in which control characters are spelt out: a DN may hold an escape sequence (CWE-150)."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
