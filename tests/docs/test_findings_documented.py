"""The pages of docs/findings and the rules of the code say the same."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INDEX = ROOT / "docs" / "findings.md"
PAGES = ROOT / "docs" / "findings"
PARTS = ("Rule", "Why", "Example", "Remedy")
PACKAGES = ("ldap2scim", "validations", "tasks", "flows")
NAMED_ELSEWHERE = {"validations/duplicates.py", "ldap2scim/state/encoding.py", "ldap2scim/bundle/columns.py"}
"""A finding's rule is a variable there: of a `Rule` in the same file, or read back from the state."""


@cache
def _sources() -> Mapping[str, ast.Module]:
    paths = (path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))
    return {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for path in paths
        if "sandbox" not in path.parts
    }


def _calls(tree: ast.Module, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            yield node


def _argument(call: ast.Call, position: int, name: str) -> ast.expr:
    named = [keyword.value for keyword in call.keywords if keyword.arg == name]
    return named[0] if named else call.args[position]


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _severities(node: ast.expr) -> set[str]:
    return {one.attr.lower() for one in ast.walk(node) if isinstance(one, ast.Attribute) and one.attr.isupper()}


@cache
def _rules() -> Mapping[str, set[str]]:
    """Return the severities of each rule that a run can report."""
    rules: defaultdict[str, set[str]] = defaultdict(set)
    for file, tree in _sources().items():
        for call in _calls(tree, "Finding"):
            rule, severities = _text(_argument(call, 0, "rule")), _severities(_argument(call, 1, "severity"))
            if rule is not None:
                rules[rule] |= severities
                continue
            assert file in NAMED_ELSEWHERE, f"{file}:{call.lineno}: which rule is that?"
            for named in _calls(tree, "Rule"):
                rules[str(_text(_argument(named, 0, "name")))] |= severities
    return rules


def _described() -> set[str]:
    """Return the rules of the Great Expectations suites."""
    calls = _calls(_sources()["validations/suites.py"], "_rule")
    return {rule for call in calls if (rule := _text(call.args[1])) is not None}


def _severities_of(text: str) -> set[str]:
    return set(re.findall(r"\b(note|hold|stop)\b", text))


def _index() -> dict[str, set[str]]:
    """Return the severities of each rule that the index has a row of."""
    rows = re.findall(
        r"^\| \[([a-z0-9-]+)\]\(findings/\1\.md\) \| ([^|]+) \| [^|]+ \|$", INDEX.read_text("utf-8"), re.MULTILINE
    )
    return {rule: _severities_of(severities) for rule, severities in rows}


def _pages() -> list[str]:
    return sorted(page.stem for page in PAGES.glob("*.md"))


def test_every_rule_of_the_code_has_a_page_and_every_page_a_rule() -> None:
    """A rule without a page fails, and a page that no rule has."""
    assert _rules().keys() | _described() == set(_pages())


def test_the_index_has_a_row_for_every_page_with_its_severities() -> None:
    """A page that the index does not link fails, and so does a severity that the code does not have."""
    index = _index()
    assert index.keys() == set(_pages())
    assert {rule: index[rule] for rule in _rules()} == dict(_rules())


@pytest.mark.parametrize("rule", _pages())
def test_a_page_names_the_severities_and_has_its_four_parts(rule: str) -> None:
    """The second line has the severities of the index; rule, why, example (a message) and remedy follow."""
    title, severities, *parts = (PAGES / f"{rule}.md").read_text("utf-8").split("\n\n", 2)
    assert title == f"# {rule}"
    assert _severities_of(severities.partition(" · ")[0]) == _index()[rule]
    assert "[findings](../findings.md)" in severities
    headings = re.split(r"^## (.*)$", parts[0], flags=re.MULTILINE)
    assert tuple(headings[1::2]) == PARTS
    texts = dict(zip(headings[1::2], (text.strip() for text in headings[2::2]), strict=True))
    assert all(texts.values()), "a part is empty"
    assert texts["Example"].startswith("> "), "the example quotes a message"
