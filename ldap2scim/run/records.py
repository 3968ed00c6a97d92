"""What is read before an operation and written about it: ids and rows it needs, its intent, its outcome."""

from collections.abc import Sequence
from dataclasses import replace

from ldap2scim.errors import short_name_of
from ldap2scim.essence import from_essence, to_essence
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.accounts import Outcome, Result
from ldap2scim.planning.attribute_changes import apply_changes
from ldap2scim.planning.operations import Adopt, ChangeMembers, Create, Deactivate, Delete, Operation
from ldap2scim.planning.orphans import is_of_an_orphan
from ldap2scim.planning.removals import is_removal
from ldap2scim.run.context import Run
from ldap2scim.run.done import Applied, Done, Failed, HeldBack, InDoubt
from ldap2scim.run.nesting import nested_groups
from ldap2scim.run.service_view import LOGIN
from ldap2scim.state import remembered
from ldap2scim.state.history_entries import inverse
from ldap2scim.state.journal import Intent, Settlement
from ldap2scim.state.snapshot_rows import Confirmed, SnapshotRow


class Memory:
    """What the snapshot knows of the resources that the operations under way name."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._ids: dict[Key, str] = {}
        self._rows: dict[Key, SnapshotRow] = {}
        self._nested = nested_groups(run.settings)
        self._groups: set[Key] = set()

    def prepare(self, operations: Sequence[Operation]) -> None:
        """Look up what a chunk of operations will ask for, in a few statements."""
        keys: set[Key] = set()
        for operation in operations:
            if isinstance(operation, ChangeMembers):
                keys |= {operation.key, *operation.added, *operation.removed}
        if keys:
            found = self._run.state.snapshot.service_ids(keys)
            # Under the plan's own keys, not under copies of them: a batch may name everybody.
            self._ids.update((key, found[key]) for key in keys if key in found)
            if self._nested.kept:
                self._groups |= remembered.groups_among(self._run.store, keys)
        leaving = [operation.key for operation in operations if isinstance(operation, Deactivate | Delete)]
        if leaving:
            self._rows.update(remembered.rows(self._run.store, leaving))

    def id_of(self, key: Key) -> str | None:
        """Return the service's id of a resource that was prepared."""
        return self._ids.get(key)

    def is_group(self, key: Key) -> bool:
        """Say whether a resource that was prepared is a group."""
        return key in self._groups

    def row_of(self, key: Key) -> SnapshotRow | None:
        """Return the row of a leaver that was prepared."""
        return self._rows.get(key)

    def members_of(self, group: Key) -> Sequence[tuple[Key, str]]:
        """Return the members of a group as last confirmed, with their ids."""
        members = remembered.members_of(self._run.store, group)
        if self._nested.kept:
            self._groups |= remembered.groups_among(self._run.store, members)
        return list(self._run.state.snapshot.service_ids(members).items())

    def member_count(self, group: Key) -> int:
        """Return how many members a group had as last confirmed."""
        return remembered.member_count(self._run.store, group)

    def owner_of(self, resource_type: ResourceType, service_id: str) -> Key | None:
        """Return whose resource an id is, as far as one is managed."""
        return remembered.owner_of(self._run.store, resource_type, service_id)


def intent_of(operation: Operation) -> Intent:
    """Return what the journal needs to ask the service about an operation later."""
    essence = None if isinstance(operation, ChangeMembers | Deactivate | Delete) else operation.essence
    attributes = from_essence(essence) if essence else {}
    external_id, login = attributes.get("external_id"), attributes.get(LOGIN[operation.resource_type])
    return Intent(
        key=operation.key,
        verb=operation.verb,
        resource_type=operation.resource_type,
        removal=is_removal(operation),
        service_id=getattr(operation, "service_id", None),
        external_id=None if external_id is None else str(external_id),
        login=operation.name if is_of_an_orphan(operation) else None if login is None else str(login),
        fingerprint=operation.inputs.desired,
        replaces=getattr(operation, "replaces", None),
    )


def outcome_of(done: Done) -> Outcome:
    """Return what the report says of an operation."""
    match done:
        case Applied(operation, ignored=ignored):
            return Outcome(operation, Result.APPLIED, ignored=ignored)
        case Failed(operation, error):
            return Outcome(operation, Result.FAILED, error=str(error))
        case InDoubt(operation, error, _):
            return Outcome(operation, Result.IN_DOUBT, error=str(error))
        case HeldBack(operation, why):
            return Outcome(operation, Result.HELD_BACK, error=why)


def settlement_of(number: int, done: Done) -> Settlement:
    """Return what the journal keeps of an outcome."""
    changes = () if done.change is None else (done.change,)
    match done:
        case Applied(Adopt(changes=brought) as adopted, Confirmed(found=None) as confirmed):
            found = to_essence(apply_changes(from_essence(adopted.essence), inverse(brought)))
            return Settlement(number, Result.APPLIED, (replace(confirmed, found=found),), proof=done.proof)
        case Applied(Create(), still_active=True):
            # Whom the directory has disabled nobody welcomes.
            return Settlement(number, Result.UNCHANGED, changes)
        case Applied(proof=proof):
            return Settlement(number, Result.APPLIED, changes, proof=proof)
        case Failed(_, error):
            return Settlement(number, Result.FAILED, changes, short_name_of(error))
        case InDoubt(_, error, _):
            return Settlement(number, Result.IN_DOUBT, changes, short_name_of(error))
        case HeldBack():
            return Settlement(number, Result.HELD_BACK)
