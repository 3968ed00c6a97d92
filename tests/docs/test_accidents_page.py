"""docs/accidents.md and the tests that it names."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "accidents.md").read_text(encoding="utf-8")
ROWS = {
    int(cells[1]): cells for line in PAGE.splitlines() if re.match(r"\| \d+ \|", line) if (cells := line.split("|"))
}


def _tests() -> set[str]:
    files = (ROOT / "tests" / "integration" / "accidents").glob("test_*.py")
    trees = (ast.parse(file.read_text(encoding="utf-8")) for file in files)
    return {
        node.name
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


@pytest.mark.parametrize("row", range(1, 12))
def test_each_row_has_its_test_and_its_source(row: int) -> None:
    """Rows 1 to 11 are in the table; each cites a report, and names the test of its own number, which exists."""
    _, _, accident, what, ours, test, _ = ROWS[row]
    assert accident.strip()
    assert ours.strip()
    assert "](https://github.com/" in what
    (name,) = re.findall(r"`(\w+)`", test)
    assert name.startswith(f"test_row_{row:02}_")
    assert name in _tests()


def test_each_test_is_on_the_page() -> None:
    """Nothing is shown that is not told."""
    assert {name for name in _tests() if f"`{name}`" not in PAGE} == set()
    assert ROWS.keys() == set(range(1, 12))
