"""Orphans: which of the resources that no entry has and nothing remembers may be ours, and wait for a person.

After a full read of the service all of them are told. A run that reads nothing of the service asks for those alone
that a person has released, one by one, and proposes again what is still as it was.
"""

import asyncio
import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ldap2scim.directory import syntaxes
from ldap2scim.directory.anchors import GUID_ATTRIBUTES
from ldap2scim.errors import ResourceNotFound
from ldap2scim.mapping.spec import ValueRule
from ldap2scim.model import GuidForm, Key, ResourceType, Scope, make_key
from ldap2scim.planning.correlate import ServiceResource
from ldap2scim.planning.operations import HeldOperation
from ldap2scim.planning.orphans import orphan_of, orphan_removal
from ldap2scim.planning.reconsidered import KnownAs
from ldap2scim.planning.states import Leaving, ReadState
from ldap2scim.run.believe import Believed
from ldap2scim.run.context import Run
from ldap2scim.run.service_view import ServiceView
from ldap2scim.run.survey import Survey, resource_of
from ldap2scim.scim.filter_match import matches
from ldap2scim.scim.filter_parser import ParsedFilter, parse
from ldap2scim.scim.provider import Json
from ldap2scim.scim.requests import Target
from ldap2scim.scim.settings import Leavers
from ldap2scim.settings import ConfiguredDirectory
from ldap2scim.state import remembered

_AT_ONCE: Final = 100
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_GUID_OCTETS: Final = 16
_UNMISTAKABLE: Final = GUID_ATTRIBUTES | {"entryuuid"}
"""Anchors that no other kind of ID looks like."""


def held_orphans(run: Run, believed: Believed, surveyed: Survey | None) -> tuple[HeldOperation, ...]:
    """Return the removals of orphans that may be ours, each held for a person.

    Raises:
        ServiceError: one that was released cannot be read.
        StateError: the state cannot be read.
    """
    listed = _released(run, believed) if surveyed is None else surveyed.orphaned
    leaving = Leaving.DEACTIVATE if run.settings.service.leavers is Leavers.DEACTIVATE else Leaving.DELETE
    return tuple(
        held
        for kind, resources in listed.items()
        if resources and _is_certain(run, believed, kind)
        for resource in _ours(run, believed, kind, resources)
        if (held := orphan_removal(kind, resource, leaving)) is not None
    )


def orphans_there(run: Run, keys: Iterable[Key]) -> Mapping[Key, KnownAs]:
    """Return those orphans of a plan that the service still has, as it has them now.

    Raises:
        ServiceError: one cannot be read.
    """
    found = _read_all(run, keys)
    return {key: KnownAs(one.resource.fingerprint, one.resource.service_id, "") for key, one in found.items()}


@dataclass(frozen=True, slots=True)
class _Read:
    kind: ResourceType
    resource: ServiceResource
    body: Json


def _released(run: Run, believed: Believed) -> Mapping[ResourceType, Sequence[ServiceResource]]:
    """Read again what a person has released, and return what no entry has and the filter still sees."""
    listed: dict[ResourceType, list[ServiceResource]] = {kind: [] for kind in ResourceType}
    wanted = {
        ResourceType.USER: believed.desired.users["external_id"],
        ResourceType.GROUP: believed.desired.groups["external_id"],
    }
    for one in _read_all(run, (approved.approval.key for approved in run.approved)).values():
        external_id = one.resource.external_id
        managed = one.resource.service_id in remembered.keys_by_service_id(run.store, one.kind)
        claimed = external_id is None or bool((wanted[one.kind] == external_id).any())
        if not managed and not claimed and _is_seen(run, one.kind, one.body):
            listed[one.kind].append(one.resource)
    return listed


