"""Extract: every directory is read to its proven end into the directory image, or its image stays as it was."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ldap2scim.directory import client, dn, openldap
from ldap2scim.directory.anchors import source_anchor
from ldap2scim.directory.entry import LdapEntry
from ldap2scim.directory.reader import Completeness, DirectoryReader, Extract, Search, SearchProof
from ldap2scim.directory.searches import searches
from ldap2scim.directory.settings import DirectorySettings, MemberReference
from ldap2scim.errors import DirectoryError
from ldap2scim.model import ResourceType, make_key
from ldap2scim.run.context import Run
from ldap2scim.settings import ConfiguredDirectory
from ldap2scim.state.encoding import pack
from ldap2scim.state.image import ImageWriter, image_writer
from ldap2scim.state.image_rows import ImageChanges, ImageRow

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
            image.put(search.resource_type, _image_rows(connection, search.resource_type, page, image))
            run.progress.advance(len(page))
    except StopIteration as end:
        proof: SearchProof = end.value
        return proof


def _image_rows(
    connection: DirectorySettings, resource_type: ResourceType, page: Iterable[LdapEntry], image: ImageWriter
) -> list[ImageRow]:
    member_attribute = connection.member_attribute.lower()
    is_group = resource_type is ResourceType.GROUP
    uses_uid = connection.member_reference is MemberReference.UID
    rows: list[ImageRow] = []
    for entry in page:
        normalised = dn.normalise(entry.dn)
        anchor = source_anchor(entry, connection)
        attributes = entry.attributes
        members: tuple[str, ...] = ()
        if is_group:
            members = _references(attributes.get(member_attribute, ()), uses_uid=uses_uid)
            attributes = {name: values for name, values in attributes.items() if name != member_attribute}
        rows.append(
            ImageRow(
                key=make_key(connection.name, anchor) if anchor else image.key_of_dn(normalised),
                dn=entry.dn,
                dn_normalised=normalised,
                entry=pack(attributes),
                uid=_uid(attributes) if uses_uid and not is_group else None,
                members=() if uses_uid else members,
                member_uids=members if uses_uid else (),
            )
        )
    return rows


def _references(values: Iterable[bytes], *, uses_uid: bool) -> tuple[str, ...]:
    texts = (value.decode("utf-8", "surrogateescape") for value in values)
    if uses_uid:
        return tuple(dict.fromkeys(text.casefold() for text in texts))
    return tuple(dict.fromkeys(_normalised_reference(openldap.without_optional_uid(text)) for text in texts))


def _normalised_reference(text: str) -> str:
    try:
        return dn.normalise(text)
    except dn.DnError:
        return text  # no entry has this name; it stays unresolved, and is reported as such


def _uid(attributes: Mapping[str, tuple[bytes, ...]]) -> str | None:
    values = attributes.get("uid", ())
    return values[0].decode("utf-8", "surrogateescape").casefold() if values else None
