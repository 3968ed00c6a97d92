"""YAML is read as version 1.2 means it, and strictly."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.settings.nodes import MappingNode, ScalarNode
from ldap2scim.settings.problems import Problem
from ldap2scim.settings.yaml_reader import LARGEST, core_value, parse, read


def _parse(text: str) -> tuple[MappingNode | None, list[str]]:
    problems: list[Problem] = []
    return parse(text, "f.yml", problems), [str(problem) for problem in problems]


def _read(path: Path) -> str:
    problems: list[Problem] = []
    assert read(path, problems) is None
    (problem,) = problems
    return str(problem)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("yes", "yes"),
        ("No", "No"),
        ("on", "on"),
        ("off", "off"),
        ("true", True),
        ("False", False),
        ("tRUE", "tRUE"),
        ("0123", 123),
        ("0o17", 15),
        ("0x1F", 31),
        ("-5", -5),
        ("1.5e3", 1500.0),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("2024-01-31", "2024-01-31"),
        ("~", None),
        ("", None),
        ("null", None),
        ("nil", "nil"),
        ("9" * 5000, "9" * 5000),
        (".", "."),
        (".inf", ".inf"),
    ],
)
def test_plain_scalars_follow_the_core_schema(written: str, value: object) -> None:
    """`yes` and dates are texts, `0123` is no octal number (YAML 1.2.2 §10.3.2)."""
    assert core_value(written) == value
    assert type(core_value(written)) is type(value)


def test_a_scalar_keeps_its_text_and_hides_it() -> None:
    """Where a text is wanted, `0123` stays as written; a node's repr never shows the value."""
    root, _ = _parse("pin: 0123\nquoted: '5'\n")
    assert root is not None
    pin, quoted = (entry.node for entry in root.entries)
    assert isinstance(pin, ScalarNode)
    assert (pin.text, pin.value) == ("0123", 123)
    assert isinstance(quoted, ScalarNode)
    assert quoted.value == "5"
    assert "0123" not in repr(root)


def test_nodes_know_their_places() -> None:
    """Line and column of keys and values count from 1."""
    root, _ = _parse("a:\n  b: x\n")
    assert root is not None
    inner = root.entries[0].node
    assert isinstance(inner, MappingNode)
    assert str(inner.entries[0].place) == "f.yml:2:3"
    assert str(inner.entries[0].node.place) == "f.yml:2:6"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "f.yml:3:1: `a` is written a second time (first on line 1)"),
        ("a:\n\tb: 1\n", "f.yml:2:1: has a tab"),
        ("a:\tb\n", "f.yml:1:3: has a tab"),
        ("a: &x 1\n", "f.yml:1:4: begins with `&`"),
        ("a: *x\n", "f.yml:1:4: begins with `*`"),
        ("a: &x [1]\nb: [*x, *x]\n", "f.yml:1:4: begins with `&`"),
        ("a: !!python/object:os.system x\n", "f.yml:1:4: begins with `!`"),
        ("a: @x\n", "f.yml:1:4: begins with `@`"),
        ("a:\n  b: 1\n   c: 2\n", "f.yml:3:5: has a colon where none may be"),
        ("a:\n   b: 1\n  c: 2\n", "f.yml:3:3: does not fit the lines above it"),
        ("a: 'x\nb: 'y'\n", "Or a quote further up is not closed"),
        ("a: 'x\n", "begins a quoted text that never ends"),
        ('a: "\\z"\n', "single quotes"),
        ("a: {b: 1\n", "inside a list or block in brackets that is not closed"),
        ("a: 1\n---\na: 2\n", "f.yml:2:1: begins a second document"),
        ("a:\n  b: 1\n  c:389\n  d: 2\n", "f.yml:3:3: is no key to YAML: behind a key come a `:` of half width"),
        ("a:\n  b: 1\n  c\n  d: 2\n", "f.yml:3:3: is a key without its colon"),
        ("a:\n  b:x\n  c: 1\n", "f.yml:2:3: is no key to YAML"),
        ("a:\n  b\uff1ax\n  c: 1\n", "f.yml:2:3: is no key to YAML"),
        ("a:\n  b: 1\n  c:\u3000x\n  d: 2\n", "f.yml:3:3: is no key to YAML"),
        ("a:\n  b: 1\n\u3000 c: 2\n", "f.yml:3:1: has a full-width or no-break blank"),
        ("a:\n\u3000b: 1\n", "f.yml:2:1: has a full-width or no-break blank"),
        ("a: 'b'\u3000\nc: 1\n", "f.yml:1:7: has a full-width or no-break blank"),
        ("a:\n  - dc1:636\n   b: x\n", "f.yml:3:5: has a colon where none may be"),
        ("a: &(b=c)\n", "f.yml:1:5: begins with `&` or `*`"),
        ("? [a]\n: b\n", "a key must be a single word"),
        ("a: b\x07\n", "f.yml:1:1: has a control character (U+0007)"),
        ("", "f.yml: is empty"),
        ("# nothing\n", "f.yml: is empty"),
        ("- a\n", "f.yml:1:1: must begin with keys"),
        ("[" * 3000, "f.yml:1:32: is nested too deeply"),
    ],
)
def test_what_is_refused_is_named_with_its_place(text: str, message: str) -> None:
    """Each thing that settings do not need, or that is no YAML, is one message that says where."""
    _, problems = _parse(text)
    assert len(problems) == 1
    assert message in problems[0]


