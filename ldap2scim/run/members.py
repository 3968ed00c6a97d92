"""Members enter and leave one group: in small PATCH requests, or whole where a service has no PATCH.

Hard, because services answer a change of members with success and keep some of them. What a read-back does not show
is sent once more, in smaller pieces, and what is not there then is not remembered as there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from ldap2scim.errors import AccessRefused, OutcomeUnknown, ResourceNotFound, ServiceError
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.operations import ChangeMembers
from ldap2scim.planning.proof import proof_of
from ldap2scim.run.done import Applied, Done, Failed, InDoubt, Remembered
from ldap2scim.run.member_patches import MemberPatches, Named
from ldap2scim.run.sending import is_patch_refusal
from ldap2scim.run.service_view import ServiceView, foreign_id, shown_members
from ldap2scim.scim import put, requests
from ldap2scim.scim.profiles import MembersShown
from ldap2scim.scim.requests import Target
from ldap2scim.scim.wire import version_of
from ldap2scim.state.snapshot_rows import Gone, MembersChanged

CHEAP: Final = 20
"""A group is read back where the change is at least so many per mille of its members: one of 50,000 is not worth it."""


@dataclass(frozen=True, slots=True)
class _Named:
    """Members with their ids at the service, in the order of the plan."""

    added: tuple[Named, ...]
    removed: tuple[Named, ...]
    missing: tuple[Key, ...]
    """Not at the service: their creation failed or is held."""


async def change_members(view: ServiceView, remembered: Remembered, operation: ChangeMembers) -> Done:
    """Carry out a change of members.

    Raises:
        ServiceError: the service refused it whole.
    """
    # The snapshot first: an id may have changed with the name since the plan was made.
    group_id = remembered.id_of(operation.key) or operation.service_id
    if group_id is None:
        raise ServiceError(
            f"{operation.name}: its members were not changed, since the group is not at the service.",
            "The next run adds them, once the group has been created.",
        )
    named = _named(remembered, operation)
    target = Target(operation.resource_type, group_id)
    try:
        if view.patches_members:
            done = await _patch(view, remembered, operation, target, named)
            if not (isinstance(done, Failed) and is_patch_refusal(done.error) and _is_empty(done)):
                return await _read_back(view, remembered, target, named, done)
            view.learned.refuses_member_patch()
        done = await _put(view, remembered, operation, target, named)
        return await _read_back(view, remembered, target, named, done)
    except ResourceNotFound as error:
        # Services that spread what they are told take a moment to find what they have just created.
        gone = operation.service_id is not None and await view.is_gone(target)
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
    groups = frozenset(found for key, found in named.added if remembered.is_group(key))
    patches = MemberPatches(view, target, groups)
    try:
        await patches.remove(named.removed)
        await patches.add(named.added)
    except AccessRefused:
        raise
    except ServiceError as error:
        if isinstance(error, ResourceNotFound) and not patches.refused:
            raise  # it is about the group
        done = MembersChanged(operation.key, tuple(patches.entered), tuple(patches.left))
        return (InDoubt if isinstance(error, OutcomeUnknown) else Failed)(operation, error, done)
    if patches.refused:
        done = MembersChanged(operation.key, tuple(patches.entered), tuple(patches.left))
        return Failed(operation, _refused(operation, patches.refused), done)
    change = MembersChanged(operation.key, tuple(patches.entered), operation.removed, view.version(patches.version))
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
    seen = replace(target, version=view.version(version_of(current)))  # whoever enters meanwhile is not lost
    request = requests.replace(seen, put.with_members(current, staying, groups))
    response = await view.service.send(request)
    version = view.version(response.etag or version_of(response.body or {}))
    change = MembersChanged(operation.key, _keys(named.added), operation.removed, version)
    return Applied(operation, change, missing=named.missing)


async def _read_back(view: ServiceView, remembered: Remembered, target: Target, named: _Named, done: Done) -> Done:
    """Compare what was confirmed with what the group shows, where that is asked for and cheap."""
    operation = done.operation
    if not (
        isinstance(done, Applied) and isinstance(done.change, MembersChanged) and isinstance(operation, ChangeMembers)
    ):
        return done
    changed = len(named.added) + len(named.removed)
    if (
        view.profile.members_shown is MembersShown.NOWHERE
        or view.learned.members_shown is False
        or 1000 * changed < CHEAP * remembered.member_count(operation.key)
        or not view.learned.is_read_back(operation.resource_type, operation.verb)
    ):
        return done
    found = await _not_as_sent(view, target, named)
    if found is not None and found[0] and view.patches_members:
        lost = found[0]
        await _once_more(view, target, lost, remembered, is_partial=len(lost) < len(named.added))
        found = await _not_as_sent(view, target, named)
    if found is None:
        return done  # it was confirmed; only the second look failed
    lost, kept = found
    if lost and not view.learned.members_shown:
        view.learned.members_are_shown(shown=False)  # services that never show members are many
        return done
    if not lost and not kept:
        return replace(done, proof=proof_of(read=True, shows=view.learned.members_shown is True))
    # Only what is so is remembered: the next run changes the rest.
    not_there, not_out = set(_keys(lost)), set(_keys(kept))
    change = replace(
        done.change,
        added=tuple(key for key in done.change.added if key not in not_there),
        removed=tuple(key for key in done.change.removed if key not in not_out),
    )
    return Failed(operation, _not_kept(operation, lost, kept), change)


async def _not_as_sent(
    view: ServiceView, target: Target, named: _Named
) -> tuple[tuple[Named, ...], tuple[Named, ...]] | None:
    """Return who should have entered and is not shown, and who should have left and still is; None: not to be seen."""
    try:
        group = await view.read(target)
    except ServiceError:
        return None
    shown = {one.service_id for one in shown_members(group)}
    if shown:
        view.learned.members_are_shown(shown=True)
    lost = tuple(one for one in named.added if one[1] not in shown)
    return lost, tuple(one for one in named.removed if one[1] in shown)


async def _once_more(
    view: ServiceView, target: Target, lost: Sequence[Named], remembered: Remembered, *, is_partial: bool
) -> None:
    """Send again what was lost; where others of the same change got through, in pieces half as large from now on."""
    if is_partial:
        limits = view.learned.limits(view.profile)
        view.learned.takes_members(max(1, limits.members_per_request // 2), limits.bytes_per_request)
    patches = MemberPatches(view, target, frozenset(found for key, found in lost if remembered.is_group(key)))
    try:
        await patches.add(lost)
    except AccessRefused:
        raise
    except ServiceError:
        return  # the look that follows tells what is there


def _keys(named: Sequence[Named]) -> tuple[Key, ...]:
    return tuple(key for key, _ in named)


def _is_empty(done: Failed) -> bool:
    return isinstance(done.change, MembersChanged) and not done.change.added and not done.change.removed


def _refused(operation: ChangeMembers, refused: Sequence[tuple[Named, ServiceError]]) -> ServiceError:
    first = refused[0][1]
    ids = ", ".join(found for (_, found), _ in refused)
    return type(first)(
        f"{operation.name}: the service refused {len(refused)} of its members, and took the others. Refused, by their "
        f"ids there: {ids}. {first.message}",
        "Look in the service's console whether they exist and may be in groups; the next run tries again.",
        first.status,
        first.scim_type,
    )


def _not_kept(operation: ChangeMembers, lost: Sequence[Named], kept: Sequence[Named]) -> ServiceError:
    said = [f"{len(lost)} that were added are not in it"] if lost else []
    said += [f"{len(kept)} that were taken out still are"] if kept else []
    return ServiceError(
        f"{operation.name}: the service answered the change of its members with success, and read again, "
        f"{' and '.join(said)}.",
        "The next run sends them again. If it stays so, ask the operator of the service how many members one request "
        "may have.",
    )
