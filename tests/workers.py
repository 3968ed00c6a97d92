"""How the suite is shared out among processes (pytest-xdist), and in which order the tests run."""

from xdist.scheduler import LoadFileScheduling

_FIRST = "tests/integration/"
_LAST = ("tests/contract/", "tests/flows/")
"""Folders whose files share servers, each for one process. Both take minutes, so that two processes end together."""


def place(nodeid: str) -> int:
    """Return a sort key: the longest files first, so that nobody waits for one at the end.

    Nothing runs after the flows: Prefect leaves threads that draw random numbers, and Hypothesis blames its strategies.
    """
    for number, folder in enumerate(_LAST, start=2):
        if nodeid.startswith(folder):
            return number
    return 0 if nodeid.startswith(_FIRST) else 1


def unit_of(nodeid: str) -> str:
    """Return what one process does from beginning to end: a file, or a folder whose files share servers."""
    return next((folder for folder in _LAST if nodeid.startswith(folder)), nodeid.partition("::")[0])


class InPlace(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives a process that is free the next unit, in our order."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)
