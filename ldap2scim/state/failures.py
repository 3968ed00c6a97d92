"""What a database says when it fails, in an administrator's words."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError

from ldap2scim.errors import StateError


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Turn database errors into a StateError about `place`, the file that holds the state.

    Neither the statement nor its parameters are passed on: they hold people's data.
    """
    try:
        yield
    except IntegrityError as error:
        raise StateError(
            f"The state in {place} contradicts itself: {_first_line(error.orig)}.",
            "Run `ldap2scim recover` to rebuild the snapshot from the service.",
        ) from error
    except DBAPIError as error:
        raise explain(error.orig, place) from error
    except sqlite3.Error as error:
        raise explain(error, place) from error


def explain(error: BaseException | None, place: str) -> StateError:
    """Return the StateError for one failure of the database."""
    # The low byte is the primary code; the rest tells variants apart (sqlite.org/rescode.html).
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    message, remedy = _WORDS.get(code, ("The state in {place} failed: {error}.", "Check its disk, then run again."))
    return StateError(message.format(place=place, error=_first_line(error)), remedy)


def corrupted(place: str) -> StateError:
    """Return the error for a file whose contents are damaged."""
    message, remedy = _DAMAGED
    return StateError(message.format(place=place), remedy)


def in_use(place: str) -> StateError:
    """Return the error for a file that another process keeps too long."""
    message, remedy = _IN_USE
    return StateError(message.format(place=place), remedy)


def _first_line(error: BaseException | None) -> str:
    """Return what failed; further lines of some databases show the row."""
    return str(error).partition("\n")[0]


_IN_USE = (
    "The state file {place} is in use by another process.",
    "Wait for the other run or command to end, then try again.",
)
_DAMAGED = (
    "The state file {place} is damaged.",
    "Bring it back from a backup, or move it away and run `ldap2scim recover`, which rebuilds it.",
)
_NOT_OPENED = (
    "The state file {place} cannot be opened.",
    "Check that the user who runs ldap2scim may read and write the file and its folder.",
)
_WORDS = {
    sqlite3.SQLITE_BUSY: _IN_USE,
    sqlite3.SQLITE_LOCKED: _IN_USE,
    sqlite3.SQLITE_FULL: (
        "There is no room left for the state file {place}.",
        "Free some space on its disk and run again; what was recorded before is kept.",
    ),
    sqlite3.SQLITE_READONLY: (
        "The state file {place} cannot be written.",
        "Make the file and its folder writable for the user who runs ldap2scim.",
    ),
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: (
        "{place} is not a state file of ldap2scim.",
        "Name another file as the state in the settings, or move this one away and run `ldap2scim recover`.",
    ),
    sqlite3.SQLITE_CANTOPEN: _NOT_OPENED,
    sqlite3.SQLITE_PERM: _NOT_OPENED,
    sqlite3.SQLITE_AUTH: _NOT_OPENED,
}
