"""How far a long phase has come, told to whoever looks: a terminal, a log, or nobody. Pure."""

from typing import Protocol


class Progress(Protocol):
    """Listens to a run."""

    def begin(self, phase: str, total: int | None = None) -> None:
        """A phase starts; `total` is the number of steps where it is known."""

    def advance(self, steps: int = 1) -> None:
        """Some steps of the phase are done."""

    def end(self) -> None:
        """The phase is over."""


class Silent:
    """Nobody looks."""

    def begin(self, phase: str, total: int | None = None) -> None:
        """Say nothing."""

    def advance(self, steps: int = 1) -> None:
        """Say nothing."""

    def end(self) -> None:
        """Say nothing."""
