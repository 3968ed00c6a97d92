"""Members enter and leave one group: in small PATCH requests, or whole where a service has no PATCH."""

from dataclasses import dataclass

from ldap2scim.errors import AccessRefused, OutcomeUnknown, ResourceNotFound, ServiceError
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.operations import ChangeMembers
from ldap2scim.run.done import Applied, Done, Failed, InDoubt, Remembered
from ldap2scim.run.service_view import ServiceView, foreign_id, shown_members
from ldap2scim.scim import put, requests
from ldap2scim.scim.patch import member_counts
from ldap2scim.scim.requests import Target
from ldap2scim.scim.wire import version_of
from ldap2scim.state.snapshot_rows import Gone, MembersChanged


@dataclass(frozen=True, slots=True)
class _Named:
    """Members with their ids at the service, in the order of the plan."""

    added: tuple[tuple[Key, str], ...]
    removed: tuple[tuple[Key, str], ...]
    missing: tuple[Key, ...]
    """Not at the service: their creation failed or is held."""


async def change_members(view: ServiceView, remembered: Remembered, operation: ChangeMembers) -> Done:
    """Carry out a change of members.

    Raises:
        ServiceError: the service refused it whole.
    """
    group_id = operation.service_id or remembered.id_of(operation.key)
    if group_id is None:
        raise ServiceError(
            f"{operation.name}: its members were not changed, since the group is not at the service.",
            "The next run adds them, once the group has been created.",
        )
    named = _named(remembered, operation)
    target = Target(operation.resource_type, group_id)
    try:
        send = _patch if view.patches(operation.resource_type) else _put
        return await send(view, remembered, operation, target, named)
    except ResourceNotFound as error:
        gone = await view.is_gone(target)
        return Failed(operation, error, Gone(operation.key) if gone else None)


def _named(remembered: Remembered, operation: ChangeMembers) -> _Named:
    ids = {key: foreign_id(key) or remembered.id_of(key) for key in (*operation.added, *operation.removed)}
    entering = {ids[key] for key in operation.added}  # one id may be a stranger's, and that of somebody adopted since
    return _Named(
        added=tuple((key, found) for key in operation.added if (found := ids[key])),
        removed=tuple((key, found) for key in operation.removed if (found := ids[key]) and found not in entering),
        missing=tuple(key for key in operation.added if not ids[key]),
    )


async def _patch(
    view: ServiceView, remembered: Remembered, operation: ChangeMembers, target: Target, named: _Named
) -> Done:
    left = entered = 0
    version: str | None = None
    entering, leaving = [found for _, found in named.added], [found for _, found in named.removed]
    groups = frozenset(found for key, found in named.added if remembered.is_group(key))
    for request in requests.change_members(target, entering, leaving, view.profile, groups):
        try:
            response = await view.service.send(request)
        except (AccessRefused, ResourceNotFound):
            raise
        except ServiceError as error:
            done = MembersChanged(operation.key, _keys(named.added[:entered]), _keys(named.removed[:left]))
            return (InDoubt if isinstance(error, OutcomeUnknown) else Failed)(operation, error, done)
        added, removed = member_counts((request.body or {})["Operations"])
        left, entered = left + removed, entered + added
        version = response.etag or version_of(response.body or {})
    change = MembersChanged(operation.key, _keys(named.added), operation.removed, view.version(version))
    return Applied(operation, change, missing=named.missing)


async def _put(
    view: ServiceView, remembered: Remembered, operation: ChangeMembers, target: Target, named: _Named
) -> Done:
    current = await view.read(target)
    # What it has now counts, since nested groups and what our filter hides are not in the snapshot. A service that
    # leaves members out of its answer is sent those that it last confirmed.
    shown = shown_members(current)
    known = () if shown else remembered.members_of(operation.key)
    present = [*(one.service_id for one in shown), *(found for _, found in known)]
    groups = {one.service_id for one in shown if one.resource_type is ResourceType.GROUP}
    groups |= {found for key, found in (*known, *named.added) if remembered.is_group(key)}
    leaving = {found for _, found in named.removed}
    members = dict.fromkeys([*present, *(found for _, found in named.added)])
    staying = [one for one in members if one not in leaving]
    request = requests.replace(target, put.with_members(current, staying, groups))
    response = await view.service.send(request)
    version = view.version(response.etag or version_of(response.body or {}))
    change = MembersChanged(operation.key, _keys(named.added), operation.removed, version)
    return Applied(operation, change, missing=named.missing)


def _keys(named: tuple[tuple[Key, str], ...]) -> tuple[Key, ...]:
    return tuple(key for key, _ in named)
