"""Recover: the snapshot is rebuilt from what the service holds; the drift is whatever the next plan would change."""

from collections.abc import Container, Iterator

from ldap2scim.essence import from_essence
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.frames import ABSENT, Status
from ldap2scim.run.context import Run
from ldap2scim.run.service_view import LOGIN, foreign_id
from ldap2scim.run.survey import Survey
from ldap2scim.state import remembered
from ldap2scim.state.adoption import close_adoption, open_adoption
from ldap2scim.state.snapshot import replaced_snapshot
from ldap2scim.state.snapshot_rows import SnapshotRow
from ldap2scim.state.snapshot_rows import Status as RowStatus


def rebuild_snapshot(run: Run, surveyed: Survey) -> None:
    """Put what the service holds of our resources in the place of the snapshot, in one transaction.

    What was found but never managed is adopted by the plan that follows; what has gone is forgotten, so that the
    plan creates it again; those who had left stay remembered, whether or not the service lists them.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the state cannot be written; the old snapshot stays.
    """
    left = _left_and_unlisted(run, surveyed)
    rows = [*_rows(surveyed), *left]
    ours = {row.key for row in rows}
    open_adoption(run.lease)
    with replaced_snapshot(run.lease) as snapshot:
        snapshot.add(rows)
        snapshot.add_memberships(_pairs(surveyed, ours))


def link_known_members(run: Run, surveyed: Survey) -> None:
    """Remember the memberships that the service was seen to have, once the resources of both ends are managed."""
    members = surveyed.known.members
    ours = run.state.snapshot.service_ids({*map(Key, members.group), *map(Key, members.member)})
    remembered.link_members(run.lease, _pairs(surveyed, ours))


def conclude_adoption(run: Run, surveyed: Survey) -> None:
    """Trust the snapshot from now on, if everything that the survey found to be an entry's is managed."""
    if len(run.state.snapshot.service_ids(surveyed.unadopted)) == len(surveyed.unadopted):
        close_adoption(run.lease)


def _rows(surveyed: Survey) -> Iterator[SnapshotRow]:
    for kind, frame in ((ResourceType.USER, surveyed.known.users), (ResourceType.GROUP, surveyed.known.groups)):
        for row in frame.itertuples(index=False):
            if row.status == Status.FOUND:
                continue
            key = Key(str(row.key))
            essence = surveyed.essences[key]
            login = from_essence(essence).get(LOGIN[kind])
            yield SnapshotRow(
                key=key,
                resource_type=kind,
                service_id=str(row.service_id),
                external_id=None if row.external_id == ABSENT else str(row.external_id),
                login=None if login is None else str(login),
                fingerprint=str(row.fingerprint),
                essence=essence,
                version=None if row.version == ABSENT else str(row.version),
                status=RowStatus(str(row.status)),
            )


def _left_and_unlisted(run: Run, surveyed: Survey) -> list[SnapshotRow]:
    keys = [row.key for one in surveyed.correlations for _, row in one.gone if row.status is Status.LEFT]
    return list(remembered.rows(run.store, keys).values())


def _pairs(surveyed: Survey, ours: Container[Key]) -> Iterator[tuple[Key, Key]]:
    members = surveyed.known.members
    for group, member in zip(members.group, members.member, strict=True):
        if foreign_id(Key(member)) is None and group in ours and member in ours:
            yield Key(group), Key(member)
