"""One operation is carried out at the service, and what became of it is said.

Hard, because an answer can be lost after the service has acted. The rule: a write whose fate is not known is asked
of the service (by id, externalId or login), never guessed and never blindly repeated; what cannot be found out
stays *in doubt* and is settled by the next run.
"""

from collections.abc import Sequence

from ldap2scim.errors import (
    AccessRefused,
    NotScim,
    OutcomeUnknown,
    ResourceNotFound,
    ServiceError,
    UniquenessConflict,
    VersionConflict,
)
from ldap2scim.essence import from_essence
from ldap2scim.model import Attributes, ResourceType
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
from ldap2scim.planning.proof import Proof
from ldap2scim.planning.removals import is_removal
from ldap2scim.run import leaving
from ldap2scim.run.checking import Changing, Checker, shows_another
from ldap2scim.run.done import Done, Failed, InDoubt, Remembered
from ldap2scim.run.members import change_members
from ldap2scim.run.sending import Sent, send_changes
from ldap2scim.run.service_view import ServiceView, observed_row, would_disable
from ldap2scim.scim import requests
from ldap2scim.scim.profiles import RestoreMethod
from ldap2scim.scim.provider import Json, ScimRequest
from ldap2scim.scim.requests import Target
from ldap2scim.scim.wire import identifier_of, service_id, version_of
from ldap2scim.state.snapshot_rows import Confirmed, Gone, SnapshotChange


