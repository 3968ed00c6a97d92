"""Map: entries of the image that changed, or whose time has run out, become desired resources or are held."""

from dataclasses import dataclass

from ldap2scim.directory.anchors import anchor_reader
from ldap2scim.findings import Finding, Held, Severity
from ldap2scim.mapping.kept import with_kept_ids
from ldap2scim.mapping.mapper import Mapped, Mapper, OutOfScope, compile_mapping
from ldap2scim.model import ResourceType
from ldap2scim.run.context import Run
from ldap2scim.run.extract import Unread
from ldap2scim.run.group_scope import is_outside
from ldap2scim.run.memory import give_back
from ldap2scim.run.reading import Read
from ldap2scim.scim.profiles import profile_of
from ldap2scim.settings import ConfiguredDirectory, Settings, mapping_digest
from ldap2scim.state.encoding import unpack_text
from ldap2scim.state.image_rows import MappedRow, PendingRow, Standing
from ldap2scim.state.kept_ids import KeptIds, read_kept_ids
from ldap2scim.state.mapped import note_time, pending, store_mapped, undo_the_future
from validations.values import compile_checks

BATCH = 20_000
"""Entries in one transaction: a commit waits for the disk, and each entry is some kilobytes at most."""


@dataclass(frozen=True, slots=True)
class MappedCount:
    """How many entries were mapped anew; the rest had not changed."""

    entries: int


def map_entries(run: Run, reads: tuple[Read | Unread, ...]) -> MappedCount:
    """Map what changed in the directories that were read.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the image cannot be written.
    """
    read = {one.directory for one in reads if isinstance(one, Read)}
    directories = [one for one in run.settings.directories if one.settings.name in read]
    return MappedCount(sum(_map_directory(run, directory) for directory in directories))


def mapper_of(settings: Settings, directory: ConfiguredDirectory, kind: ResourceType) -> Mapper:
    """Return the mapper of one kind of entry, which holds whom the service would refuse.

    Raises:
        SettingsError: an exclusion could never hold.
    """
    mapping = directory.mappings.user if kind is ResourceType.USER else directory.mappings.group
    refused = compile_checks(profile_of(settings.service).guidance, mapping, kind)
    return compile_mapping(directory.settings, mapping, kind, refused)


def _map_directory(run: Run, directory: ConfiguredDirectory) -> int:
    mappers = {
        ResourceType.USER: mapper_of(run.settings, directory, ResourceType.USER),
        ResourceType.GROUP: mapper_of(run.settings, directory, ResourceType.GROUP),
    }
    anchor_of = anchor_reader(directory.settings)
    kept = read_kept_ids(run.store)
    mapped_with = mapping_digest(run.settings, directory.settings.name)

    def map_row(row: PendingRow) -> MappedRow:
        values = unpack_text(row.entry)
        if is_outside(values):
            return MappedRow(row.id, Standing.OUT_OF_SCOPE)
        anchor = anchor_of(values)
        if anchor is None or row.key is None:
            return MappedRow(row.id, Standing.HELD, (_no_anchor(directory, row),))
        match mappers[row.resource_type].map_values(row.dn, values, anchor, run.now):
            case Mapped() as found:
                return _desired(row.id, _kept(found, kept[row.key]) if row.key in kept else found)
            case Held() as held:
                return MappedRow(row.id, Standing.HELD, held.findings)
            case OutOfScope():
                return MappedRow(row.id, Standing.OUT_OF_SCOPE)

    total = 0
    run.progress.begin(f"mapping {directory.settings.name}")
    undo_the_future(run.lease, directory.settings.name, run.now)
    for batch in pending(run.store, directory.settings.name, mapped_with, run.now, BATCH):
        if not total:
            note_time(run.lease, directory.settings.name, run.now)
        store_mapped(run.lease, [map_row(row) for row in batch], mapped_with)
        run.progress.advance(len(batch))
        total += len(batch)
    run.progress.end()
    give_back(total)
    return total


def _desired(row_id: int, mapped: Mapped) -> MappedRow:
    _, essence, fingerprint, _, until, external_id, login, email, active, notes = mapped
    return MappedRow(row_id, Standing.DESIRED, notes, essence, fingerprint, external_id, login, email, active, until)


def _kept(mapped: Mapped, decided: KeptIds) -> Mapped:
    note = Finding(
        rule="kept-ids",
        severity=Severity.NOTE,
        message=f"{mapped.dn} was re-created and keeps the external ID and linking ID of {decided.login}, as "
        f"{decided.decided_by} decided on {decided.decided_at:%Y-%m-%d}.",
        remedy="Nothing needs to be done; `ldap2scim keep WHO --end` takes it back.",
        subjects=(mapped.dn,),
    )
    kept = with_kept_ids(mapped, decided.external_id, decided.linking_id)
    return kept._replace(findings=(*mapped.findings, note))


def _no_anchor(directory: ConfiguredDirectory, row: PendingRow) -> Finding:
    attribute = directory.settings.source_anchor
    return Finding(
        rule="no-source-anchor",
        severity=Severity.HOLD,
        message=f"{row.dn} has no readable, single value of {attribute}, which names an entry for life.",
        remedy=f"See that the bind user may read {attribute} of this entry, and that it has exactly one value.",
        subjects=(row.dn,),
    )
