"""A document for a terminal. Pure."""

from collections.abc import Iterator, Sequence

from ldap2scim.planning.document import FINDINGS, OPERATIONS, Document, harmless, some_of_each

MOST_LINES = 50
"""Of one table on a terminal."""


def to_text(document: Document, most: int = MOST_LINES) -> str:
    """Return the document for a terminal, `most` rows of each table; nothing in it can drive the terminal."""
    return "\n".join(_text_lines(document, most)) + "\n"


def _text_lines(document: Document, most: int) -> Iterator[str]:
    yield from map(harmless, document.lines)
    for table in document.tables:
        rows = some_of_each(table.rows, most, _kind) if table.columns == OPERATIONS else table.rows[:most]
        more = table.more + len(table.rows) - len(rows)
        yield ""
        yield f"{table.title}:"
        yield from _sentences(rows) if table.title.startswith(FINDINGS) else _aligned(rows)
        if more:
            yield f"  … and {more} more"


def _kind(row: Sequence[str]) -> tuple[str, ...]:
    """Return verb and type of an operation."""
    return (*row[:2],)


def _sentences(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield what was found and, below it, what to do."""
    for severity, rule, what, remedy in rows:
        yield f"  {severity:<4}  {what} ({rule})"
        yield f"        {remedy}"


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:-1]]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield "  " + "  ".join([*cells, row[-1]]).rstrip()
