"""Orphans: which of the resources that no entry has and nothing remembers may be ours, and wait for a person.

After a full read of the service all of them are told. A run that reads nothing of the service asks for those alone
that a person has released, one by one, and proposes again what is still as it was. What is proposed after a full read
is asked for one by one as well: lists may show less than that, and what differs was not released.
"""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ldap2scim.errors import ResourceNotFound, ServiceError, is_temporary, short_name_of
from ldap2scim.findings import Finding, Severity
from ldap2scim.model import Key, ResourceType, Scope
from ldap2scim.planning.correlate import ServiceResource
from ldap2scim.planning.folding import folded
from ldap2scim.planning.operations import HeldOperation
from ldap2scim.planning.orphans import orphan_of, orphan_removal
from ldap2scim.planning.reconsidered import KnownAs
from ldap2scim.planning.states import ReadState
from ldap2scim.run.believe import Believed
from ldap2scim.run.context import Run
from ldap2scim.run.likely_ours import filter_of, leaving_of, like_ours
from ldap2scim.run.observed import resource_of
from ldap2scim.run.service_view import ServiceView
from ldap2scim.run.survey import Survey
from ldap2scim.scim.filter_match import matches
from ldap2scim.scim.filter_parser import ParsedFilter, parse
from ldap2scim.scim.provider import Json
from ldap2scim.scim.requests import Target
from ldap2scim.state import remembered

_AT_ONCE: Final = 100
_NAMED: Final = 5


def held_orphans(run: Run, believed: Believed, surveyed: Survey | None) -> tuple[HeldOperation, ...]:
    """Return the removals of orphans that may be ours, each held for a person; note which of them cannot be read.

    Raises:
        ServiceError: the service cannot be asked, and may answer later.
        StateError: the state cannot be read.
    """
    if surveyed is None:
        keys = [one.approval.key for one in run.approved]
    else:
        keys = [one.operation.key for one in _removals(run, believed, surveyed.orphaned)]
    return tuple(_removals(run, believed, _nobodys(run, believed, keys)))


def orphans_there(run: Run, keys: Iterable[Key]) -> Mapping[Key, KnownAs | None]:
    """Return those orphans of a plan that the service still has, as it has them now; None: one cannot be read.

    Raises:
        ServiceError: the service cannot be asked, and may answer later.
    """
    return {
        key: KnownAs(one.resource.fingerprint, one.resource.service_id, "") if isinstance(one, _Read) else None
        for key, one in _read_all(run, keys).items()
    }


def _removals(
    run: Run, believed: Believed, listed: Mapping[ResourceType, Sequence[ServiceResource]]
) -> Iterator[HeldOperation]:
    leaving = leaving_of(run)
    for kind, resources in listed.items():
        if resources and _is_certain(run, believed, kind):
            for resource in _ours(run, believed, kind, resources):
                held = orphan_removal(kind, resource, leaving)
                if held is not None:
                    yield held


@dataclass(frozen=True, slots=True)
class _Read:
    kind: ResourceType
    resource: ServiceResource
    is_seen: bool
    """By our own filter."""


def _nobodys(run: Run, believed: Believed, keys: Iterable[Key]) -> Mapping[ResourceType, Sequence[ServiceResource]]:
    """Read resources one by one, and return what nobody has by id, externalId or login and the filter still sees."""
    found = _read_all(run, keys)
    refused = {key: one for key, one in found.items() if isinstance(one, ServiceError)}
    if refused:
        run.note(_not_read(refused))
    desired = {ResourceType.USER: believed.desired.users, ResourceType.GROUP: believed.desired.groups}
    listed: dict[ResourceType, Sequence[ServiceResource]] = {}
    for kind, frame in desired.items():
        read = [one.resource for one in found.values() if isinstance(one, _Read) and one.kind is kind and one.is_seen]
        if not read:
            continue
        external_ids = {one.external_id for one in read}.intersection(frame["external_id"].tolist())
        logins = {folded(one.login) for one in read}.intersection(map(folded, frame["login"].tolist()))
        listed[kind] = [
            one
            for one in read
            if one.external_id is not None
            and one.external_id not in external_ids
            and folded(one.login) not in logins
            and remembered.owner_of(run.store, kind, one.service_id) is None
        ]
    return listed


def _read_all(run: Run, keys: Iterable[Key]) -> Mapping[Key, _Read | ServiceError]:
    """Read the orphans among some keys; one that is not there is left out."""
    targets = [(key, Target(*named)) for key in sorted({*keys}) if (named := orphan_of(key)) is not None]
    found: dict[Key, _Read | ServiceError] = {}
    for start in range(0, len(targets), _AT_ONCE):
        batch = targets[start : start + _AT_ONCE]
        answers = run.session.wait(_read(run.session.view, [target for _, target in batch]))
        for (key, target), answer in zip(batch, answers, strict=True):
            match answer:
                case ResourceNotFound():
                    continue
                case ServiceError():
                    found[key] = answer
                case body:
                    kind = target.resource_type
                    found[key] = _Read(kind, resource_of(run.session.view, kind, body), _is_seen(run, kind, body))
    return found


async def _read(view: ServiceView, targets: Sequence[Target]) -> list[Json | ServiceError]:
    return list(await asyncio.gather(*(_read_one(view, target) for target in targets)))


async def _read_one(view: ServiceView, target: Target) -> Json | ServiceError:
    try:
        return await view.read(target)
    except ServiceError as error:
        if is_temporary(error):
            raise
        return error  # it does not stop the others


def _not_read(refused: Mapping[Key, ServiceError]) -> Finding:
    names = tuple(" ".join(named) for key in refused if (named := orphan_of(key)) is not None)
    why = sorted({short_name_of(error) for error in refused.values()})
    return Finding(
        rule="orphan-not-read",
        severity=Severity.HOLD,
        message=f"Orphaned resources that the service does not show one by one, {len(names)} in all, left alone: "
        f"{', '.join(names[:_NAMED])}{f' and {len(names) - _NAMED} more' if len(names) > _NAMED else ''} "
        f"({', '.join(why)}).",
        remedy="Look at them in the service's console, by type and id; the next run asks for them again.",
        subjects=names,
    )


def _is_seen(run: Run, kind: ResourceType, body: Json) -> bool:
    """Say whether our own filter sees a resource; one that cannot be understood here is the service's to judge."""
    parsed = parse(filter_of(run, kind)) if filter_of(run, kind) else None
    return matches(parsed.root, body) if isinstance(parsed, ParsedFilter) else True


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

    An entry that could not be mapped may have any externalId, where that is mapped from something else than the anchor.
    """
    is_all_mapped = not any(count for scope, count in believed.held_by_mapping.items() if scope.resource_type is kind)
    for resource, keys in like_ours(run, kind, resources, is_filter_enough=is_all_mapped):
        if keys.isdisjoint(believed.holds.keys):
            yield resource
