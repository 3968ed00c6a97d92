"""Data Docs that can be opened anywhere: nothing is fetched from elsewhere, and no value of an entry is in them.

The pages of Great Expectations load scripts, styles and a counting picture from half a dozen hosts as soon as they
are opened, and its first page is drawn by those scripts. So every page is rewritten, and the first page is ours.
"""

import shutil
from collections.abc import Iterable, Sequence
from html import escape
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Final

from validations.description import SuiteOutcome

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
"""Tells the browser to fetch nothing, whatever a page says (Content Security Policy, W3C)."""
WITHHELD: Final = "(withheld: it may hold values of entries)"
_WITHOUT_CONTENT = frozenset({"script", "style", "footer", "label", "button", "title", "iframe", "object", "svg"})
_LEFT_OUT = frozenset({"link", "img", "base", "meta", "embed", "input", "source"})
_KEPT_ATTRIBUTES = frozenset({"id", "class", "href", "colspan", "rowspan", "lang", "role"})
_REMOTE = ("http:", "https:", "//", "data:", "javascript:")


def publish(draft: Path, folder: Path, outcomes: Sequence[SuiteOutcome]) -> Path:
    """Put the rewritten pages of a draft into a folder, and return the first page.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pages: list[Path] = []
    for section in ("expectations", "validations"):
        # What an earlier run left would be taken for a part of this one.
        shutil.rmtree(folder / section, ignore_errors=True)
        for page in sorted((draft / section).rglob("*.html")):
            place = page.relative_to(draft)
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / place).write_text(offline(page.read_text(encoding="utf-8")), encoding="utf-8")
            pages.append(place)
    index = folder / "index.html"
    index.write_text(_index(outcomes, pages), encoding="utf-8")
    return index


def offline(page: str) -> str:
    """Return a page without scripts, pictures, foreign styles and links, and without the text of exceptions."""
    rewriter = _Rewriter()
    rewriter.feed(page)
    rewriter.close()
    return "".join(rewriter.parts)


class _Rewriter(HTMLParser):
    """Writes down again what may stay."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.parts: list[str] = []
        self._inside: list[str] = []
        """Elements that are being left out with all that is in them."""

    def handle_decl(self, decl: str) -> None:
        self.parts.append(f"<!{decl}>")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _WITHOUT_CONTENT or tag == "code":
            if tag == "code" and not self._inside:
                self.parts.append(f"<code>{WITHHELD}</code>")
            self._inside.append(tag)
        elif not self._inside and tag not in _LEFT_OUT:
            kept = "".join(f' {name}="{escape(value or "")}"' for name, value in attrs if _stays(name, value))
            self.parts.append(f"<{tag}{kept}>")
            if tag == "head":
                self.parts.append(_head())

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not self._inside and tag not in _LEFT_OUT | _WITHOUT_CONTENT:
            kept = "".join(f' {name}="{escape(value or "")}"' for name, value in attrs if _stays(name, value))
            self.parts.append(f"<{tag}{kept}>")

    def handle_endtag(self, tag: str) -> None:
        if self._inside:
            if tag == self._inside[-1]:
                self._inside.pop()
        elif tag not in _LEFT_OUT:
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.parts.append(data)

    def handle_entityref(self, name: str) -> None:
        self.handle_data(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.handle_data(f"&#{name};")


def _stays(name: str, value: str | None) -> bool:
    return name in _KEPT_ATTRIBUTES and not (name == "href" and (value or "").strip().lower().startswith(_REMOTE))


def _head() -> str:
    style = files("validations").joinpath("data_docs.css").read_text(encoding="utf-8")
    return (
        f'<meta charset="UTF-8"><meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>ldap2scim: the desired state</title><style>\n{style}</style>"
    )


def _index(outcomes: Sequence[SuiteOutcome], pages: Sequence[Path]) -> str:
    body = "\n".join(line for outcome in outcomes for line in _section(outcome, pages))
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head>{_head()}</head><body>\n<h1>The desired state, described</h1>\n'
        "<p>What Great Expectations saw in the users and groups that were read and mapped. It decides nothing: "
        f"what is held and why is in the findings of the run.</p>\n{body}\n</body></html>\n"
    )


def _section(outcome: SuiteOutcome, pages: Sequence[Path]) -> Iterable[str]:
    broken = len(outcome.failed) + len(outcome.crashed)
    yield f'<h2 id="{escape(outcome.name)}">{escape(outcome.name.capitalize())}</h2>'
    yield f"<p>{outcome.rules - broken} of {outcome.rules} rules hold.</p>"
    if broken:
        yield "<table><tr><th>Rule</th><th>Says</th><th>Rows that break it</th></tr>"
        for crashed in outcome.crashed:
            yield f"<tr><td>{escape(crashed.rule)}</td><td>crashed: {escape(crashed.error)}</td><td>not known</td></tr>"
        for failed in outcome.failed:
            yield (
                f"<tr><td>{escape(failed.rule)}</td><td>{escape(failed.severity.value)}</td>"
                f"<td>{failed.unexpected} of {failed.rows}</td></tr>"
            )
        yield "</table>"
    links = [page for page in pages if outcome.name in page.parts or page.stem == outcome.name]
    yield "<ul>"
    for page in links:
        what = "what was seen" if page.parts[0] == "validations" else "what is expected"
        yield f'<li><a href="{escape(page.as_posix())}">{what}</a></li>'
    yield "</ul>"
