"""A document as Markdown. Pure."""

from collections.abc import Iterable

from ldap2scim.planning.document import Document


def to_markdown(document: Document) -> str:
    """Return the document as Markdown; names are escaped."""
    lines = [f"# {document.title}", "", *(f"- {_escaped(line)}" for line in document.lines)]
    for table in document.tables:
        lines += [
            "",
            f"## {table.title}",
            "",
            _markdown_row(table.columns),
            _markdown_row(["---"] * len(table.columns)),
        ]
        lines += [_markdown_row([_escaped(cell) for cell in row]) for row in table.rows]
        lines += ["", f"… and {table.more} more"] if table.more else []
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    for char in "\\`*_|[]<>#":
        text = text.replace(char, f"\\{char}")
    return text


def _markdown_row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
