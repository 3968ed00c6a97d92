"""What is wrong with the settings, gathered so that it is told at once. Pure."""

from dataclasses import dataclass

from ldap2scim.errors import Fault
from ldap2scim.settings.nodes import Place


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where."""

    place: Place | None
    """None where the whole file is meant; the text names it then."""
    text: str
    key: str | None = None
    """The key path, where one key is meant."""

    @property
    def fault(self) -> Fault:
        """Return the same for machines."""
        place = self.place
        where = (None, None, None) if place is None else (place.file, place.line, place.column)
        return Fault(self.text, self.key, *where)

    def __str__(self) -> str:
        return f"{self.place}: {self.text}" if self.place else self.text


def in_reading_order(problems: list[Problem]) -> tuple[Problem, ...]:
    """Return the problems, those of whole files first, then by file, line and column, each message once."""
    ordered = sorted(problems, key=lambda problem: (problem.place is not None, problem.place or Place("", 0, 0)))
    first: dict[str, Problem] = {}
    for problem in ordered:
        first.setdefault(str(problem), problem)
    return tuple(first.values())
