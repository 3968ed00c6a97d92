"""Drift of a few: some managed resources are read one by one and told as `drift` tells all. Nothing is changed.

The day chooses them, so that a run that is repeated looks at the same ones, and a week of runs at others each day.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

from ldap2scim.errors import ResourceNotFound
from ldap2scim.essence import from_essence
from ldap2scim.findings import Severity
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.drift_policy import MEMBERS, Edit, Repair
from ldap2scim.planning.render_drift import drift_document
from ldap2scim.planning.three_way import Moved, moves, pair_moves
from ldap2scim.progress import Progress
from ldap2scim.run.believe import Believed, believe
from ldap2scim.run.context import Mode, Run, open_run
from ldap2scim.run.drift import LOOK, Drift, exit_code, refused
from ldap2scim.run.extract import Unread
from ldap2scim.run.pipeline import look
from ldap2scim.run.reading import Read
from ldap2scim.run.service_view import shown_members
from ldap2scim.run.settle import in_doubt
from ldap2scim.run.three_ways import DELETED, edit_of
from ldap2scim.scim.habits import MembersShown
from ldap2scim.scim.provider import Json
from ldap2scim.scim.requests import Target
from ldap2scim.settings import Settings
from ldap2scim.state import remembered
from ldap2scim.state.snapshot_rows import Status

_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Chosen:
    """A managed resource whose entry is desired, and not left alone."""

    key: Key
    resource_type: ResourceType
    service_id: str
    name: str


def drift_of_sample(settings: Settings, count: int, *, progress: Progress | None = None) -> Drift:
    """Read the directories, and of the service `count` resources that we manage; fewer where there are fewer.

    Raises:
        Ldap2ScimError: one side cannot be read, or not completely.
    """
    with open_run(settings, Mode.PLAN, progress=progress) as run:
        reads, _ = look(run)
        believed = believe(run, reads)
        return refused(run) if believed.stops else sample_of(run, reads, believed, count)


def sample_of(run: Run, reads: tuple[Read | Unread, ...], believed: Believed, count: int) -> Drift:
    """Read `count` of the resources that we manage, and say what differs in them.

    Raises:
        ServiceError: one of them cannot be read.
        StateError: the state cannot be read.
    """
    everybody = list(managed_by_us(run, believed))
    chosen = sorted(everybody, key=lambda one: _lot(run, one.key))[:count]
    edits = tuple(_edits(run, believed, chosen))
    shown = drift_document((), run.findings, edits)
    told = f"A sample: {len(chosen)} of {len(everybody)} resources that we manage; nothing is said of the others."
    held = any(one.severity is not Severity.NOTE for one in run.findings)
    differs = any(one.differs for one in edits)
    code = exit_code(reads, held=held, differs=differs)
    run.looked(LOOK, code)
    return Drift(replace(shown, lines=(told, *shown.lines)), code, differs, edits, tuple(run.findings))


def _lot(run: Run, key: Key) -> bytes:
    return blake2b(f"{run.now.date()}:{key}".encode(), digest_size=8).digest()


def managed_by_us(run: Run, believed: Believed) -> Iterator[Chosen]:
    """Yield what is managed and desired; nothing of what is held or in doubt."""
    held = believed.holds.keys | in_doubt(run)
    desired = believed.desired
    for kind, frame in ((ResourceType.USER, desired.users), (ResourceType.GROUP, desired.groups)):
        names = dict(zip(frame["key"], frame["dn"], strict=True))
        for service_id, (key, status) in remembered.keys_by_service_id(run.store, kind).items():
            if status is Status.MANAGED and key in names and key not in held:
                yield Chosen(key, kind, service_id, names[key])


def _edits(run: Run, believed: Believed, chosen: Sequence[Chosen]) -> Iterator[Edit]:
    for start in range(0, len(chosen), _AT_ONCE):
        batch = chosen[start : start + _AT_ONCE]
        yield from edits_in(run, believed, zip(batch, run.session.wait(_read(run, batch)), strict=True))


def edits_in(run: Run, believed: Believed, seen: Iterable[tuple[Chosen, Json | None]]) -> Iterator[Edit]:
    """Yield in what resources differ from what was confirmed of them, and from their entries.

    Args:
        run: the run.
        believed: the directory.
        seen: a few resources as the service shows them; None: proven to be gone.

    Raises:
        StateError: the state cannot be read.
    """
    bodies = list(seen)
    keys = [one.key for one, _ in bodies]
    confirmed, wanted = run.state.snapshot.essences(keys), run.state.image.essences(keys)
    for one, body in bodies:
        if body is None:
            yield Edit(one.resource_type, one.name, DELETED, Moved.SERVICE, Repair.OVERWRITE)
            continue
        want = from_essence(wanted[one.key])
        held = run.session.view.held_of(one.key, one.resource_type, body, want)
        for move in moves(from_essence(confirmed[one.key]), want, held):
            yield edit_of(run.settings.drift, one.resource_type, one.name, move)
        if one.resource_type is ResourceType.GROUP:
            yield from _members(run, believed, one, body)


async def _read(run: Run, batch: Sequence[Chosen]) -> list[Json | None]:
    return list(await asyncio.gather(*(_read_one(run, one) for one in batch)))


async def _read_one(run: Run, one: Chosen) -> Json | None:
    """Return a resource; None where it is proven to be gone (DESIGN §6)."""
    view, target = run.session.view, Target(one.resource_type, one.service_id)
    try:
        return await view.read(target)
    except ResourceNotFound:
        if await view.is_gone(target):
            return None
        raise


def _members(run: Run, believed: Believed, group: Chosen, body: Json) -> Iterator[Edit]:
    """Yield how members of a group moved, by their ids at the service; of who has none nothing is said."""
    if run.session.view.profile.members_shown is MembersShown.NOWHERE or group.key in believed.undecided:
        return
    edges = believed.desired.members
    wanting = [Key(key) for of, key in zip(edges.group, edges.member, strict=True) if of == group.key]
    were = remembered.members_of(run.store, group.key)
    ids = run.state.snapshot.service_ids([*wanting, *were])
    left_alone = {ids[key] for key in believed.holds.keys if key in ids}
    want, was = ({ids[key] for key in keys if key in ids} - left_alone for keys in (wanting, were))
    shown = shown_members(body)
    has = {one.service_id for one in shown if one.resource_type is not ResourceType.GROUP or one.service_id in want}
    found = pair_moves(was, want, has - left_alone)
    repair = run.settings.drift.of(ResourceType.GROUP, MEMBERS)
    for moved, more, fewer, done in (
        (Moved.SERVICE, found.added, found.removed, repair),
        (Moved.DIRECTORY, found.entering, found.leaving, Repair.OVERWRITE),
    ):
        counts = [f"{sign}{len(some)}" for sign, some in (("+", more), ("−", fewer)) if some]
        if counts:
            yield Edit(ResourceType.GROUP, group.name, f"members {' '.join(counts)}", moved, done)
