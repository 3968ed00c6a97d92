"""Changes → PATCH operations of RFC 7644 §3.5.2. Pure.

Single values are added or replaced, multi-valued attributes are replaced whole, members are added and
removed by name: a group is never sent whole, so that one new member costs one small request. How an operation is
written, the profile says (`PatchPaths`, `MemberAdditions`, `MemberRemovals`).
"""

import dataclasses
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar, cast

import orjson

from ldap2scim.model import EXTENSIONS, AttributeValue, ComplexValue, ResourceType
from ldap2scim.planning.operations import AttributeChange
from ldap2scim.scim.filters import eq
from ldap2scim.scim.layout import Place, Shape, place_of
from ldap2scim.scim.profiles import MemberAdditions, MemberRemovals, PatchPaths, Profile
from ldap2scim.scim.provider import Json
from ldap2scim.scim.schemas import PATCH_OP
from ldap2scim.scim.wire import value_to_wire

Item = TypeVar("Item", str, Json)


def patch_op(operations: Sequence[Json]) -> dict[str, Any]:
    """Return the body of a PATCH."""
    return {"schemas": [PATCH_OP], "Operations": list(operations)}


def attribute_operations(
    resource_type: ResourceType, changes: Iterable[AttributeChange], profile: Profile
) -> tuple[Json, ...]:
    """Return the operations that make `changes`, in their order.

    Raises:
        SettingsError: an attribute has no place at this service.
    """
    written = (operation for change in changes for operation in _operations_of(resource_type, change, profile))
    return tuple(in_dialect(operation, profile) for operation in written)


def in_dialect(operation: Json, profile: Profile) -> Json:
    """Return an operation as the service reads it: with its path, or with the path inside its value.

    RFC 7644 §3.5.2: a value without a path is a part of the resource. A removal needs its path.
    """
    path = operation["path"]
    if profile.patch_paths is PatchPaths.WRITTEN or operation["op"] == "remove":
        return operation
    urn, _, names = path.rpartition(":")
    value = operation["value"]
    for name in reversed(names.split(".")):
        value = {name: value}
    return {"op": operation["op"], "value": {urn: value} if urn else value}


def member_requests(
    added: Sequence[str], removed: Sequence[str], profile: Profile, groups: Collection[str] = ()
) -> tuple[tuple[Json, ...], ...]:
    """Return the operations of each PATCH that changes the members of one group.

    `added` and `removed` are ids of the service, `groups` those of `added` that are groups. Removals come first, so
    that a service with a limit on the size of a group has room. No request holds more members or bytes than the
    profile allows.
    """
    return (
        *(
            tuple(_removals(batch, profile))
            for batch in _batches(removed, partial(_removals, profile=profile), profile)
        ),
        *_additions_of([member_value(member, is_group=member in groups) for member in added], profile),
    )


def member_counts(operations: Iterable[Json]) -> tuple[int, int]:
    """Return how many members the operations of a PATCH add and remove."""
    added = removed = 0
    for operation in operations:
        value = operation.get("value", [operation.get("path")])
        count = len(value["members"] if isinstance(value, Mapping) else value)
        if operation["op"] == "add":
            added += count
        else:
            removed += count
    return added, removed


def member_value(service_id: str, *, is_group: bool) -> dict[str, str]:
    """Return a value of `members`. Only a group says what it is (RFC 7643 §4.2): services take all else for users."""
    return {"value": service_id, "type": "Group"} if is_group else {"value": service_id}


def _operations_of(resource_type: ResourceType, change: AttributeChange, profile: Profile) -> Iterator[Json]:
    attribute, _, sub_attribute = change.path.partition(".")
    if attribute == EXTENSIONS:
        urn, _, name = sub_attribute.rpartition(".")
        yield _single(f"{urn}:{name}", change.old, change.new)
        return
    place = place_of(attribute, resource_type, profile)
    if sub_attribute:
        yield _single(place.path(sub_attribute), change.old, change.new)
        return
    match place.shape:
        case Shape.SINGLE:
            yield _single(place.path(), change.old, change.new)
        case Shape.COMPLEX:
            yield from _complex(place, change)
        case Shape.MULTI_VALUED if change.new:
            # Never `add`: values that we do not know of would stay.
            yield {"op": "replace", "path": place.path(), "value": value_to_wire(place, change.new)}
        case Shape.MULTI_VALUED:
            yield {"op": "remove", "path": place.path()}


def _single(path: str, old: AttributeValue | None, new: AttributeValue | None) -> Json:
    if new is None:
        return {"op": "remove", "path": path}
    # RFC 7644 §3.5.2.3 makes `replace` of nothing an `add`; not every service knows that.
    return {"op": "add" if old is None else "replace", "path": path, "value": new}


def _complex(place: Place, change: AttributeChange) -> Iterator[Json]:
    # By sub-attribute: to remove the whole would take along those that are not mapped.
    old = cast("ComplexValue", change.old or {})
    new = cast("ComplexValue", change.new or {})
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            yield _single(place.path(name), old.get(name), new.get(name))


def _removals(members: Sequence[str], profile: Profile) -> list[Json]:
    match profile.member_removals:
        case MemberRemovals.BY_FILTER:
            return [{"op": "remove", "path": f"members[{eq('value', member)}]"} for member in members]
        case MemberRemovals.BY_VALUE:
            return [{"op": "remove", "path": "members", "value": [{"value": member} for member in members]}]


def _additions(values: Sequence[Json], profile: Profile) -> list[Json]:
    match profile.member_additions:
        case MemberAdditions.ARRAY:
            parts = [list(values)]
        case MemberAdditions.ONE_EACH:
            parts = [[value] for value in values]
    return [in_dialect({"op": "add", "path": "members", "value": part}, profile) for part in parts]


def _additions_of(values: Sequence[Json], profile: Profile) -> Iterator[tuple[Json, ...]]:
    written = partial(_additions, profile=profile)
    batches = list(_batches(values, written, profile))
    if profile.small_request is not None:
        small = dataclasses.replace(profile, bytes_per_request=profile.small_request.bytes)
        cheaper = list(_batches(values, written, small))
        if len(cheaper) <= len(batches) * profile.small_request.worth:
            batches = cheaper
    for batch in batches:
        yield tuple(written(batch))


def _batches(
    items: Sequence[Item], written: Callable[[Sequence[Item]], list[Json]], profile: Profile
) -> Iterator[list[Item]]:
    """Yield `items` in as many parts as the limits need; a body is measured as the profile's dialect writes it."""
    empty = _size(written([]))
    batch: list[Item] = []
    size = empty
    for item in items:
        length = _size(written([item])) - empty + 1
        if batch and (len(batch) >= profile.members_per_request or size + length > profile.bytes_per_request):
            yield batch
            batch, size = [], empty
        batch.append(item)
        size += length
    if batch:
        yield batch


def _size(operations: Sequence[Json]) -> int:
    return len(orjson.dumps(patch_op(operations)))
