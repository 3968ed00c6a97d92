"""What drift says with its exit code."""

from ldap2scim.errors import DirectoryError, ReadIncomplete
from ldap2scim.run.drift import exit_code
from ldap2scim.run.extract import Unread


def code(*errors: DirectoryError, held: bool = False, differs: bool = False) -> int:
    """Return the exit code after reads that failed so."""
    return exit_code(tuple(Unread("main", error) for error in errors), held=held, differs=differs)


def test_in_step_and_different() -> None:
    """0 where both sides are the same, 2 where they differ."""
    assert code() == 0
    assert code(differs=True) == 2


def test_what_is_held_comes_before_what_differs() -> None:
    """3 where something waits for a person, whether or not the rest is in step (DESIGN §7)."""
    assert code(held=True) == 3
    assert code(held=True, differs=True) == 3


def test_a_directory_that_was_not_read() -> None:
    """1 where it failed, before anything else; 3 where the read was refused, having no proven end."""
    assert code(DirectoryError("down", "start it"), held=True, differs=True) == 1
    assert code(ReadIncomplete("cut", "read again"), differs=True) == 3
    assert code(ReadIncomplete("cut", "read again"), DirectoryError("down", "start it")) == 1
