"""A plan as HTML and CSV: nothing in a name runs anywhere, nothing is fetched, nothing is lost."""

import base64
import csv
import hashlib
import io
import json
import re
from html.parser import HTMLParser
from typing import Any

from ldap2scim.planning.document import Bar, Document, Table
from ldap2scim.planning.render_csv import csv_pieces
from ldap2scim.planning.render_html import html_pieces

EVIL = '</script><script>alert(1)</script><img src=x onerror=alert(2)>&amp;\u2028 "quoted" \''
FORMULA = '=HYPERLINK("http://example.com")'
DOCUMENT = Document(
    f"Plan {EVIL}",
    (f"To do: {EVIL}",),
    (
        Table("Operations", ("verb", "name"), (("create", EVIL), ("delete", FORMULA))),
        Table("Held", ("verb", "why"), tuple(("delete", "too many") for _ in range(300)), more=7),
    ),
    (Bar("create user", 3, 0), Bar("delete user", 0, 300)),
)


class Page(HTMLParser):
    """Gathers what a browser would."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.text = ""
        self._inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember a tag."""
        self.tags.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 (the signature of the parser)
        """Remember that it ended."""
        self._inside = ""

    def handle_data(self, data: str) -> None:
        """Gather text and scripts."""
        if self._inside == "script":
            self.scripts[-1] += data
        else:
            self.text += data


def page() -> tuple[str, Page]:
    """Return the page as text, and as a browser takes it apart."""
    text = b"".join(html_pieces(DOCUMENT)).decode()
    return text, Page(text)


def test_a_name_is_text_and_nothing_else() -> None:
    """There are the two scripts of ours, no image, no handler; the names come back from the data as they were."""
    _, found = page()
    assert [tag for tag, _ in found.tags if tag in {"script", "img", "iframe", "object", "link"}] == ["script"] * 2
    assert not [name for _, attributes in found.tags for name in attributes if name.startswith("on")]
    assert EVIL in found.text
    tables: list[dict[str, Any]] = json.loads(found.scripts[0])
    assert tables[0]["columns"][1]["values"] == [EVIL, FORMULA]


def test_nothing_can_be_fetched() -> None:
    """The policy allows the style and the script of the file by their digests; no attribute leads elsewhere."""
    text, found = page()
    policy = next(
        attributes["content"]
        for _, attributes in found.tags
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    style = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)[0]
    for part in (style, found.scripts[1]):
        digest = base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert not [
        name for _, attributes in found.tags for name in attributes if name in {"src", "href", "style", "action"}
    ]
    assert "url(" not in style
    assert not re.search(r"fetch|XMLHttp|import\(|innerHTML|eval|document\.write", found.scripts[1])


def test_counts_chart_and_sections() -> None:
    """Each table is a section with its count; the chart names each kind with its numbers."""
    text, found = page()
    assert [tag for tag, _ in found.tags].count("details") == 2
    assert "300" in text
    assert "… and 7 more" in found.text
    assert "delete user" in found.text
    assert "300 held" in found.text
    assert [tag for tag, _ in found.tags].count("rect") == 4


def test_words_that_repeat_are_written_once() -> None:
    """A reason of three hundred rows is one word and three hundred numbers."""
    _, found = page()
    held = json.loads(found.scripts[0])[1]
    assert held["columns"][1]["values"] == ["too many"]
    assert held["columns"][1]["at"] == [0] * 300


def test_a_spreadsheet_gets_every_row_and_no_formula() -> None:
    """One header for all tables; what would be a formula begins with an apostrophe (CWE-1236)."""
    text = b"".join(csv_pieces(DOCUMENT)).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == ["table", "verb", "name", "why"]
    assert len(rows) == 1 + 2 + 300
    assert rows[2] == ["Operations", "delete", f"'{FORMULA}", ""]
    assert rows[3] == ["Held", "delete", "", "too many"]
    for evil in ("+1", "-1", "@x", "\t=1", " =1", "|calc", "%x"):
        shown = Document("x", (), (Table("t", ("name",), ((evil,),)),))
        (_, row) = list(csv.reader(io.StringIO(b"".join(csv_pieces(shown)).decode("utf-8-sig"))))
        assert row[1] == f"'{evil}"
