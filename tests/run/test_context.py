"""A run's lease: kept alive through passing trouble, given back at the end whatever went wrong."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ldap2scim.errors import DirectoryError, RunRefused, StateError
from ldap2scim.run import context
from ldap2scim.run.context import _given_back, _heartbeat
from ldap2scim.state.lease import Lease, acquire
from ldap2scim.state.store import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A state of its own."""
    with open_store(tmp_path / "state.db") as opened:
        yield opened


class Trouble:
    """Stands in for `Lease.renew`: raises what it is told to, one after the other, and then succeeds."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.succeeded = threading.Event()
        self.beats = 0

    def __call__(self) -> None:
        """Give one sign of life."""
        self.beats += 1
        if self.errors:
            raise self.errors.pop(0)
        self.succeeded.set()


@pytest.fixture(autouse=True)
def quick_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred beats a second."""
    monkeypatch.setattr(context, "HEARTBEAT", 0.01)


def test_a_heartbeat_goes_on_after_a_state_that_was_busy_or_away(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """One beat that fails must not let the lease of a long read end."""
    trouble = Trouble(StateError("in use", "wait"), StateError("cannot be reached", "wait"))
    monkeypatch.setattr(Lease, "renew", lambda _lease: trouble())
    with _heartbeat(acquire(store, "service", "a")):
        assert trouble.succeeded.wait(30)


def test_a_heartbeat_ends_with_the_lease(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who lost the lease asks no more; the next write of the run is refused and says why."""
    trouble = Trouble(RunRefused("lost", "look"))
    monkeypatch.setattr(Lease, "renew", lambda _lease: trouble())
    with _heartbeat(acquire(store, "service", "a")):
        (beating,) = [thread for thread in threading.enumerate() if thread.name == "ldap2scim-lease"]
        beating.join(30)
    assert trouble.beats == 1


def test_what_made_a_run_fail_is_what_is_said(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lease that cannot be given back, since the state is away as well, hides no error."""

    def away(_lease: Lease) -> None:
        raise StateError("The state cannot be reached.", "Wait.")

    monkeypatch.setattr(Lease, "release", away)
    with pytest.raises(DirectoryError, match="first"), _given_back(acquire(store, "service", "a")):
        raise DirectoryError("first", "do something")
    with pytest.raises(StateError, match="reached"), _given_back(acquire(store, "other", "a")):
        pass


def test_a_lease_is_given_back_after_an_error(store: Store) -> None:
    """The next run need not wait for it to end."""
    with pytest.raises(DirectoryError), _given_back(acquire(store, "service", "a")):
        raise DirectoryError("failed", "do something")
    assert acquire(store, "service", "b").token == 2
