"""Documents as files: the suffix of the name says which kind."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from ldap2scim.errors import Ldap2ScimError
from ldap2scim.planning.document import ALL_ROWS, Document
from ldap2scim.planning.render_csv import csv_pieces
from ldap2scim.planning.render_html import html_pieces
from ldap2scim.planning.render_markdown import to_markdown
from ldap2scim.planning.render_text import to_text
from ldap2scim.run.plan_file import write_whole


def _markdown(document: Document) -> Iterator[bytes]:
    yield to_markdown(document).encode()


def _text(document: Document) -> Iterator[bytes]:
    yield to_text(document, ALL_ROWS).encode()


KINDS: Mapping[str, Callable[[Document], Iterable[bytes]]] = {
    ".csv": csv_pieces,
    ".html": html_pieces,
    ".md": _markdown,
    ".txt": _text,
}


def known_kinds(places: Iterable[Path]) -> None:
    """Refuse names whose suffix says nothing, before anything is begun.

    Raises:
        Ldap2ScimError: with the suffixes that are known.
    """
    for place in places:
        if place.suffix.lower() not in KINDS:
            raise Ldap2ScimError(
                f"{place}: a file of this kind cannot be written.", f"Let its name end with {', '.join(KINDS)}."
            )


def write_document(document: Document, places: Iterable[Path]) -> None:
    """Write a document into files, each as its suffix says; readable by their owner alone.

    Raises:
        PlanError: one cannot be written.
    """
    for place in places:
        write_whole(place, KINDS[place.suffix.lower()](document))
