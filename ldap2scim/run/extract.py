"""Extract: every directory is read to its proven end into the directory image, or its image stays as it was."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from ldap2scim.directory import change_sources, dn
from ldap2scim.directory.failover import on_one_server
from ldap2scim.directory.session import Session
from ldap2scim.errors import ChangesRefused, DirectoryError
from ldap2scim.model import ResourceType
from ldap2scim.run.change_read import ChangeRead, read_changes
from ldap2scim.run.context import Run
from ldap2scim.run.full_read import read_in_full
from ldap2scim.run.missed import missed_changes
from ldap2scim.run.reading import Read, Reading
from ldap2scim.run.schema_notes import note_unknown_attributes
from ldap2scim.settings import ConfiguredDirectory
from ldap2scim.state.image_rows import Place
from ldap2scim.state.places import place_of

logger = logging.getLogger("ldap2scim.run")

_DUE = "the last full read is as old as `full_read_every` allows"


@dataclass(frozen=True, slots=True)
class Unread:
    """A directory that could not be read; its people and groups are left alone."""

    directory: str
    error: DirectoryError


def extract(run: Run) -> tuple[Read | Unread, ...]:
    """Bring the image of every directory up to now. One that fails does not stop the others.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the image cannot be written.
    """
    done: dict[str, Read | Unread] = {}
    # A part of a tree before the whole: who has moved to its server has been found there by then, or is not missed.
    for directory in sorted(run.settings.directories, key=_depth, reverse=True):
        done[directory.settings.name] = extract_one(run, directory, done.values())
    return tuple(done[directory.settings.name] for directory in run.settings.directories)


def extract_one(run: Run, directory: ConfiguredDirectory, others: Iterable[Read | Unread]) -> Read | Unread:
    """Bring the image of one directory up to now.

    Args:
        run: that reads.
        directory: to be read.
        others: what this run has read already.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the image cannot be written.
    """
    connection = directory.settings
    run.progress.begin(f"reading {connection.name}")
    try:
        return on_one_server(connection, partial(_read, run, directory, _bases_read(run, others)))
    except DirectoryError as error:
        logger.warning("Directory %s was not read: %s", connection.name, error.message)
        return Unread(connection.name, error)
    finally:
        run.progress.end()


def _depth(directory: ConfiguredDirectory) -> int:
    return len(dn.parse(directory.settings.base_dn))


def _bases_read(run: Run, reads: Iterable[Read | Unread]) -> tuple[str, ...]:
    """Return below what all has been read in this run, from servers that are not behind; normalised DNs."""
    before = run.state.runs.last_believed_reads()
    names = {
        one.directory
        for one in reads
        if isinstance(one, Read) and all(one.behind(before.get((one.directory, kind))) is None for kind in ResourceType)
    }
    bases = (one.settings.base_dn for one in run.settings.directories if one.settings.name in names)
    return tuple(dn.normalise(base) for base in bases)


def _read(run: Run, directory: ConfiguredDirectory, bases_read: tuple[str, ...], session: Session) -> Read:
    state = change_sources.server_state(session, directory.settings)
    reading = Reading(run, directory, session, state, datetime.now(UTC), bases_read)
    place = place_of(run.store, directory.settings.name)
    why = _why_full(reading, place)
    caught_up: ChangeRead | None = None
    if place is not None and why in {None, _DUE}:
        try:
            caught_up = read_changes(reading, place)
        except ChangesRefused as error:
            why = error.message
    if caught_up is not None and why is None:
        return caught_up.read
    full = read_in_full(reading, why or _DUE)
    note_unknown_attributes(run, directory, session)
    if caught_up is not None:
        run.note(*missed_changes(reading, caught_up, full))
    return full.read


def _why_full(reading: Reading, place: Place | None) -> str | None:
    """Say why everything has to be read; None: the changes are enough."""
    if not reading.settings.full_read_every:
        return "`full_read_every` is 0"
    if place is None:
        return "it is not known from where changes could be read"
    if place.asked != reading.asked:
        return "the settings ask for other entries or attributes than before"
    if (place.server, place.identity) != (reading.session.server, reading.state.identity):
        return f"the changes are known up to {place.server}, and {reading.session.server} is another server"
    age = reading.run.now - place.full_read_at
    return None if abs(age) < reading.settings.full_read_every else _DUE
