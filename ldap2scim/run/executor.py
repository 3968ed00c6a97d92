"""One operation is carried out at the service, and what became of it is said.

Hard, because an answer can be lost after the service has acted. The rule: a write whose fate is not known is asked
of the service (by id, externalId or login), never guessed and never blindly repeated; what cannot be found out
stays *in doubt* and is settled by the next run.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from ldap2scim.errors import (
    AccessRefused,
    OutcomeUnknown,
    ResourceNotFound,
    ServiceError,
    UniquenessConflict,
    VersionConflict,
)
from ldap2scim.essence import fingerprint, from_essence
from ldap2scim.model import Attributes, Key, ResourceType
from ldap2scim.planning.operations import (
    Adopt,
    AttributeChange,
    ChangeMembers,
    Create,
    Deactivate,
    Delete,
    Operation,
    Restore,
    Update,
)
from ldap2scim.run.done import Applied, Done, Failed, InDoubt, Remembered
from ldap2scim.run.members import change_members
from ldap2scim.run.service_view import LOGIN, ServiceView, identifier_of, observed_row, same_external_id
from ldap2scim.scim import put, requests
from ldap2scim.scim.profiles import RestoreMethod
from ldap2scim.scim.provider import Json, ScimRequest, ScimResponse
from ldap2scim.scim.requests import Target
from ldap2scim.scim.wire import service_id, version_of
from ldap2scim.state.snapshot_rows import Confirmed, Gone, SnapshotChange, SnapshotRow, Status

Changing: TypeAlias = Adopt | Restore | Update


class Executor:
    """Carries out operations at one service."""

    def __init__(self, view: ServiceView, remembered: Remembered) -> None:
        self._view = view
        self._service = view.service
        self._profile = view.profile
        self._remembered = remembered

    async def carry_out(self, operation: Operation) -> Done:
        """Carry out one operation.

        Raises:
            AccessRefused: the token is refused; nothing else will work either.
        """
        try:
            match operation:
                case Create():
                    return await self._create(operation)
                case Adopt() | Update():
                    return await self._change(operation)
                case Restore():
                    return await self._restore(operation)
                case ChangeMembers():
                    return await change_members(self._view, self._remembered, operation)
                case Deactivate():
                    return await self._deactivate(operation)
                case Delete():
                    return await self._delete(operation)
        except AccessRefused:
            raise
        except OutcomeUnknown as error:
            return InDoubt(operation, error)
        except ServiceError as error:
            return Failed(operation, error)

    async def _create(self, operation: Create) -> Done:
        attributes = from_essence(operation.essence)
        request = requests.create(operation.resource_type, attributes, self._profile)
        try:
            response = await self._service.send(request)
        except UniquenessConflict as conflict:
            return await self._claim(operation, attributes, conflict)
        except OutcomeUnknown as unknown:
            return await self._take(operation, attributes, await self._ask_for(operation, attributes, unknown))
        return self._confirmed(operation, request, response)

    async def _claim(self, operation: Create | Restore, attributes: Attributes, conflict: UniquenessConflict) -> Done:
        """Another resource has the login or externalId: it is ours where the externalId is, else a person decides."""
        found = await self._view.find(operation.resource_type, attributes)
        if found is None or not attributes.get("external_id") or not same_external_id(found, attributes):
            raise conflict
        return await self._take(operation, attributes, found)

    async def _ask_for(self, operation: Create | Restore, attributes: Attributes, unknown: OutcomeUnknown) -> Json:
        """Return the resource that a lost answer was about.

        Raises:
            OutcomeUnknown: it is not there, or cannot be asked for.
        """
        try:
            found = await self._view.find(operation.resource_type, attributes)
        except ServiceError:
            raise unknown from None
        if found is None or not same_external_id(found, attributes):
            raise unknown
        return found

    async def _take(self, operation: Create | Restore, attributes: Attributes, found: Json) -> Done:
        """Bring a resource that turned out to exist in step, and record it."""
        identifier = service_id(found)
        if identifier is None:
            raise ServiceError(f"{operation.name}: the service answered with a resource without an id.")
        changes = self._view.differences(operation.key, operation.resource_type, found, attributes)
        target = Target(operation.resource_type, identifier, self._view.version(version_of(found)))
        if not changes:
            return self._applied(operation, identifier, version_of(found))
        try:
            sent = await self._send_changes(target, changes, attributes, operation)
        except ServiceError as error:
            # It exists, and a failed creation would be tried again: the next run takes it as it is then.
            return InDoubt(operation, error)
        return self._applied(operation, identifier, sent.version, self._ignored(operation, attributes, sent))

    async def _change(self, operation: Changing) -> Done:
        attributes = from_essence(operation.essence)
        if not operation.changes:
            return self._applied(operation, operation.service_id, operation.version)
        return await self._bring_in_step(operation, attributes, operation.changes)

    async def _bring_in_step(
        self, operation: Changing, attributes: Attributes, changes: Sequence[AttributeChange]
    ) -> Done:
        target = Target(operation.resource_type, operation.service_id, self._view.version(operation.version))
        try:
            sent = await self._send_changes(target, changes, attributes, operation)
        except ResourceNotFound as error:
            return await self._vanished(operation, error)
        except (OutcomeUnknown, VersionConflict) as error:
            return await self._compare(operation, attributes, error)
        ignored = self._ignored(operation, attributes, sent)
        return self._applied(operation, operation.service_id, sent.version, ignored)

    async def _send_changes(
        self, target: Target, changes: Sequence[AttributeChange], attributes: Attributes, operation: Operation
    ) -> "_Sent":
        if self._view.patches(target.resource_type):
            request = requests.update(target, changes, self._profile)
        else:
            current = await self._view.read(target)
            managed = self._view.managed_of(operation.key, operation.resource_type)
            body = put.with_attributes(target.resource_type, current, attributes, managed, self._profile)
            request = requests.replace(target, body)
        return _Sent(request, await self._service.send(request))

    async def _compare(self, operation: Changing, attributes: Attributes, error: ServiceError) -> Done:
        """The answer was lost, or somebody was quicker: what the service holds decides."""
        target = Target(operation.resource_type, operation.service_id)
        try:
            current = await self._view.read(target)
        except ServiceError:
            raise error from None
        if not self._view.differences(operation.key, operation.resource_type, current, attributes):
            return self._applied(operation, operation.service_id, version_of(current))
        if isinstance(error, VersionConflict) and isinstance(operation, Update):
            return Failed(operation, error, self._seen(operation, current))
        raise error

    def _seen(self, operation: Update | Deactivate | Delete, found: Json) -> SnapshotChange:
        """Remember what somebody else made of it: the next run plans from that, with its version."""
        return Confirmed(observed_row(self._view, operation.key, operation.resource_type, found, {}))

    async def _restore(self, operation: Restore) -> Done:
        attributes = from_essence(operation.essence)
        pending = operation.resource_type is ResourceType.USER and self._profile.restore is RestoreMethod.POST
        if not pending:
            return await self._bring_in_step(operation, attributes, _with_activity(operation.changes, attributes))
        request = requests.create_again(attributes, self._profile)
        try:
            response = await self._service.send(request)
        except UniquenessConflict as conflict:
            return await self._claim(operation, attributes, conflict)
        except OutcomeUnknown as unknown:
            return await self._take(operation, attributes, await self._ask_for(operation, attributes, unknown))
        return self._confirmed(operation, request, response)

    async def _deactivate(self, operation: Deactivate) -> Done:
        target = Target(operation.resource_type, operation.service_id, self._view.version(operation.version))
        try:
            if self._view.patches(target.resource_type):
                response = await self._service.send(requests.deactivate(target, self._profile))
            else:
                current = await self._view.read(target)
                response = await self._service.send(requests.replace(target, put.with_activity(current, active=False)))
        except ResourceNotFound as error:
            return await self._gone_already(operation, error)
        except VersionConflict as error:
            return await self._look_again(operation, error)
        return Applied(operation, self._left(operation.key, response.etag or version_of(response.body or {})))

    async def _delete(self, operation: Delete) -> Done:
        target = Target(operation.resource_type, operation.service_id, self._view.version(operation.version))
        try:
            await self._service.send(requests.delete(target))
        except ResourceNotFound as error:
            return await self._gone_already(operation, error)
        except VersionConflict as error:
            return await self._look_again(operation, error)
        kept = self._view.keeps_leavers(operation.resource_type)
        return Applied(operation, self._left(operation.key, None) if kept else Gone(operation.key))

    async def _look_again(self, operation: Deactivate | Delete, error: VersionConflict) -> Done:
        """Somebody was quicker: the removal is decided again, from what they made of it."""
        try:
            current = await self._view.read(Target(operation.resource_type, operation.service_id))
        except ServiceError:
            raise error from None
        return Failed(operation, error, self._seen(operation, current))

    def _left(self, key: Key, version: str | None) -> SnapshotChange:
        row = self._remembered.row_of(key)
        if row is None:
            return Gone(key)
        return Confirmed(replace(row, status=Status.LEFT, version=self._view.version(version)))

    async def _gone_already(self, operation: Deactivate | Delete, error: ResourceNotFound) -> Done:
        """A removal finds nothing: done, when a second question says so too."""
        if await self._view.is_gone(Target(operation.resource_type, operation.service_id)):
            return Applied(operation, Gone(operation.key))
        return Failed(operation, error)

    async def _vanished(self, operation: Changing, error: ResourceNotFound) -> Done:
        """The resource was deleted at the service: forget it, so that the next run creates it again."""
        gone = await self._view.is_gone(Target(operation.resource_type, operation.service_id))
        return Failed(operation, error, Gone(operation.key) if gone else None)

    def _confirmed(self, operation: Create | Restore, request: ScimRequest, response: ScimResponse) -> Done:
        identifier = identifier_of(response.body, response.location)
        if identifier is None:
            raise OutcomeUnknown(
                f"{operation.name}: the service answered {response.status} without an id.",
                "The next run asks the service which id it has.",
                response.status,
            )
        sent = _Sent(request, response)
        ignored = self._ignored(operation, from_essence(operation.essence), sent)
        return self._applied(operation, identifier, sent.version, ignored)

    def _applied(
        self, operation: Create | Changing, identifier: str, version: str | None, ignored: tuple[str, ...] = ()
    ) -> Applied:
        attributes = from_essence(operation.essence)
        row = SnapshotRow(
            key=operation.key,
            resource_type=operation.resource_type,
            service_id=identifier,
            external_id=_text(attributes.get("external_id")),
            login=_text(attributes.get(LOGIN[operation.resource_type])),
            fingerprint=fingerprint(operation.essence),
            essence=operation.essence,
            version=self._view.version(version),
        )
        replaces = operation.replaces if isinstance(operation, Adopt) else None
        return Applied(operation, Confirmed(row, replaces), ignored)

    def _ignored(self, operation: Create | Changing, attributes: Attributes, sent: "_Sent") -> tuple[str, ...]:
        """Compare what was wanted with what the service answered; an answer without a body says nothing."""
        if not sent.response.body:
            return ()
        found = self._view.differences(operation.key, operation.resource_type, sent.response.body, attributes)
        return tuple(change.path for change in found)


@dataclass(frozen=True, slots=True)
class _Sent:
    request: ScimRequest
    response: ScimResponse

    @property
    def version(self) -> str | None:
        return self.response.etag or version_of(self.response.body or {})


def _with_activity(changes: tuple[AttributeChange, ...], attributes: Attributes) -> tuple[AttributeChange, ...]:
    """Return the changes with `active` among them: our last word to a leaver was false, whatever the snapshot says."""
    others = tuple(change for change in changes if change.path != "active")
    return (AttributeChange("active", False, attributes.get("active", True)), *others)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
