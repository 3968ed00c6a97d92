"""docs/findings.md and the rules of the code say the same."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "findings.md"
PACKAGES = ("ldap2scim", "validations", "tasks", "flows")
DATA_DOCS_ONLY = "## Only in the Data Docs"
NAMED_ELSEWHERE = {"validations/duplicates.py", "ldap2scim/state/encoding.py"}
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


def _sections(page: str) -> dict[str, str]:
    parts = re.split(r"^### `([a-z-]+)`$", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_rule_of_the_code_has_a_heading_and_every_heading_a_rule() -> None:
    """A rule without a heading, and a heading that no rule has, fail."""
    reported, _, described = PAGE.read_text(encoding="utf-8").partition(DATA_DOCS_ONLY)
    rules = _rules()
    assert rules.keys() == _sections(reported).keys()
    assert _described() - rules.keys() == _sections(described).keys()


@pytest.mark.parametrize("rule", sorted(_sections(PAGE.read_text(encoding="utf-8").partition(DATA_DOCS_ONLY)[0])))
def test_a_section_names_the_severities_of_the_code_an_example_and_a_remedy(rule: str) -> None:
    """The first paragraph has the severities, one paragraph quotes a message, and what to do comes after it."""
    section = _sections(PAGE.read_text(encoding="utf-8"))[rule]
    paragraphs = [part.strip() for part in re.split(r"^## .*$|\n\n", section, flags=re.MULTILINE) if part.strip()]
    assert set(re.findall(r"\*(note|hold|stop)\*", paragraphs[0])) == _rules()[rule]
    quoted = [number for number, paragraph in enumerate(paragraphs) if paragraph.startswith("> ")]
    assert quoted, "no example"
    assert 1 < quoted[0] < len(paragraphs) - 1, "why comes before the example, and what to do after it"