def test_an_array_item_on_its_keys_line_comes_with_the_correction() -> None:
    """`addresses: - dc1` is answered with the same list, written as it must be."""
    _, problems = _parse("ad:\n  addresses: - dc1\n")
    (problem,) = problems
    assert problem == (
        "f.yml:2:14: the list of `addresses` stands on its key's line; write it on the lines below, such as\n"
        "    addresses:\n      - dc1"
    )


@pytest.mark.parametrize("line", ["password: - hunter2", "password: !hunter2", "password: *hunter2", "token: 'hunter2"])
def test_a_syntax_error_never_quotes_a_secret(line: str) -> None:
    """The value that could not be read may be a password."""
    root, problems = _parse(f"{line}\n")
    assert root is None
    assert "hunter2" not in problems[0]


@given(st.text(alphabet=st.sampled_from("ab:- \n\t'\"[]{}&*!#|>%@`?,0\x00~")))
def test_any_text_gives_a_tree_or_problems(text: str) -> None:
    """Whatever is typed, reading ends with a tree or with at least one message, never with an exception."""
    root, problems = _parse(text)
    assert root is not None or problems


def test_unusable_files_are_named(tmp_path: Path) -> None:
    """Missing, a directory, not UTF-8, UTF-16, too large: each says so and what to do."""
    assert "there is no such file" in _read(tmp_path / "none.yml")
    assert "is a directory" in _read(tmp_path)
    assert "no usable file name" in _read(tmp_path / "a\0b")
    assert "cannot be read: Not a directory" in _read(Path(__file__) / "x")
    file = tmp_path / "f.yml"
    file.write_bytes("a: 1\nb: 東京\n".encode("shift_jis"))
    assert f"{file}:2:4: is not UTF-8" in _read(file)
    file.write_bytes("a: 1\n".encode("utf-16"))
    assert "UTF-16" in _read(file)
    file.write_bytes(b"#" * (LARGEST + 1))
    assert "larger than 4 MiB" in _read(file)


def test_a_file_without_read_rights_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No permission is a message, also where the tests run as root."""

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert "may not be read by this user" in _read(tmp_path / "f.yml")


def test_a_byte_order_mark_is_read_over(tmp_path: Path) -> None:
    """Windows editors put one before UTF-8; YAML 1.2.2 §5.2 allows it."""
    file = tmp_path / "f.yml"
    file.write_bytes("a: 東京\r\n".encode("utf-8-sig"))
    root = read(file, [])
    assert root is not None
    assert root.entries[0].name == "a"