class Executor:
    """Carries out operations at one service."""

    def __init__(self, view: ServiceView, remembered: Remembered) -> None:
        self._view = view
        self._service = view.service
        self._profile = view.profile
        self._remembered = remembered
        self._check = Checker(view, remembered)

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
                    return await leaving.deactivate(self._view, self._remembered, operation)
                case Delete():
                    return await leaving.delete(self._view, self._remembered, operation)
        except AccessRefused:
            raise
        except OutcomeUnknown as error:
            return InDoubt(operation, error)
        except ServiceError as error:
            return Failed(operation, error)

    async def _create(self, operation: Create) -> Done:
        attributes = from_essence(operation.essence)
        request = requests.create(operation.resource_type, attributes, self._profile)
        return await self._make(operation, attributes, request)

    async def _make(self, operation: Create | Restore, attributes: Attributes, request: ScimRequest) -> Done:
        try:
            sent = Sent(request, await self._service.send(request))
        except UniquenessConflict as conflict:
            return await self._claim(operation, attributes, conflict)
        except OutcomeUnknown as unknown:
            return await self._take(operation, attributes, await self._ask_for(operation, attributes, unknown))
        except NotScim as nothing:
            # A page or a redirect says nothing, neither that it was made nor that it was not.
            if (found := await self._made_after_all(operation, attributes, nothing)) is None:
                raise
            return await self._take(operation, attributes, found)
        identifier = identifier_of(sent.body, sent.response.location)
        if identifier is None or shows_another(operation, attributes, sent.body or {}):
            found = await self._ask_for(operation, attributes, _without_id(operation, sent))
            return await self._take(operation, attributes, found)
        return await self._check.checked(operation, attributes, identifier, sent)

    async def _claim(self, operation: Create | Restore, attributes: Attributes, conflict: UniquenessConflict) -> Done:
        """Another resource has the login or externalId: it is ours where the externalId is, else a person decides."""
        try:
            found = await self._view.find(operation.resource_type, attributes)
        except NotScim:
            raise conflict from None  # that is certain, whoever it is; and the service is there
        if found is None or not attributes.get("external_id") or not self._check.is_ours(operation, found, attributes):
            raise conflict
        self._view.learned.claimed = True
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
        if found is None or not self._check.is_ours(operation, found, attributes):
            raise unknown
        return found

    async def _made_after_all(
        self, operation: Create | Restore, attributes: Attributes, nothing: NotScim
    ) -> Json | None:
        """Return the resource that an answer that is not SCIM stood for; None: it is proven not to be there.

        Raises:
            OutcomeUnknown: it cannot be asked for.
        """
        try:
            found = await self._view.find(operation.resource_type, attributes)
        except ServiceError:
            raise OutcomeUnknown(nothing.message, nothing.remedy, nothing.status) from nothing
        return found if found is not None and self._check.is_ours(operation, found, attributes) else None

    async def _take(self, operation: Create | Changing, attributes: Attributes, found: Json) -> Done:
        """Bring a resource that turned out to exist in step, and record it."""
        identifier = service_id(found)
        if identifier is None:
            raise ServiceError(f"{operation.name}: the service answered with a resource without an id.")
        changes = self._view.differences(operation.key, operation.resource_type, found, attributes)
        target = Target(operation.resource_type, identifier, self._view.version(version_of(found)))
        if not changes:
            return self._check.applied(operation, identifier, version_of(found), proof=Proof.READ)
        if would_disable(found, attributes) and not is_removal(operation):
            return self._check.as_it_is(operation, identifier, version_of(found), found, is_new=False)
        try:
            sent = await send_changes(self._view, self._remembered, operation.key, target, changes, attributes)
        except ServiceError as error:
            # It exists, and a failed creation would be tried again: the next run takes it as it is then.
            return InDoubt(operation, error)
        return await self._check.checked(operation, attributes, identifier, sent)

    async def _change(self, operation: Changing) -> Done:
        attributes = from_essence(operation.essence)
        if not operation.changes:
            return self._check.applied(operation, operation.service_id, operation.version)
        return await self._bring_in_step(operation, attributes, operation.changes)

    async def _bring_in_step(
        self, operation: Changing, attributes: Attributes, changes: Sequence[AttributeChange]
    ) -> Done:
        target = Target(operation.resource_type, operation.service_id, self._view.version(operation.version))
        try:
            sent = await send_changes(self._view, self._remembered, operation.key, target, changes, attributes)
        except ResourceNotFound as error:
            return await self._vanished(operation, attributes, error)
        except OutcomeUnknown as error:
            return await self._compare(operation, attributes, error)
        except VersionConflict as error:
            return await self._decide_again(operation, attributes, changes, error)
        return await self._check.checked(operation, attributes, operation.service_id, sent)

    async def _compare(self, operation: Changing, attributes: Attributes, error: ServiceError) -> Done:
        """The answer was lost: what the service holds decides."""
        current = await self._now(operation, error)
        if self._view.differences(operation.key, operation.resource_type, current, attributes):
            raise error
        return self._check.applied(operation, operation.service_id, version_of(current), proof=Proof.READ)

    async def _decide_again(
        self, operation: Changing, attributes: Attributes, changes: Sequence[AttributeChange], error: VersionConflict
    ) -> Done:
        """Somebody was quicker. Where they touched none of what we change it goes on; else the next run decides."""
        current = await self._now(operation, error)
        left = self._view.differences(operation.key, operation.resource_type, current, attributes)
        if not left:
            return self._check.applied(operation, operation.service_id, version_of(current), proof=Proof.READ)
        version = version_of(current)
        if all(change in changes for change in left) and version not in {None, operation.version}:
            target = Target(operation.resource_type, operation.service_id, self._view.version(version))
            try:
                sent = await send_changes(self._view, self._remembered, operation.key, target, left, attributes)
            except OutcomeUnknown as unknown:
                return await self._compare(operation, attributes, unknown)
            except VersionConflict as again:
                error = again
            else:
                return await self._check.checked(operation, attributes, operation.service_id, sent)
        if isinstance(operation, Update):
            return Failed(operation, error, self._seen(operation, current))
        raise error

    async def _now(self, operation: Changing, error: ServiceError) -> Json:
        try:
            return await self._view.read(Target(operation.resource_type, operation.service_id))
        except ServiceError:
            raise error from None

    def _seen(self, operation: Update, found: Json) -> SnapshotChange:
        """Remember what somebody else made of it: the next run plans from that, with its version."""
        return Confirmed(observed_row(self._view, operation.key, operation.resource_type, found, {}))

    async def _restore(self, operation: Restore) -> Done:
        attributes = from_essence(operation.essence)
        pending = operation.resource_type is ResourceType.USER and self._profile.restore is RestoreMethod.POST
        if not pending:
            return await self._reactivate(operation, attributes)
        return await self._make(operation, attributes, requests.create_again(attributes, self._profile))

    async def _reactivate(self, operation: Restore, attributes: Attributes) -> Done:
        changes = _with_activity(operation.changes, attributes)
        if not changes:
            return self._check.applied(operation, operation.service_id, operation.version)
        return await self._bring_in_step(operation, attributes, changes)

    async def _vanished(self, operation: Changing, attributes: Attributes, error: ResourceNotFound) -> Done:
        """It was deleted at the service, or has another id there since it was renamed.

        What is gone is forgotten, so that the next run creates it again.
        """
        gone = await self._view.is_gone(Target(operation.resource_type, operation.service_id))
        if gone and (found := await self._check.moved(operation, attributes)) is not None:
            return await self._take(operation, attributes, found)
        # A re-created entry takes over the row of another key: that one knows the resource.
        known_as = operation.key if isinstance(operation, Update) else operation.replaces or operation.key
        return Failed(operation, error, Gone(known_as) if gone else None)


def _without_id(operation: Create | Restore, sent: Sent) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"{operation.name}: the service answered {sent.response.status} without an id, or with another resource.",
        "The next run asks the service which id it has.",
        sent.response.status,
    )


def _with_activity(changes: tuple[AttributeChange, ...], attributes: Attributes) -> tuple[AttributeChange, ...]:
    """Return the changes with `active` among them: our last word to a leaver was false, whatever the snapshot says.

    Who comes back disabled stays so: of that the plan has said what there is to do, and the limits have counted it.
    """
    if attributes.get("active") is False:
        return changes
    others = tuple(change for change in changes if change.path != "active")
    return (AttributeChange("active", False, attributes.get("active", True)), *others)
