"""Progress on a terminal; silence in a pipe."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ldap2scim.progress import Progress, Silent

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID


class Bars:
    """One line for each phase."""

    def __init__(self, bars: "RichProgress") -> None:
        self._bars = bars
        self._current: TaskID | None = None

    def begin(self, phase: str, total: int | None = None) -> None:
        """Start a line."""
        self.end()
        self._current = self._bars.add_task(phase, total=total)

    def advance(self, steps: int = 1) -> None:
        """Move the bar."""
        if self._current is not None:
            self._bars.advance(self._current, steps)

    def end(self) -> None:
        """Fill the bar."""
        if self._current is not None:
            task = self._bars.tasks[-1]
            self._bars.update(self._current, total=task.completed, completed=task.completed)
            self._current = None


@contextmanager
def watching(asked: argparse.Namespace) -> Iterator[Progress]:
    """Give bars on standard error where it is a terminal, and nothing else speaks there."""
    if asked.json or asked.verbose or not sys.stderr.isatty():
        yield Silent()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichProgress

    columns = (TextColumn("{task.description:<32}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with RichProgress(*columns, console=Console(stderr=True)) as bars:
        yield Bars(bars)
