"""How the suite is shared out among processes (pytest-xdist), and in which order the tests run."""

from xdist.scheduler import LoadFileScheduling

_FLOWS = "tests/flows/"
_SHARING = ("tests/contract/", _FLOWS)
"""Folders whose files share servers, each for one process."""
_ORDER = (
    "tests/integration/stateful/",  # the longest file
    "tests/",  # all that are not named: quick
    _FLOWS,  # minutes, in which they wait for Prefect more than they work
    "tests/integration/",
    "tests/contract/",
)


def place(nodeid: str) -> int:
    """Return a sort key: what takes long begins while there is other work, so that both processes end together.

    Nothing that draws examples runs after the flows: Prefect leaves threads that draw random numbers, and Hypothesis
    blames its strategies.
    """
    return _ORDER.index(max((folder for folder in _ORDER if nodeid.startswith(folder)), key=len))


def unit_of(nodeid: str) -> str:
    """Return what one process does from beginning to end: a file, or a folder whose files share servers."""
    return next((folder for folder in _SHARING if nodeid.startswith(folder)), nodeid.partition("::")[0])


class InPlace(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives a process that is free the next unit, in our order."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)
