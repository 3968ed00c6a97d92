"""Somebody is deactivated or deleted at the service. Done is what the service shows, not what it answers."""

from dataclasses import replace
from typing import TypeAlias

from ldap2scim.errors import NotScim, OutcomeUnknown, RequestRejected, ResourceNotFound, ServiceError, VersionConflict
from ldap2scim.essence import from_essence
from ldap2scim.planning.operations import Deactivate, Delete
from ldap2scim.planning.proof import proof_of
from ldap2scim.run.done import Applied, Done, Failed, Remembered
from ldap2scim.run.observed import resource_of
from ldap2scim.run.sending import is_patch_refusal
from ldap2scim.run.service_view import ServiceView, observed_row, same_external_id, shows_disabled
from ldap2scim.scim import put, requests
from ldap2scim.scim.layout import member_of
from ldap2scim.scim.provider import Json, ScimResponse
from ldap2scim.scim.requests import Target
from ldap2scim.scim.wire import service_id, version_of
from ldap2scim.state.snapshot_rows import Confirmed, Gone, SnapshotChange, SnapshotRow, Status

Leaving: TypeAlias = Deactivate | Delete


async def deactivate(view: ServiceView, remembered: Remembered, operation: Deactivate) -> Done:
    """Disable a user.

    Raises:
        ServiceError: the service refused it.
        OutcomeUnknown: whether it is disabled cannot be found out.
    """
    target = Target(operation.resource_type, operation.service_id, view.version(operation.version))
    try:
        response = await _send_deactivation(view, target)
        shown, read = await _shown(view, operation, target, response)
    except ResourceNotFound as error:
        return await _gone_already(view, remembered, operation, error)
    except VersionConflict as error:
        return await _decide_again(view, remembered, operation, error)
    except OutcomeUnknown as error:
        shown, read, response = await _read_instead(view, target, error), True, None
        if not shows_disabled(shown):
            raise
    if shown is not None and member_of(shown, "active") is not None and not shows_disabled(shown):
        return Failed(operation, still_active(operation.name))
    version = (response.etag if response else None) or version_of(shown or {})
    proof = proof_of(read=read, shows=shown is not None and shows_disabled(shown))
    return Applied(operation, _left(view, remembered, operation, version), proof=proof)


async def delete(view: ServiceView, remembered: Remembered, operation: Delete) -> Done:
    """Delete a resource.

    Raises:
        ServiceError: the service refused it.
        OutcomeUnknown: whether it is gone cannot be found out.
    """
    target = Target(operation.resource_type, operation.service_id, view.version(operation.version))
    try:
        await view.service.send(requests.delete(target))
    except ResourceNotFound as error:
        return await _gone_already(view, remembered, operation, error)
    except VersionConflict as error:
        return await _decide_again(view, remembered, operation, error)
    except OutcomeUnknown:
        # Lost on the way back; and some services answer 500 to the deletion of what is gone.
        if not await view.is_gone(target):
            raise
    kept = view.keeps_leavers(operation.resource_type)
    return Applied(operation, _left(view, remembered, operation, None) if kept else Gone(operation.key))


async def _send_deactivation(view: ServiceView, target: Target) -> ScimResponse:
    if view.patches(target.resource_type):
        try:
            return await view.service.send(requests.deactivate(target, view.profile))
        except RequestRejected as error:
            if not is_patch_refusal(error):
                raise
            view.learned.refuses_patch(target.resource_type)
    current = await view.read(target)
    return await view.service.send(requests.replace(target, put.with_activity(current, active=False)))


async def _shown(
    view: ServiceView, operation: Deactivate, target: Target, response: ScimResponse
) -> tuple[Json | None, bool]:
    """Return what the service shows of the user now, where it does so, and whether that was read again, as a sample."""
    told = response.body or {}
    is_anothers = (service_id(told) or target.service_id).casefold() != target.service_id.casefold()
    if view.learned.is_read_back(operation.resource_type, operation.verb) or is_anothers:
        try:
            return await view.read(target), True
        except ServiceError:
            pass
    return None if is_anothers else told or None, False


async def _read_instead(view: ServiceView, target: Target, error: OutcomeUnknown) -> Json:
    try:
        return await view.read(target)
    except ServiceError:
        raise error from None


async def _decide_again(view: ServiceView, remembered: Remembered, operation: Leaving, error: VersionConflict) -> Done:
    """Somebody was quicker. What they changed is none of our attributes: it goes on; else the next run decides."""
    try:
        current = await view.read(Target(operation.resource_type, operation.service_id))
    except ServiceError:
        raise error from None
    row = remembered.row_of(operation.key)
    version = version_of(current)
    if _is_unchanged(view, row, operation, current) and version is not None and version != operation.version:
        again = replace(operation, version=version)
        return await (
            deactivate(view, remembered, again) if isinstance(again, Deactivate) else delete(view, remembered, again)
        )
    if row is None:
        return Failed(operation, error)
    return Failed(operation, error, Confirmed(observed_row(view, operation.key, operation.resource_type, current, {})))


def _is_unchanged(view: ServiceView, row: SnapshotRow | None, operation: Leaving, current: Json) -> bool:
    if row is not None:
        return not view.differences(operation.key, operation.resource_type, current, from_essence(row.essence))
    # An orphan is remembered by nobody but the plan. Who leaves with the same plan changes the groups that it was in.
    return resource_of(view, operation.resource_type, current).fingerprint == operation.inputs.known


async def _gone_already(view: ServiceView, remembered: Remembered, operation: Leaving, error: ResourceNotFound) -> Done:
    """A removal finds nothing: done, when a second question says so too, and nobody has the externalId either."""
    if not await view.is_gone(Target(operation.resource_type, operation.service_id)):
        return Failed(operation, error)
    found = await _moved(view, remembered, operation)
    if found is None:
        return Applied(operation, Gone(operation.key))
    # The next run decides about it where it is now.
    return Failed(operation, error, Confirmed(observed_row(view, operation.key, operation.resource_type, found, {})))


async def _moved(view: ServiceView, remembered: Remembered, operation: Leaving) -> Json | None:
    """Return the resource under another id, where there is one: an id may change with the name that it is made of."""
    row = remembered.row_of(operation.key)
    if row is None or row.external_id is None:
        return None
    attributes = {"external_id": row.external_id}
    try:
        found = await view.look_up(operation.resource_type, attributes)
    except (NotScim, RequestRejected, ResourceNotFound):
        return None  # it cannot be searched
    if found is None or not same_external_id(found, attributes):
        return None
    identifier = service_id(found) or operation.service_id
    is_anothers = remembered.owner_of(operation.resource_type, identifier) is not None
    return None if is_anothers or identifier == operation.service_id else found


def _left(view: ServiceView, remembered: Remembered, operation: Leaving, version: str | None) -> SnapshotChange:
    row: SnapshotRow | None = remembered.row_of(operation.key)
    if row is None:
        return Gone(operation.key)
    return Confirmed(replace(row, status=Status.LEFT, version=view.version(version)))


def still_active(name: str) -> ServiceError:
    """Return what is wrong where a deactivation is answered with success and not carried out."""
    return ServiceError(
        f"{name}: the service answered with success, and shows the account as active all the same.",
        "Deactivate it in the service's console; the next run tries again. `leavers: delete` may work here instead.",
    )
