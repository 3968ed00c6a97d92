"""What an earlier run left in doubt is asked of the service, before anything else is decided."""

import logging

from ldap2scim.errors import RequestRejected, ResourceNotFound
from ldap2scim.findings import Finding, Severity
from ldap2scim.model import Key, ResourceType, directory_of
from ldap2scim.planning.accounts import Result
from ldap2scim.planning.operations import Adopt, ChangeMembers, Create, Deactivate, Delete, Restore, Update
from ldap2scim.planning.orphans import orphan_of
from ldap2scim.planning.proof import Proof
from ldap2scim.run.context import Mode, Run
from ldap2scim.run.nesting import nested_groups
from ldap2scim.run.service_view import LOGIN, ServiceView, observed_row, same_external_id, shown_members, shows_disabled
from ldap2scim.scim.provider import Json
from ldap2scim.scim.requests import Target
from ldap2scim.scim.wire import service_id
from ldap2scim.state import journal, remembered
from ldap2scim.state.journal import Doubt, Intent, Settlement
from ldap2scim.state.snapshot_rows import Confirmed, Gone, MembersChanged, SnapshotChange, SnapshotRow, Status

logger = logging.getLogger("ldap2scim.run")

_BATCH = 200


def settle_doubts(run: Run) -> int:
    """Settle every operation in doubt that the service can be asked about; return how many were settled.

    None are in `Mode.PLAN`: such a run may not write down the answers.

    Raises:
        ServiceError: the service cannot be asked; they stay in doubt, and nothing else may be decided.
    """
    if run.mode is Mode.PLAN:
        return 0
    settled = 0
    doubts = run.state.journal.in_doubt()
    run.progress.begin("settling operations in doubt", len(doubts))
    for start in range(0, len(doubts), _BATCH):
        settlements = run.session.wait(_settle_all(run, doubts[start : start + _BATCH]))
        journal.settle(run.lease, settlements)
        run.progress.advance(len(settlements))
        settled += len(settlements)
    run.progress.end()
    if settled:
        run.note(_settled(settled))
    return settled


def in_doubt(run: Run) -> frozenset[Key]:
    """Return the keys that are left alone: nothing is decided about what is in doubt."""
    doubts = run.state.journal.in_doubt()
    if doubts:
        run.note(_waiting(len(doubts)))
    return frozenset(doubt.intent.key for doubt in doubts)


async def _settle_all(run: Run, doubts: tuple[Doubt, ...]) -> list[Settlement]:
    settlements: list[Settlement] = []
    for doubt in doubts:
        try:
            settlements.append(await _settle(run, doubt))
        except RequestRejected as error:
            # The service will not be asked about this one: it stays in doubt, and does not stop the others.
            logger.warning("%s of %s stays in doubt: %s", doubt.intent.verb, doubt.intent.key, error.message)
    return settlements


async def _settle(run: Run, doubt: Doubt) -> Settlement:
    intent, view = doubt.intent, run.session.view
    if orphan_of(intent.key) is None and (directory_of(intent.key), intent.resource_type) not in view.managed:
        return Settlement(doubt.op_no, Result.FAILED, (), "directory not configured any more")
    match intent.verb:
        case Create.verb:
            change = await _created(run, view, intent)
        case Delete.verb | Deactivate.verb:
            change = await _removed(run, view, intent)
        case ChangeMembers.verb:
            change = await _members(run, view, intent)
        case Update.verb | Adopt.verb | Restore.verb:
            change = await _changed(view, intent)
        case _:
            change = None
    if change is None:
        return Settlement(doubt.op_no, Result.FAILED)
    return Settlement(doubt.op_no, Result.APPLIED, (change,), proof=_proof(intent, change))


def _proof(intent: Intent, change: SnapshotChange) -> Proof | None:
    """Return how it was seen that it took hold; None: what the service holds is not what was sent, or may not be."""
    if intent.verb in {Delete.verb, Deactivate.verb}:
        return Proof.READ
    as_sent = isinstance(change, Confirmed) and change.row.fingerprint == intent.fingerprint
    return Proof.READ if as_sent else None


