"""docs/promises.md and the tests that it names."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
_SECTION = re.compile(r"^## (P\d) [^\n]+\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| (?!How )[^-\n].*$", re.MULTILINE)
SECTIONS = dict(_SECTION.findall(PAGE))
ROWS = [(promise, row) for promise, body in SECTIONS.items() for row in _ROW.findall(body)]


def _named(text: str) -> list[str]:
    return re.findall(r"`([\w/]+\.py::[\w:]+)`", text)


def _tests(file: Path) -> set[str]:
    """Return the tests of a module, those of a class as `Class::test`."""
    found = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        start = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
        functions = (one for one in inner if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))
        found |= {f"{start}{one.name}" for one in functions if one.name.startswith("test_")}
    return found


def test_each_promise_has_a_section() -> None:
    """P1 to P7, in their order."""
    assert list(SECTIONS) == [f"P{number}" for number in range(1, 8)]


@pytest.mark.parametrize(("promise", "row"), ROWS)
def test_each_row_names_tests_that_exist(promise: str, row: str) -> None:
    """Each way to break a promise names a test, and each test that is named is there."""
    names = _named(row)
    assert names, f"{promise}: {row}"
    for name in names:
        file, _, test = name.partition("::")
        assert test in _tests(ROOT / "tests" / file), name


def test_no_test_is_named_in_passing() -> None:
    """What is named like a test of the suite stands in a row, where it is held to exist."""
    assert re.findall(r"`[^`]*::[^`]*`", PAGE) == [f"`{name}`" for _, row in ROWS for name in _named(row)]
