"""What a database says when it fails, in an administrator's words."""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError

from ldap2scim.errors import StateError


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Turn database errors into a StateError about `place`, what a person calls the state.

    Neither the statement nor its parameters are passed on: they hold people's data. PostgreSQL's own words hold them
    as well (the row that contradicts another, the text that is no number), and end here.
    """
    try:
        yield
    except DBAPIError as error:
        if _is_postgresql(error.orig):
            raise explain(error.orig, place) from None
        if isinstance(error, IntegrityError):
            raise _contradiction(place, _first_line(error.orig)) from error
        raise explain(error.orig, place) from error
    except sqlite3.Error as error:
        raise explain(error, place) from error
    except Exception as error:
        if _is_postgresql(error):
            raise explain(error, place) from None
        raise


def explain(error: BaseException | None, place: str) -> StateError:
    """Return the StateError for one failure of the database."""
    if _is_postgresql(error):
        return _explain_postgresql(error, place)
    # The low byte is the primary code; the rest tells variants apart (sqlite.org/rescode.html).
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if not code and "decode to UTF-8" in str(error):  # it goes on with the text, which is people's data
        return corrupted(place)
    message, remedy = _WORDS.get(code, ("The state in {place} failed: {error}.", "Check its disk, then run again."))
    return StateError(message.format(place=place, error=_first_line(error)), remedy)


def corrupted(place: str) -> StateError:
    """Return the error for a file whose contents are damaged."""
    message, remedy = _DAMAGED
    return StateError(message.format(place=place), remedy)


def in_use(place: str) -> StateError:
    """Return the error for a state that another process keeps too long."""
    message, remedy = _IN_USE
    return StateError(message.format(place=place), remedy)


def not_opened(place: str, error: OSError) -> StateError:
    """Return the error for a state file that the operating system does not let us look at."""
    message, remedy = _NOT_OPENED
    return StateError(f"{message.format(place=place).removesuffix('.')}: {error.strerror}.", remedy)


def _contradiction(place: str, what: str) -> StateError:
    return StateError(
        f"The state in {place} contradicts itself: {what}.",
        "Run `ldap2scim recover` to rebuild the snapshot from the service.",
    )


def _explain_postgresql(error: BaseException | None, place: str) -> StateError:
    code: str = getattr(error, "sqlstate", None) or ""
    if code.startswith("23"):
        diagnosis = getattr(error, "diag", None)
        return _contradiction(place, f"constraint {getattr(diagnosis, 'constraint_name', None) or 'unknown'}")
    message, remedy = _CODES.get(code) or _CLASSES.get(code[:2]) or _OTHER
    if not code:  # the driver's own words, about the connection: no row is in them
        said = _first_line(error)
        message, remedy = next((words for sign, words in _SIGNS.items() if sign in said), _LOST)
        message = message.format(place=place, error=said)
    return StateError(message.format(place=place, error=f"PostgreSQL error {code}"), remedy)


def _is_postgresql(error: BaseException | None) -> bool:
    # Who has met such an error has imported the driver.
    driver = sys.modules.get("psycopg")
    return driver is not None and isinstance(error, driver.Error)


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

_LOST = (
    "The state database {place} cannot be reached: {error}.",
    "See that PostgreSQL runs and may be reached, then run again: the next run settles what was under way.",
)
_LOGIN = (
    "The state database {place} refuses the login: {error}.",
    "Check the user in `state`, and the password: `state.password`, PGPASSWORD or ~/.pgpass.",
)
_RIGHTS = (
    "The state database {place} does not let this user do that ({error}).",
    "Make the user the owner of the database, or of the schema that holds the state.",
)
_OTHER = (
    "The state database {place} failed: {error}.",
    "Look into the log of PostgreSQL, which has its words, then run again.",
)
_CODES = {
    "25006": (
        "The state database {place} cannot be written: it is read-only.",
        "Name the primary server in `state`, not a standby; or end its read-only mode.",
    ),
    "25P03": (
        "The state database {place} ended a transaction that gave no sign of life ({error}).",
        "This run stalled: look for what stopped it, then run again; what it had begun is settled by the next run.",
    ),
    "3D000": (
        "There is no state database {place}.",
        "Make it: createdb --encoding=UTF8 --template=template0 --owner=USER NAME.",
    ),
    "3F000": (
        "The state database {place} has no schema to make tables in.",
        "Make one for the user: CREATE SCHEMA ldap2scim AUTHORIZATION USER.",
    ),
    "42501": _RIGHTS,
    "53100": (
        "There is no room left for the state database {place}.",
        "Free some space on the disk of PostgreSQL and run again; what was recorded before is kept.",
    ),
    "54000": (
        "The state database {place} cannot index a name as long as one that was read ({error}).",
        "Look for a DN or member reference of more than 2,700 bytes in the directory; a state file has no such limit.",
    ),
    "55P03": ("The state database {place} is in use by another process.", _IN_USE[1]),
}
"""By SQLSTATE (postgresql.org/docs, appendix Error Codes)."""
_CLASSES = {
    "08": _LOST,
    "28": _LOGIN,
    "40": ("The state database {place} is in use by another process ({error}).", _IN_USE[1]),
    "53": (
        "The state database {place} has reached a limit ({error}).",
        "Look into the log of PostgreSQL: connections or memory are short. Then run again.",
    ),
    "57": _LOST,
    "XX": (
        "The state database {place} is damaged, says PostgreSQL ({error}).",
        "Bring it back from a backup, or name an empty database and run `ldap2scim recover`, which rebuilds it.",
    ),
}
"""By class of SQLSTATE, its first two signs."""
_SIGNS = {"password": _LOGIN, 'role "': _LOGIN, "pg_hba.conf": _LOGIN, 'database "': _CODES["3D000"]}
"""By what is said where a connection is refused, which comes without a code; where the server speaks another language
than English, its words stand behind what is said of a lost connection."""