async def _created(run: Run, view: ServiceView, intent: Intent) -> SnapshotChange | None:
    wanted: dict[str, str] = {}
    if intent.external_id is not None:
        wanted["external_id"] = intent.external_id
    if intent.login is not None:
        wanted[LOGIN[intent.resource_type]] = intent.login
    found = await view.find(intent.resource_type, wanted)
    if found is None or not same_external_id(found, wanted):
        return None
    if service_id(found) in remembered.keys_by_service_id(run.store, intent.resource_type):
        return None
    return _observed(view, intent, found)


async def _changed(view: ServiceView, intent: Intent) -> SnapshotChange | None:
    if intent.service_id is None:
        return None
    target = Target(intent.resource_type, intent.service_id)
    try:
        return _observed(view, intent, await view.read(target))
    except ResourceNotFound:
        # A re-created entry takes over the row of another key: that one knows the resource.
        return Gone(intent.replaces or intent.key) if await view.is_gone(target) else None


async def _removed(run: Run, view: ServiceView, intent: Intent) -> SnapshotChange | None:
    if intent.service_id is None:
        return None
    row = remembered.rows(run.store, [intent.key]).get(intent.key)
    target = Target(intent.resource_type, intent.service_id)
    try:
        found = await view.read(target)
    except ResourceNotFound:
        if not await view.is_gone(target):
            return None
        return _left(row) if row is not None and view.keeps_leavers(intent.resource_type) else Gone(intent.key)
    if intent.verb != Deactivate.verb or not shows_disabled(found):
        return None
    if row is None:
        return Gone(intent.key) if orphan_of(intent.key) is not None else None
    return _left(row)


async def _members(run: Run, view: ServiceView, intent: Intent) -> SnapshotChange | None:
    identifier = intent.service_id or run.state.snapshot.service_ids([intent.key]).get(intent.key)
    if identifier is None:
        return None
    target = Target(ResourceType.GROUP, identifier)
    try:
        found = await view.read(target)
    except ResourceNotFound:
        return Gone(intent.key) if await view.is_gone(target) else None
    before = set(remembered.members_of(run.store, intent.key))
    if before and not shown_members(found):
        # Many services never show members. What was confirmed stays, and the change is planned again.
        return None
    kept = directory_of(intent.key) in nested_groups(run.settings).kept
    kinds = (ResourceType.USER, ResourceType.GROUP) if kept else (ResourceType.USER,)
    keys = {kind: remembered.keys_by_service_id(run.store, kind) for kind in kinds}
    present = {
        keys[kind][one.service_id][0]
        for one in shown_members(found)
        for kind in kinds
        if one.resource_type in {kind, None} and one.service_id in keys[kind]
    }
    return MembersChanged(intent.key, tuple(sorted(present - before)), tuple(sorted(before - present)), None)


def _observed(view: ServiceView, intent: Intent, found: Json) -> SnapshotChange:
    return Confirmed(observed_row(view, intent.key, intent.resource_type, found, {}), intent.replaces)


def _left(row: SnapshotRow) -> SnapshotChange:
    return Confirmed(
        SnapshotRow(
            row.key, row.resource_type, row.service_id, row.external_id, row.login, row.fingerprint, row.essence,
            None, Status.LEFT, row.managed_since,
        )
    )  # fmt: skip


def _settled(count: int) -> Finding:
    return Finding(
        rule="settled-in-doubt",
        severity=Severity.NOTE,
        message=f"{count} operations that an earlier run left in doubt were asked of the service and settled.",
        remedy="Nothing needs to be done.",
    )


def _waiting(count: int) -> Finding:
    return Finding(
        rule="in-doubt",
        severity=Severity.HOLD,
        message=f"{count} operations of an earlier run are in doubt; their entries are left alone here.",
        remedy="`ldap2scim sync --apply` asks the service what became of them first; what it will not be asked about, "
        "`--verbose` names.",
    )