def _read_all(run: Run, keys: Iterable[Key]) -> Mapping[Key, _Read]:
    """Read the orphans among some keys; one that is not there is left out."""
    targets = [(key, Target(*named)) for key in sorted({*keys}) if (named := orphan_of(key)) is not None]
    found: dict[Key, _Read] = {}
    for start in range(0, len(targets), _AT_ONCE):
        batch = targets[start : start + _AT_ONCE]
        bodies = run.session.wait(_read(run.session.view, [target for _, target in batch]))
        for (key, target), body in zip(batch, bodies, strict=True):
            if body is not None:
                resource = resource_of(run.session.view, target.resource_type, body)
                found[key] = _Read(target.resource_type, resource, body)
    return found


async def _read(view: ServiceView, targets: Sequence[Target]) -> list[Json | None]:
    return list(await asyncio.gather(*(_read_one(view, target) for target in targets)))


async def _read_one(view: ServiceView, target: Target) -> Json | None:
    try:
        return await view.read(target)
    except ResourceNotFound:
        return None


def _is_seen(run: Run, kind: ResourceType, body: Json) -> bool:
    """Say whether our own filter sees a resource; one that cannot be understood here is the service's to judge."""
    parsed = parse(_filter(run, kind)) if _filter(run, kind) else None
    return matches(parsed.root, body) if isinstance(parsed, ParsedFilter) else True


def _filter(run: Run, kind: ResourceType) -> str:
    service = run.settings.service
    return service.user_filter if kind is ResourceType.USER else service.group_filter


def _is_certain(run: Run, believed: Believed, kind: ResourceType) -> bool:
    """Say whether the reads prove that no entry has an externalId: every directory in full, and every key known."""
    scopes = [Scope(one.settings.name, kind) for one in run.settings.directories]
    return all(
        believed.desired.read_state(scope) is ReadState.PROVEN and scope not in believed.holds.blocked
        for scope in scopes
    )


def _ours(
    run: Run, believed: Believed, kind: ResourceType, resources: Collection[ServiceResource]
) -> Iterator[ServiceResource]:
    """Yield those whose externalId may be one of ours, and is that of no entry that is held.

    Where externalId is the source anchor, it says so itself. Where it is mapped from something else, only a filter of
    the settings says whose a resource is; and an entry that could not be mapped may have any externalId.
    """
    readers = [reader for one in run.settings.directories if (reader := _reader(one, kind)) is not None]
    by_filter = (
        len(readers) < len(run.settings.directories)
        and bool(_filter(run, kind))
        and not any(count for scope, count in believed.held_by_mapping.items() if scope.resource_type is kind)
    )
    for resource in resources:
        keys = {key for reader in readers if (key := reader(resource.external_id or "")) is not None}
        if keys.isdisjoint(believed.holds.keys) and (keys or by_filter):
            yield resource


def _reader(directory: ConfiguredDirectory, kind: ResourceType) -> Callable[[str], Key | None] | None:
    """Return what tells whose key an externalId would be; None where it is not the anchor, or anything may be one."""
    mapping = directory.mappings.user if kind is ResourceType.USER else directory.mappings.group
    anchor = directory.settings.source_anchor.lower()
    rule = mapping.single.get("external_id") or ValueRule((anchor,), guid_form=directory.settings.guid_form)
    is_plain = not rule.conversions and rule.default is None and [*map(str.lower, rule.sources)] == [anchor]
    if not is_plain or anchor not in _UNMISTAKABLE:
        return None
    as_base64 = anchor in GUID_ATTRIBUTES and rule.guid_form is GuidForm.BASE64

    def key_of(external_id: str) -> Key | None:
        text = _guid_of(external_id) if as_base64 else external_id
        return make_key(directory.settings.name, text) if text is not None and _UUID.fullmatch(text) else None

    return key_of


def _guid_of(text: str) -> str | None:
    try:
        octets = b64decode(text, validate=True)
    except (NotBase64, ValueError):
        return None
    return syntaxes.guid_text(octets) if len(octets) == _GUID_OCTETS else None
