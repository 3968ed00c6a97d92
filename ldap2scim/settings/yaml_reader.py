"""Reads a settings file strictly, as YAML 1.2 means it.

PyYAML reads YAML 1.1, in which `no` is false, `0123` is 83 and a second key silently replaces the first. Here
scalars follow the core schema of YAML 1.2.2 §10.3.2, without floating-point oddities; a key that occurs twice,
an anchor, an alias, a tag and a tab between tokens are refused. Messages never quote a value, since the file may
hold passwords.

This module reads files; nothing else in the package does but `secret_values` and `load`.
"""

import re
from pathlib import Path
from typing import Any

import yaml
from yaml.events import AliasEvent
from yaml.reader import ReaderError

from ldap2scim.settings.nodes import Entry, MappingNode, Node, Place, ScalarNode, SequenceNode
from ldap2scim.settings.problems import Problem
from ldap2scim.settings.yaml_problems import WIDE_BLANK, explain

LARGEST = 4 * 1024 * 1024
"""Bytes; a settings file is a few kilobytes, and a wrong path (a database, a device) should end soon."""
DEEPEST = 30
"""Levels of nesting; settings have about eight."""

_NULL = re.compile(r"null|Null|NULL|~|")
_BOOL = re.compile(r"(true|True|TRUE)|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o([0-7]+)")
_HEX = re.compile(r"0x([0-9a-fA-F]+)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


class _Refused(yaml.MarkedYAMLError):
    """Something that YAML has and that settings do not need."""


class _StrictLoader(yaml.SafeLoader):
    """Composes nodes only; constructs nothing. Without implicit resolvers every plain scalar arrives as text."""

    # PyYAML fills this table on the class with YAML 1.1's rules.
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:  # noqa: ANN401
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, AliasEvent) or event.anchor is not None:
            sign = "*" if isinstance(event, AliasEvent) else "&"
            raise _Refused(problem=f"{sign} is not taken", problem_mark=event.start_mark)
        if event.tag is not None:
            raise _Refused(problem="! is not taken", problem_mark=event.start_mark)
        if self.depth > DEEPEST:
            raise _Refused(problem="nested too deeply", problem_mark=event.start_mark)
        self.depth += 1
        node: yaml.Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node


def read(path: Path, problems: list[Problem]) -> MappingNode | None:
    """Read one file to its tree.

    What is wrong is added to `problems`; None where nothing could be read.
    """
    text = _decode(path, problems)
    return None if text is None else parse(text, str(path), problems)


def parse(text: str, file: str, problems: list[Problem]) -> MappingNode | None:
    """Make the tree of a text; `file` is its name in places. Pure."""
    try:
        root = yaml.compose(text, Loader=_StrictLoader)
    except yaml.MarkedYAMLError as error:
        problems.append(explain(error, text, file))
        return None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        problems.append(Problem(Place(file, line, 1), f"has a control character (U+{error.character:04X}); remove it."))
        return None
    if root is None or (isinstance(root, yaml.ScalarNode) and root.value == ""):
        problems.append(Problem(None, f"{file}: is empty; `docs/samples` has examples to start from."))
        return None
    tree = _convert(root, file, problems)
    if not isinstance(tree, MappingNode):
        problems.append(Problem(tree.place, "must begin with keys such as `directories:` or `ad:`."))
        return None
    return tree


def _decode(path: Path, problems: list[Problem]) -> str | None:
    """Return the text of a file; None where it has none that can be used, which is noted."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        problems.append(Problem(None, f"{path}: {_unreadable(error)}"))
        return None
    if len(data) > LARGEST:
        problems.append(Problem(None, f"{path}: is larger than 4 MiB and cannot be a settings file."))
        return None
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        problems.append(Problem(None, f"{path}: is encoded in UTF-16; save it as UTF-8."))
        return None
    try:
        # A UTF-8 byte order mark, as Windows editors write it, is allowed by YAML 1.2.2 §5.2.
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        place = Place(str(path), line, error.start - data.rfind(b"\n", 0, error.start))
        problems.append(Problem(place, "is not UTF-8 here (Shift_JIS perhaps); save the file as UTF-8."))
        return None


def _unreadable(error: OSError | ValueError) -> str:
    match error:
        case FileNotFoundError():
            return "there is no such file; name one with --config FILE, or write it (docs/samples has examples)."
        case IsADirectoryError():
            return "is a directory; name the settings file inside it."
        case PermissionError():
            return "may not be read by this user; give the user read access to it."
        case OSError(strerror=str(reason)):
            return f"cannot be read: {reason}."
        case _:
            return "is no usable file name."


def _convert(node: yaml.Node, file: str, problems: list[Problem]) -> Node:
    place = Place(file, node.start_mark.line + 1, node.start_mark.column + 1)
    if isinstance(node, yaml.MappingNode):
        return _convert_mapping(node, place, problems)
    if isinstance(node, yaml.SequenceNode):
        return SequenceNode(place, tuple(_convert(item, file, problems) for item in node.value))
    plain = isinstance(node, yaml.ScalarNode) and node.style is None
    value = core_value(node.value) if plain else node.value
    return ScalarNode(place, value, node.value)


def _convert_mapping(node: yaml.MappingNode, place: Place, problems: list[Problem]) -> MappingNode:
    entries: dict[str, Entry] = {}
    for key, value in node.value:
        at = Place(place.file, key.start_mark.line + 1, key.start_mark.column + 1)
        if not isinstance(key, yaml.ScalarNode) or not key.value:
            problems.append(Problem(at, "a key must be a single word."))
            continue
        if key.style is None and key.value != key.value.strip():  # YAML takes ordinary blanks away
            problems.append(Problem(at, WIDE_BLANK))
            continue
        if key.value in entries:
            first = entries[key.value].place.line
            # In braces it may be a password that begins with `{` and stands without quotes.
            what = "one of the keys in these braces" if node.flow_style else f"`{key.value}`"
            problems.append(Problem(at, f"{what} is written a second time (first on line {first}); keep one."))
            continue
        entries[key.value] = Entry(key.value, at, _convert(value, place.file, problems))
    return MappingNode(place, tuple(entries.values()))


def core_value(text: str) -> str | int | float | bool | None:
    """Resolve a plain scalar by YAML 1.2.2 §10.3.2: `yes`, `off`, `2024-01-01` and `1:30` are texts. Pure."""
    if _NULL.fullmatch(text):
        return None
    if found := _BOOL.fullmatch(text):
        return found[1] is not None
    for pattern, base in ((_INT, 10), (_OCTAL, 8), (_HEX, 16)):
        if found := pattern.fullmatch(text):
            digits = found[found.lastindex or 0]
            return int(digits, base) if len(digits) <= 40 else text
    return float(text) if _FLOAT.fullmatch(text) else text
