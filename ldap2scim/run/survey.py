"""Survey: the service is read in full, and every resource held against what we know and want.

Needed where the snapshot cannot be trusted or does not exist: the first run, `recover`, `drift`. Nothing here writes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from ldap2scim.essence import from_essence
from ldap2scim.findings import Finding, Severity
from ldap2scim.model import Attributes, Key, ResourceType, Scope, directory_of
from ldap2scim.planning.correlate import Correlation, PreviousRow, ServiceResource, correlate
from ldap2scim.planning.drift_policy import Edit
from ldap2scim.planning.frames import Status
from ldap2scim.planning.matching import count_by_directory
from ldap2scim.planning.removals import plural
from ldap2scim.planning.states import Edges, KnownState, LoginMatch
from ldap2scim.planning.three_way import Moved
from ldap2scim.run.believe import Believed
from ldap2scim.run.context import Run
from ldap2scim.run.likely_ours import waiting
from ldap2scim.run.nesting import nested_groups
from ldap2scim.run.observed import managed_by_any, resource_like
from ldap2scim.run.service_view import ShownMember, foreign_key, shown_members
from ldap2scim.run.settle import in_doubt
from ldap2scim.run.three_ways import DELETED, Seen, three_ways
from ldap2scim.run.unshown_members import unshown_members
from ldap2scim.scim.layout import member_of
from ldap2scim.scim.provider import Json
from ldap2scim.scim.wire import service_id
from ldap2scim.state import remembered

_PAGE = 500
EDITED = "edited-at-the-service"


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """What a full read of the service says."""

    known: KnownState
    essences: Mapping[Key, str]
    """What the service holds of each known row, by its key."""
    correlations: tuple[Correlation, ...]
    resources: Mapping[ResourceType, int]
    """How many the service listed."""
    holds: frozenset[Key]
    findings: tuple[Finding, ...]
    edits: tuple[Edit, ...] = ()
    """In what service and directory differ, by which side moved; what the policy leaves alone is not in `known`."""

    @property
    def unadopted(self) -> frozenset[Key]:
        """Return the entries that something at the service may belong to, and that are not managed before it is so."""
        frames = (self.known.users, self.known.groups)
        found = (key for frame in frames for key in frame["key"][frame["status"] == Status.FOUND])
        return frozenset(map(Key, found)) | self.known.login_matches.keys() | self.holds

    @property
    def orphaned(self) -> Mapping[ResourceType, Sequence[ServiceResource]]:
        """Return what has an externalId that no entry has, and is not managed."""
        return {kind: one.orphaned for kind, one in zip(ResourceType, self.correlations, strict=True)}

    @property
    def managed(self) -> Mapping[Scope, int]:
        """Count what is managed and there, by directory and kind."""
        frames = ((ResourceType.USER, self.known.users), (ResourceType.GROUP, self.known.groups))
        return {
            Scope(directory, kind): count
            for kind, frame in frames
            for directory, count in count_by_directory(frame["key"][frame["status"] == Status.MANAGED]).items()
        }


@dataclass(slots=True)
class _Listed:
    resources: list[ServiceResource] = field(default_factory=list)
    members: dict[str, list[ShownMember]] = field(default_factory=dict)
    """Group id → its members."""


def survey(run: Run, believed: Believed) -> Survey:
    """Read the whole service inside the instance's filters, to the proven end, and correlate.

    Raises:
        ServiceError: it cannot be read, or not completely; nothing is concluded.
    """
    desired = {ResourceType.USER: believed.desired.users, ResourceType.GROUP: believed.desired.groups}
    listed = {kind: run.session.wait(_list(run, kind, desired[kind])) for kind in ResourceType}
    correlations = {
        kind: correlate(kind, listed[kind].resources, _previous(run, kind), desired[kind]) for kind in ResourceType
    }
    users, groups = correlations[ResourceType.USER], correlations[ResourceType.GROUP]
    matches: dict[Key, LoginMatch] = {**users.login_matches, **groups.login_matches}
    strangers = {kind: _strangers(run, kind, correlations[kind]) for kind in ResourceType}
    undecided = believed.undecided
    edges = _edges(listed[ResourceType.GROUP], correlations, strangers, undecided, nested_groups(run.settings).kept)
    nobodys = frozenset(key for of_kind in strangers.values() for key in of_kind.values())
    known = KnownState(users.known, groups.known, edges, matches, nobodys)
    essences: dict[Key, str] = {}
    for kind in ResourceType:
        by_id = {resource.service_id: resource.essence for resource in listed[kind].resources}
        frame = correlations[kind].known
        essences.update(
            (Key(key), by_id[identifier])
            for key, identifier in zip(frame["key"].tolist(), frame["service_id"].tolist(), strict=True)
        )
    findings = [finding for one in correlations.values() for finding in one.findings]
    held = believed.holds.keys | users.holds | groups.holds | in_doubt(run)
    seen = three_ways(run, believed.desired, Seen(known, essences, correlations, held))
    findings += [*_orphaned(correlations), *_gone(run, correlations), *_edited(seen.edits)]
    return Survey(
        known=seen.known,
        essences=seen.essences,
        correlations=tuple(correlations.values()),
        resources={kind: len(listed[kind].resources) for kind in ResourceType},
        holds=users.holds | groups.holds,
        findings=tuple(findings),
        edits=seen.edits,
    )


async def _list(run: Run, kind: ResourceType, desired: pd.DataFrame) -> _Listed:
    if kind is ResourceType.GROUP and not run.settings.synchronises_groups:
        return _Listed()
    view, listed = run.session.view, _Listed()
    service = run.settings.service
    scim_filter = service.user_filter if kind is ResourceType.USER else service.group_filter
    listing = _Listing(run, kind, desired)
    run.progress.begin(f"reading {kind.value.lower()}s of the service")
    page: list[Json] = []
    async for body in view.service.list_all(kind, scim_filter or None):
        page.append(body)
        if len(page) == _PAGE:
            listing.take(page, listed)
            page = []
    if page:
        listing.take(page, listed)
    listed.members.update(await unshown_members(run, listed.members))
    run.progress.end()
    return listed


class _Listing:
    """Turns resources into rows, page by page, so that no body outlives its page."""

    def __init__(self, run: Run, kind: ResourceType, desired: pd.DataFrame) -> None:
        self._run = run
        self._kind = kind
        self._desired = desired
        self._managed = managed_by_any(run.session.view, kind)

    @cached_property
    def _keys(self) -> Mapping[str, str]:
        """Return the key of each desired entry by its externalId; an empty service asks for none."""
        return dict(zip(self._desired["external_id"].tolist(), self._desired["key"].tolist(), strict=True))

    def take(self, page: Sequence[Json], listed: _Listed) -> None:
        """Add one page."""
        self._run.progress.advance(len(page))
        wanted = [self._keys.get(str(member_of(body, "externalId"))) for body in page]
        like = self._run.state.image.essences([Key(key) for key in wanted if key is not None])
        for body, key in zip(page, wanted, strict=True):
            order: Attributes = from_essence(like[Key(key)]) if key is not None and key in like else {}
            listed.resources.append(resource_like(self._run.session.view, self._kind, body, self._managed, order))
            if self._kind is ResourceType.GROUP:
                listed.members[service_id(body) or ""] = shown_members(body)


def _previous(run: Run, kind: ResourceType) -> Mapping[str, PreviousRow]:
    rows = remembered.keys_by_service_id(run.store, kind)
    return {identifier: PreviousRow(key, Status(status.value)) for identifier, (key, status) in rows.items()}


def _strangers(run: Run, kind: ResourceType, correlation: Correlation) -> Mapping[str, Key]:
    """Return, by id, who does not belong into groups of ours: nobody's resources, and ids of ours that are no more.

    What the service's filter does not show us is not ours to take out of a group, nor is who may be ours and waits.
    """
    nobodys = {one.service_id for one in (*correlation.orphaned, *correlation.foreign)}
    gone = (identifier for identifier, _ in correlation.gone)
    left_alone = waiting(run, kind, correlation.orphaned)
    return {identifier: foreign_key(identifier) for identifier in (*sorted(nobodys - left_alone), *gone)}


def _edges(
    listed: _Listed,
    correlations: Mapping[ResourceType, Correlation],
    strangers: Mapping[ResourceType, Mapping[str, Key]],
    undecided: frozenset[Key],
    kept: frozenset[str],
) -> Edges:
    """Return the memberships of groups that are ours.

    In a group with a member that is held, a stranger may be just that one, and is left alone. A group in a group is
    ours only where the directory's nesting is kept.
    """
    ours: dict[ResourceType, Mapping[str, str]] = {}
    everybody: dict[ResourceType, Mapping[str, str]] = {}
    for kind in ResourceType:
        frame = correlations[kind].known
        ours[kind] = dict(zip(frame["service_id"].tolist(), frame["key"].tolist(), strict=True))
        everybody[kind] = {**ours[kind], **strangers[kind]}
    groups = correlations[ResourceType.GROUP].known
    return Edges.of(
        (group, key)
        for group, identifier in zip(groups["key"], groups["service_id"], strict=True)
        for keys in (ours if group in undecided else everybody,)
        for kinds in (_BOTH if directory_of(group) in kept else _PEOPLE,)
        for member in listed.members.get(identifier, ())
        if (key := _key_of(member, keys, kinds)) is not None
    )


_PEOPLE = (ResourceType.USER,)
_BOTH = (ResourceType.USER, ResourceType.GROUP)


def _key_of(
    member: ShownMember, keys: Mapping[ResourceType, Mapping[str, str]], kinds: Sequence[ResourceType]
) -> str | None:
    """Return whose resource a member is; ids of users and groups may be the same at a service."""
    found = (keys[kind].get(member.service_id) for kind in kinds if member.resource_type in {kind, None})
    return next((key for key in found if key is not None), None)


def _orphaned(correlations: Mapping[ResourceType, Correlation]) -> Iterable[Finding]:
    for kind, correlation in correlations.items():
        if correlation.orphaned:
            names = tuple(resource.login for resource in correlation.orphaned)
            yield Finding(
                rule="orphaned",
                severity=Severity.NOTE,
                message=f"{plural(kind, len(names))} of the service with an externalId that no entry has, left alone: "
                f"{_some(names)}.",
                remedy="Remove them in the service's console if they are not wanted any more; what may be ours by its "
                "externalId is held in the plan, for a person to release.",
                subjects=names,
            )


def _gone(run: Run, correlations: Mapping[ResourceType, Correlation]) -> Iterable[Finding]:
    for kind, correlation in correlations.items():
        keys = [row.key for _, row in correlation.gone if row.status is Status.MANAGED]
        names = tuple(row.login or row.service_id for row in remembered.rows(run.store, keys).values())
        if names:
            yield Finding(
                rule="gone-from-the-service",
                severity=Severity.NOTE,
                message=f"{plural(kind, len(names))} that we manage and the service did not list, deleted there by "
                f"somebody or not seen by the filter any more: {_some(names)}.",
                remedy="`ldap2scim recover --apply` creates again those that are still in the directory.",
                subjects=names,
            )


def _edited(edits: Sequence[Edit]) -> Iterable[Finding]:
    by_hand = [one for one in edits if one.moved in {Moved.SERVICE, Moved.BOTH} and one.what != DELETED]
    if by_hand:
        lines = [f"{one.name}: {one.what}, {one.moved.value}, {one.done}" for one in by_hand]
        yield Finding(
            rule="edited-at-the-service",
            severity=Severity.NOTE,
            message=f"Edits that were made at the service, {len(by_hand)} in all: {_some(lines, between='; ')}.",
            remedy="`ldap2scim drift` shows all of them; the setting `drift` says what becomes of each attribute.",
            subjects=tuple(dict.fromkeys(one.name for one in by_hand)),
        )


def _some(names: Sequence[str], most: int = 5, between: str = ", ") -> str:
    shown = between.join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
