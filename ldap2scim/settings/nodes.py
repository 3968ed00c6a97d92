"""A settings file as a tree in which every node knows its place. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position in a file; line and column are counted from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """A single value. Its repr does not show it, since it may be a password."""

    place: Place
    value: str | int | float | bool | None = field(repr=False)
    """As YAML 1.2's core schema reads it (§10.3.2)."""
    text: str = field(repr=False)
    """As written, without quotes: `0123` stays `0123` where a text is wanted."""


@dataclass(frozen=True, slots=True)
class SequenceNode:
    """A list."""

    place: Place
    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A key and what stands under it."""

    name: str
    place: Place
    node: "Node"


@dataclass(frozen=True, slots=True)
class MappingNode:
    """Keys and values in the order of the file; no key occurs twice."""

    place: Place
    entries: tuple[Entry, ...]

    def get(self, name: str) -> Entry | None:
        """Return the entry of a key, or None where it is not written."""
        return next((entry for entry in self.entries if entry.name == name), None)


_NEARLY_A_KEY = re.compile(r"[\w.-]+\s*[:\uff1a]")
"""`loglevel:info`, or with a full-width colon: a text to YAML, and a key to whoever wrote it."""

Node: TypeAlias = ScalarNode | SequenceNode | MappingNode


def describe(node: Node) -> str:
    """Return what kind of thing a node is, without its value."""
    match node:
        case MappingNode():
            return "a block of keys"
        case SequenceNode():
            return "a list"
        case ScalarNode(value=None):
            return "nothing"
        case ScalarNode(value=bool()):
            return "true or false"
        case ScalarNode(value=int() | float()):
            return "a number"
        case ScalarNode():
            return "a text"


def not_a_block(node: Node) -> str:
    """Say what is wrong where a block of keys should be, without the value."""
    said = f"must be a block of keys, not {describe(node)}"
    if isinstance(node, ScalarNode) and _NEARLY_A_KEY.match(node.text):
        return f"{said}: behind a key come a `:` of half width and a blank."
    return f"{said}."


def is_empty(node: Node) -> bool:
    """Say whether a key has no value (`key:` alone, or `null`): it then counts as not written."""
    return isinstance(node, ScalarNode) and node.value is None


def arrays_beside_keys(node: Node) -> Iterator[tuple[Entry, SequenceNode]]:
    """Find each list that begins on the line of its key, which the original refuses since its 3.0.0."""
    match node:
        case MappingNode(entries=entries):
            for entry in entries:
                if isinstance(entry.node, SequenceNode) and entry.node.place.line == entry.place.line:
                    yield entry, entry.node
                yield from arrays_beside_keys(entry.node)
        case SequenceNode(items=items):
            for item in items:
                yield from arrays_beside_keys(item)
        case ScalarNode():
            return


Clash: TypeAlias = tuple[str, Entry, Entry]
"""A key path with two values: the one that was kept, and the one that was left."""


def merge(first: MappingNode, second: MappingNode, path: str = "") -> tuple[MappingNode, tuple[Clash, ...]]:
    """Lay one file's tree over another's, as `secret.yml` lies over `config.yml`.

    Where both have a value, a block of keys is kept rather than anything else, and else that of `first`.
    """
    entries: dict[str, Entry] = {entry.name: entry for entry in first.entries}
    clashes: list[Clash] = []
    for entry in second.entries:
        known = entries.get(entry.name)
        where = f"{path}{entry.name}"
        if known is None or is_empty(known.node):
            entries[entry.name] = entry
        elif isinstance(known.node, MappingNode) and isinstance(entry.node, MappingNode):
            node, deeper = merge(known.node, entry.node, f"{where}.")
            entries[entry.name] = Entry(entry.name, known.place, node)
            clashes.extend(deeper)
        elif isinstance(entry.node, MappingNode):
            entries[entry.name] = entry
            clashes.append((where, entry, known))
        elif not is_empty(entry.node):
            clashes.append((where, known, entry))
    return MappingNode(first.place, tuple(entries.values())), tuple(clashes)
