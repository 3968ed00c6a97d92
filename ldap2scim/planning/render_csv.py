"""A document as CSV (RFC 4180), for a spreadsheet. Pure."""

import csv
import io
from collections.abc import Iterable, Iterator

from ldap2scim.planning.document import Document

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
"""What a spreadsheet takes for a formula, or a command: a name in a directory may begin so (CWE-1236)."""
_LINES = 1_000


def csv_pieces(document: Document) -> Iterator[bytes]:
    """Yield the rows of all tables, each with the name of its table; UTF-8 with the mark that spreadsheets look for."""
    columns = tuple(dict.fromkeys(column for table in document.tables for column in table.columns))
    yield b"\xef\xbb\xbf"
    yield _lines([("table", *columns)])
    for table in document.tables:
        at = [table.columns.index(column) if column in table.columns else None for column in columns]
        for start in range(0, len(table.rows), _LINES):
            rows = table.rows[start : start + _LINES]
            yield _lines((table.title, *("" if i is None else row[i] for i in at)) for row in rows)


def _lines(rows: Iterable[tuple[str, ...]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([_harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def _harmless(cell: str) -> str:
    """Return a cell that no spreadsheet evaluates: an apostrophe in front makes it text."""
    return f"'{cell}" if cell.lstrip().startswith(_FORMULA) else cell
