"""What explain says: sections of labelled lines about one entry or resource. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

INDENT = "  "
WHO = (
    "a login, an e-mail address, a DN, a GUID or entryUUID, an id at the service, an externalId, or the name of a "
    "group; a person's name is none of them"
)


class Values(Enum):
    """Whether values of attributes are shown. Names of entries, logins and group names always are."""

    CLASS = "class"
    """What kind of text it is, and how long."""
    SHOWN = "shown"


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that is said."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """What is said about one question."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """All about one entry, or one resource that has no entry."""

    name: str
    """DN, or login where there is no entry."""
    verdict: str
    """The answer in a sentence or two."""
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer to "why?" about everybody who goes by a name."""

    who: str
    """As asked."""
    answers: tuple[Answer, ...]
    notes: tuple[str, ...] = ()
    """What could not be asked."""

    @property
    def exit_code(self) -> int:
        """Return 0 where something is known, else 1."""
        return 0 if self.answers else 1


def section(title: str, rows: Iterable[tuple[str, str]]) -> Section:
    """Build a section."""
    return Section(title, tuple(Row(label, text) for label, text in rows))


def to_lines(said: Explanation) -> Iterator[str]:
    """Yield the lines that a person reads."""
    if not said.answers:
        yield f"Nobody goes by {said.who!r}, neither in the state, nor in a directory, nor at the service."
        yield f"WHO is {WHO}."
    elif len(said.answers) > 1:
        yield f"{len(said.answers)} entries or resources go by {said.who}."
        yield ""
    for number, answer in enumerate(said.answers):
        if number:
            yield ""
            yield "─" * 72
        yield answer.name
        yield INDENT + answer.verdict
        for one in answer.sections:
            yield from _section(one)
    for note in said.notes:
        yield f"note: {note}"


def to_document(said: Explanation) -> dict[str, Any]:
    """Return the same for machines."""
    return {"found": bool(said.answers), "exit_code": said.exit_code, **asdict(said)}


def _section(one: Section) -> Iterator[str]:
    yield ""
    yield one.title
    width = max((len(row.label) for row in one.rows), default=0)
    for row in one.rows:
        yield f"{INDENT}{row.label:<{width}}  {row.text}".rstrip()
