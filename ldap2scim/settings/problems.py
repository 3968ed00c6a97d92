"""What is wrong with the settings, gathered so that it is told at once. Pure."""

from dataclasses import dataclass

from ldap2scim.settings.nodes import Place


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where."""

    place: Place | None
    """None where the whole file is meant; the text names it then."""
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}" if self.place else self.text


def in_reading_order(problems: list[Problem]) -> tuple[str, ...]:
    """Return the messages, those of whole files first, then by file, line and column, each once."""
    ordered = sorted(problems, key=lambda problem: (problem.place is not None, problem.place or Place("", 0, 0)))
    return tuple(dict.fromkeys(str(problem) for problem in ordered))
