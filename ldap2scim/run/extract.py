"""Extract: every directory is read to its proven end into the directory image, or its image stays as it was."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime

from ldap2scim.directory import client
from ldap2scim.directory.reader import Completeness, DirectoryReader, Extract, Search, SearchProof
from ldap2scim.directory.searches import searches
from ldap2scim.directory.settings import DirectorySettings
from ldap2scim.errors import DirectoryError
from ldap2scim.model import ResourceType
from ldap2scim.run.context import Run
from ldap2scim.run.image_rows import image_rows
from ldap2scim.settings import ConfiguredDirectory
from ldap2scim.state.image import ImageWriter, image_writer
from ldap2scim.state.image_rows import ImageChanges

logger = logging.getLogger("ldap2scim.run")


@dataclass(frozen=True, slots=True)
class Read:
    """A directory that was read to its proven end."""

    extract: Extract
    changes: ImageChanges

    @property
    def directory(self) -> str:
        """Name of the directory."""
        return self.extract.directory


@dataclass(frozen=True, slots=True)
class Unread:
    """A directory that could not be read; its people and groups are left alone."""

    directory: str
    error: DirectoryError


def extract(run: Run) -> tuple[Read | Unread, ...]:
    """Read every directory into the image. One that fails does not stop the others.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the image cannot be written.
    """
    return tuple(_extract_one(run, directory) for directory in run.settings.directories)


def _extract_one(run: Run, directory: ConfiguredDirectory) -> Read | Unread:
    connection = directory.settings
    try:
        return _read(run, directory)
    except DirectoryError as error:
        logger.warning("Directory %s was not read: %s", connection.name, error.message)
        return Unread(connection.name, error)


def _read(run: Run, directory: ConfiguredDirectory) -> Read:
    connection = directory.settings
    started = datetime.now(UTC)
    asked = searches(connection, directory.mappings.user.ldap_attributes, directory.mappings.group.ldap_attributes)
    run.progress.begin(f"reading {connection.name}")
    reader = client.connect(connection)
    try:
        with image_writer(run.lease, connection.name) as image:
            proofs = tuple(_read_search(run, connection, reader, search, image) for search in asked)
            proven = Extract(connection.name, Completeness(reader.server, proofs), started, datetime.now(UTC))
            counts = {kind: proven.count(kind) for kind in ResourceType}
            changes = image.commit(counts, reader.server)
    finally:
        reader.close()
        run.progress.end()
    return Read(proven, changes)


def _read_search(
    run: Run, connection: DirectorySettings, reader: DirectoryReader, search: Search, image: ImageWriter
) -> SearchProof:
    pages = reader.read(search)
    try:
        while True:
            page = next(pages)
            image.put(search.resource_type, image_rows(connection, search.resource_type, page, image.key_of_dn))
            run.progress.advance(len(page))
    except StopIteration as end:
        proof: SearchProof = end.value
        return proof
