"""A document as one HTML file that needs nothing else: search, counts, a chart, and tables of any size. Pure.

Names come from a directory, so nobody trusts them: they are data in a JSON block and reach the page as text alone.
The policy in the file lets it run its own script and style, known by their digests, and fetch nothing (CSP 3).
Rows are made into elements as they are looked at: a hundred thousand of them at once would freeze a browser.
"""

import base64
import hashlib
import html
from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from ldap2scim.planning.document import Bar, Document, Table

_STYLE = """
:root{color-scheme:light dark;--line:#8886;--soft:#8882;--do:#2563eb;--hold:#d97706}
body{font:15px/1.45 system-ui,sans-serif;margin:0 auto;max-width:75rem;padding:1rem}
h1{font-size:1.4rem;margin:.2rem 0}
ul{padding-left:1.2rem}
svg{max-width:100%;height:auto}
svg text{fill:currentColor;font:13px system-ui,sans-serif}
.do{fill:var(--do)}.hold{fill:var(--hold)}
label{display:block;position:sticky;top:0;background:Canvas;padding:.6rem 0}
input{font:inherit;padding:.4rem .6rem;width:min(40rem,90%)}
details{border-top:1px solid var(--line);padding:.4rem 0}
summary{cursor:pointer;font-weight:600}
table{border-collapse:collapse;width:100%;margin:.4rem 0}
th,td{text-align:left;vertical-align:top;padding:.25rem .6rem .25rem 0;border-bottom:1px solid var(--soft);
overflow-wrap:anywhere}
button{font:inherit}
"""
_SCRIPT = """
"use strict";
const STEP = 200;
const tables = JSON.parse(document.getElementById("rows").textContent);
const cell = (column, row) => column.at ? column.values[column.at[row]] : column.values[row];
const parts = [...document.querySelectorAll("details[data-table]")].map((details, number) => {
  const {size, columns} = tables[number];
  const body = details.querySelector("tbody");
  const count = details.querySelector("[data-count]");
  const more = details.querySelector("button");
  let found = null, shown = 0;
  const total = () => found === null ? size : found.length;
  const show = () => {
    const until = Math.min(shown + STEP, total());
    const rows = document.createDocumentFragment();
    for (; shown < until; shown++) {
      const row = document.createElement("tr");
      for (const column of columns) {
        const data = document.createElement("td");
        data.textContent = cell(column, found === null ? shown : found[shown]);
        row.append(data);
      }
      rows.append(row);
    }
    body.append(rows);
    more.hidden = shown >= total();
    more.textContent = `Show more (${(total() - shown).toLocaleString()} left)`;
    count.textContent = found === null ? size.toLocaleString()
      : `${total().toLocaleString()} of ${size.toLocaleString()}`;
  };
  const search = words => {
    found = words.length ? [] : null;
    for (let row = 0; words.length && row < size; row++) {
      const text = columns.map(column => cell(column, row)).join("\\n").toLowerCase();
      if (words.every(word => text.includes(word))) found.push(row);
    }
    body.replaceChildren();
    shown = 0;
    show();
  };
  more.addEventListener("click", show);
  show();
  return search;
});
const box = document.getElementById("search");
let waiting = 0;
box.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    const words = box.value.toLowerCase().split(/\\s+/).filter(Boolean);
    parts.forEach(search => search(words));
  }, 150);
});
"""
_BAR, _LEFT, _WIDTH = 22, 140, 640


def html_pieces(document: Document) -> Iterator[bytes]:
    """Yield the page piece by piece."""
    title = html.escape(document.title)
    yield (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy()}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>ldap2scim: {title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n<ul>\n"
    ).encode()
    yield "".join(f"<li>{html.escape(line)}</li>\n" for line in document.lines).encode()
    yield f"</ul>\n{_chart(document.bars)}".encode()
    yield (
        b'<label>Search <input id="search" type="search" placeholder="words, all of which a row must have"></label>\n'
        b"<noscript><p>The tables need the script in this file.</p></noscript>\n"
    )
    for table in document.tables:
        yield _section(table).encode()
    yield b'<script type="application/json" id="rows">['
    for number, table in enumerate(document.tables):
        yield b"," if number else b""
        yield _data(table)
    yield f"]</script>\n<script>{_SCRIPT}</script>\n</body>\n</html>\n".encode()


def _policy() -> str:
    style, script = (_digest(text) for text in (_STYLE, _SCRIPT))
    return f"default-src 'none'; style-src '{style}'; script-src '{script}'; base-uri 'none'; form-action 'none'"


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _section(table: Table) -> str:
    more = f"<p>… and {table.more:,} more</p>\n" if table.more else ""
    head = "".join(f'<th scope="col">{html.escape(column)}</th>' for column in table.columns)
    return (
        f"<details data-table open>\n<summary>{html.escape(table.title)} "
        f"(<span data-count>{len(table.rows):,}</span>)</summary>\n<table>\n<thead><tr>{head}</tr></thead>\n"
        f'<tbody></tbody>\n</table>\n<button type="button" hidden></button>\n{more}</details>\n'
    )


def _data(table: Table) -> bytes:
    """Return the rows column by column; words that come again and again are written once."""
    columns = [_column([row[i] for row in table.rows]) for i in range(len(table.columns))]
    text = orjson.dumps({"size": len(table.rows), "columns": columns})
    # Inside of a script element nothing but its end has a meaning, and what could begin one (HTML §4.12.1.3).
    return text.replace(b"<", b"\\u003c").replace(b">", b"\\u003e").replace(b"&", b"\\u0026")


def _column(cells: Sequence[str]) -> dict[str, Any]:
    numbers: dict[str, int] = {}
    at = [numbers.setdefault(cell, len(numbers)) for cell in cells]
    return {"values": [*numbers], "at": at} if len(numbers) * 2 < len(cells) else {"values": cells}


def _chart(bars: Sequence[Bar]) -> str:
    """Return the counts by kind as bars: what is to be done, and behind it what is held."""
    if not bars:
        return ""
    most = max(bar.to_do + bar.held for bar in bars)
    height = _BAR * len(bars)
    rows = "".join(_bar(bar, number, most) for number, bar in enumerate(bars))
    whole = _LEFT + _WIDTH + 180
    return (
        f'<svg role="img" aria-label="operations by kind" width="{whole}" height="{height}" '
        f'viewBox="0 0 {whole} {height}">\n{rows}</svg>\n'
    )


def _bar(bar: Bar, number: int, most: int) -> str:
    top = _BAR * number
    to_do, held = (round(_WIDTH * count / most, 1) for count in (bar.to_do, bar.held))
    said = ", ".join(f"{count:,} {word}" for count, word in ((bar.to_do, "to do"), (bar.held, "held")) if count)
    return (
        f'<text x="0" y="{top + 15}">{html.escape(bar.kind)}</text>'
        f'<rect class="do" x="{_LEFT}" y="{top + 3}" width="{to_do}" height="{_BAR - 6}"></rect>'
        f'<rect class="hold" x="{_LEFT + to_do}" y="{top + 3}" width="{held}" height="{_BAR - 6}"></rect>'
        f'<text x="{_LEFT + to_do + held + 6}" y="{top + 15}">{said}</text>\n'
    )
