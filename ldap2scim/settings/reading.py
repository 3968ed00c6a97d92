"""Takes settings out of a tree, one key at a time, and remembers what it saw. No I/O but by what `Reading` is given.

Each key is taken with a function that reads its value. What was taken is at once what is known: a key that nobody
took is named when its section is finished, with the nearest one that was. A problem never ends the reading; a
stand-in goes on in its place, and `load` raises all problems at the end.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import Protocol, TypeVar

from ldap2scim.model import ResourceType
from ldap2scim.secret import Secret
from ldap2scim.settings.composed import Row
from ldap2scim.settings.nodes import MappingNode, Node, Place, is_empty, not_a_block
from ldap2scim.settings.problems import Problem

T = TypeVar("T")
D = TypeVar("D")


class Unfit(Exception):
    """A value that cannot be taken; its text says what is wanted."""


class SecretFiles(Protocol):
    """Reads a file that holds one secret."""

    def __call__(self, path: Path) -> tuple[str, str | None]:
        """Return the text and a note about the file, if there is one to make. Raises Unfit."""


class Unreadable(Protocol):
    """Tries to open a file."""

    def __call__(self, path: Path) -> str | None:
        """Return why it cannot be read; None where it can."""


class SecretBlocks(Protocol):
    """Reads a Secret block of Prefect."""

    def __call__(self, name: str) -> str:
        """Return its text. Raises Unfit."""


def no_secret_blocks(name: str) -> str:
    """Refuse: the command knows nothing of Prefect."""
    raise Unfit(
        f"is in the Secret block `{name}` of Prefect, which only the flows can read (`python -m flows.sync`, or a "
        "deployment). For the command write `${NAME}` or `{file: PATH}`."
    )


@dataclass(slots=True)
class Reading:
    """What one load of settings has come to so far."""

    base: Path
    """Folder of the settings file; relative paths begin there."""
    environ: Mapping[str, str]
    secret_files: SecretFiles
    unreadable: Unreadable
    secret_blocks: SecretBlocks = no_secret_blocks
    secret_places: frozenset[str] = frozenset()
    """Files that are meant to hold secrets in clear: `secret.yml`."""
    clear_files: set[str] = field(default_factory=set)
    """Files in which a secret was found written out."""
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    mapped_at: dict[tuple[ResourceType, str], Place] = field(default_factory=dict)
    """Where an attribute of the model was mapped last."""

    def problem(self, place: Place | None, path: str, text: str) -> None:
        """Note something wrong with a key."""
        self.problems.append(Problem(place, f"`{path}` {text}", path))

    def note(self, place: Place | None, path: str, text: str) -> None:
        """Note something that works and deserves a word."""
        self.notes.append(str(Problem(place, f"`{path}` {text}")))


@dataclass(slots=True)
class Field:
    """One written value, handed to the function that reads it."""

    reading: Reading
    path: str
    node: Node
    origin: str
    """Where the value comes from, for `ldap2scim settings`; a reader may say better (a variable, a file)."""


Parser = Callable[[Field], T]


@dataclass(slots=True)
class Section:
    """A block of keys, written or not."""

    reading: Reading
    path: str
    """Key path with dots; empty at the root."""
    node: MappingNode | None
    place: Place | None = None
    """Where it is written, or would be."""
    known: list[str] = field(default_factory=list)

    def take(self, name: str, parse: Parser[T], default: D, origin: str = "default") -> T | D:
        """Return the value of a key, or `default` where it is not written (or cannot be used, which is noted)."""
        value, found = self._read(name, parse, default)
        self.show(name, value, found or origin)
        return value

    def show(self, name: str, value: object, origin: str) -> None:
        """Add a row to the effective settings."""
        self.reading.rows.append(Row(self.path_of(name), show(value), origin))

    def read(self, name: str, parse: Parser[T], default: D) -> T | D:
        """Take a key that is part of a larger setting, and shown with it."""
        return self._read(name, parse, default)[0]

    def require(self, name: str, parse: Parser[T], stand_in: D, hint: str = "") -> T | D:
        """Return the value of a key that must be written; its absence is a problem."""
        if self.get(name) is None:
            self.problem(name, f"is missing; write it{hint}.")
        return self.take(name, parse, stand_in)

    def section(self, name: str) -> "Section":
        """Return the block under a key; an empty one where it is not written."""
        self._know(name)
        path = self.path_of(name)
        entry = self.node.get(name) if self.node else None
        if entry is None or is_empty(entry.node):
            return Section(self.reading, path, None, entry.place if entry else self.place)
        if not isinstance(entry.node, MappingNode):
            self.reading.problem(entry.node.place, path, not_a_block(entry.node))
            return Section(self.reading, path, None, entry.place)
        return Section(self.reading, path, entry.node, entry.place)

    def get(self, name: str) -> Node | None:
        """Return what is written under a key, and know the key; None where nothing is."""
        self._know(name)
        entry = self.node.get(name) if self.node else None
        return None if entry is None or is_empty(entry.node) else entry.node

    def place_of(self, name: str) -> Place | None:
        """Return the place of a key, or of its section where it is not written."""
        entry = self.node.get(name) if self.node else None
        return entry.place if entry else self.place

    def path_of(self, name: str) -> str:
        """Return the key path of a key in this section."""
        return f"{self.path}.{name}" if self.path else name

    def problem(self, name: str, text: str) -> None:
        """Note something wrong with a key of this section."""
        self._know(name)
        self.reading.problem(self.place_of(name), self.path_of(name), text)

    def note(self, name: str, text: str) -> None:
        """Note something about a key of this section."""
        self.reading.note(self.place_of(name), self.path_of(name), text)

    def finish(self) -> None:
        """Name every key that nobody took."""
        entries = self.node.entries if self.node else ()
        written = {entry.name for entry in entries}
        for entry in entries:
            if entry.name not in self.known:
                said = unknown(entry.name, self.known, written)
                self.reading.problem(entry.place, self.path_of(entry.name), said)

    def _know(self, name: str) -> None:
        if name not in self.known:
            self.known.append(name)

    def _read(self, name: str, parse: Parser[T], default: D) -> tuple[T | D, str]:
        """Return the value and its origin; the origin is empty where the default stands in."""
        node = self.get(name)
        if node is None:
            return default, ""
        written = Field(self.reading, self.path_of(name), node, f"{node.place.file}:{node.place.line}")
        try:
            return parse(written), written.origin
        except Unfit as error:
            self.reading.problem(node.place, written.path, str(error))
            return default, ""


def unknown(name: str, known: list[str], written: Collection[str] = ()) -> str:
    """Say that a key is not known, and which one is nearest: rather one that is not written as well."""
    nearest = _nearest(name, [word for word in known if word not in written]) or _nearest(name, known)
    if nearest:
        return f"is not known; did you mean `{nearest[0]}`?"
    return f"is not known here; known are {', '.join(known)}." if 0 < len(known) <= 12 else "is not known here."


def _nearest(name: str, known: list[str]) -> list[str]:
    return get_close_matches(name, known, 1, 0.6) or [word for word in known if word.lower() == name.lower()]


def show(value: object) -> str:
    """Return a value as `ldap2scim settings` shows it; secrets are stars."""
    match value:
        case None | () | "":
            return "–"
        case bool():
            return "true" if value else "false"
        case Enum():
            return str(value.value)
        case Secret():
            return str(value)
        case tuple():
            return ", ".join(show(item) for item in value)
        case float():
            return f"{value:g}"
        case timedelta():
            return _duration(value)
        case _:
            return str(value)


def _duration(value: timedelta) -> str:
    """Return a duration in the largest unit that it is a multiple of."""
    seconds = int(value.total_seconds())
    if not seconds:
        return "0"
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
