"""Drift of what changed: the service is asked for what it changed since a look that found it as it was left.

A service that cannot be asked so is not believed to have no changes: it has to find a resource of ours by the moment of
its last change first. Nothing is changed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from ldap2scim.errors import RequestRejected, ResourceNotFound, ServiceError, StateError
from ldap2scim.findings import Finding, Severity
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.drift_policy import Edit, Repair
from ldap2scim.planning.frames import ABSENT
from ldap2scim.planning.removals import plural
from ldap2scim.planning.render_drift import drift_document
from ldap2scim.planning.three_way import Moved
from ldap2scim.progress import Progress
from ldap2scim.run.believe import Believed, believe
from ldap2scim.run.context import Mode, Run, open_run
from ldap2scim.run.drift import LOOK, Drift, exit_code, refused
from ldap2scim.run.drift_sample import edits_in, managed_by_us
from ldap2scim.run.extract import Unread
from ldap2scim.run.last_look import LastLook, compared_everything, last_look, ours_listed, remember_look
from ldap2scim.run.pipeline import look
from ldap2scim.run.reading import Read
from ldap2scim.run.service_view import LOGIN_ON_WIRE, shows_active
from ldap2scim.scim.filter_match import values_of
from ldap2scim.scim.filter_parser import ParsedFilter, parse
from ldap2scim.scim.filters import eq, operators
from ldap2scim.scim.habits import MembersShown
from ldap2scim.scim.layout import member_of
from ldap2scim.scim.provider import Json
from ldap2scim.scim.requests import Page, Target, list_page
from ldap2scim.scim.wire import service_id
from ldap2scim.settings import Settings
from ldap2scim.state import remembered
from ldap2scim.state.snapshot_rows import Status

OVERLAP: Final = timedelta(minutes=15)
"""How much earlier than the last look is asked for: clocks of two machines differ, and to look twice does no harm."""
_INSTEAD: Final = "Use `ldap2scim drift`, which reads everything, or `drift --sample N`."


@dataclass(frozen=True, slots=True)
class _Changed:
    """What the service changed of one kind, and how many it has."""

    kind: ResourceType
    bodies: Mapping[str, Json]
    """By id."""
    total: int | None


def drift_since_last(settings: Settings, *, progress: Progress | None = None) -> Drift:
    """Read the directories, and of the service what changed since it was last found as it was left.

    Raises:
        Ldap2ScimError: one side cannot be read, or the service cannot be asked for what changed.
    """
    with open_run(settings, Mode.PLAN, progress=progress) as run:
        last = look_to_go_on_from(run)
        reads, _ = look(run)
        believed = believe(run, reads)
        return refused(run) if believed.stops else since(run, reads, believed, last)


def look_to_go_on_from(run: Run) -> LastLook:
    """Return the last look that found the service as it was left.

    Raises:
        StateError: there is none, or none under these settings.
    """
    last = last_look(run)
    if last is None:
        raise StateError(
            "No look at the whole service found it as it was left, under the settings of today.",
            "Run `ldap2scim drift` once, and repair what it finds with `ldap2scim recover --apply`; "
            "what it holds of ours has to be mended before.",
        )
    return last


def since(run: Run, reads: tuple[Read | Unread, ...], believed: Believed, last: LastLook) -> Drift:
    """Say what differs in what changed since a look.

    Raises:
        ServiceError: it cannot be read, or cannot be asked for what changed.
        StateError: the state cannot be read.
    """
    kinds = [ResourceType.USER, *([ResourceType.GROUP] if run.settings.synchronises_groups else [])]
    changed = [_changed(run, kind, last.at - OVERLAP) for kind in kinds]
    edits = tuple(edit for one in changed for edit in _edits(run, believed, one))
    missing = tuple(finding for one in changed for finding in _missing(run, one, last))
    run.note(*missing)
    differs = bool(missing) or any(one.differs for one in edits)
    held = any(one.severity is not Severity.NOTE for one in run.findings)
    seen = " and ".join(plural(one.kind, len(one.bodies)) for one in changed)
    told = (
        f"Looked at what changed at the service since {last.at:%Y-%m-%d %H:%M} UTC, whoever did it: {seen}.",
        "Not seen by this: who was deleted, but for the number; members that the service does not count as a change.",
    )
    shown = drift_document((), run.findings, edits)
    if missing and not edits:
        shown = replace(shown, lines=("Different: see the findings.",))
    code = exit_code(reads, held=held, differs=differs)
    found = Drift(replace(shown, lines=(*told, *shown.lines)), code, differs, edits, tuple(run.findings))
    left_alone = believed.holds.keys | believed.undecided
    if found.is_as_left and all(isinstance(one, Read) for one in reads) and compared_everything(run, left_alone):
        remember_look(run, {one.kind: one.total for one in changed if one.total is not None})
    run.looked(LOOK, code)
    return found


def _changed(run: Run, kind: ResourceType, moment: datetime) -> _Changed:
    like = _witness(run, kind)
    bodies = {} if like is None else _listed(run, kind, f'meta.lastModified ge "{_written(moment, like)}"')
    return _Changed(kind, bodies, _total(run, kind))


def _witness(run: Run, kind: ResourceType) -> str | None:
    """Return when a resource of ours was changed last, once the service was seen to find it by that.

    None: nothing of that kind is managed.

    Raises:
        ServiceError: the service cannot find it so, or has none of those that it is known to have.
    """
    witnesses = run.session.view.witnesses.get(kind, ())
    for identifier in witnesses:
        try:
            body = run.session.wait(run.session.view.read(Target(kind, identifier)))
        except ResourceNotFound:
            continue
        modified = _told("meta.lastModified", body)
        if not _is_moment(modified):
            raise _cannot(f"does not say when a {kind.value.lower()} was changed last (`meta.lastModified`)")
        # By its name: some services never search for an externalId.
        named = eq(LOGIN_ON_WIRE[kind], str(member_of(body, LOGIN_ON_WIRE[kind])))
        if identifier not in _listed(run, kind, f'{named} and meta.lastModified ge "{modified}"'):
            raise _cannot(f"does not find a {kind.value.lower()} by the moment of its last change")
        return modified
    if witnesses:
        raise _cannot(f"does not have any {kind.value.lower()} that was asked for and that it is known to have")
    return None


def _listed(run: Run, kind: ResourceType, condition: str) -> Mapping[str, Json]:
    own = _own_filter(run, kind)
    wanted = f"({own}) and {condition}" if own else condition
    parsed, view = parse(wanted), run.session.view
    used = operators(parsed.root) if isinstance(parsed, ParsedFilter) else frozenset()
    if not view.capabilities.filter or not used <= view.profile.filter_operators:
        raise _cannot(f"does not know every operator of `{wanted}`")

    async def gather() -> list[Json]:
        return [body async for body in view.service.list_all(kind, wanted)]

    try:
        bodies = run.session.wait(gather())
    except RequestRejected as error:
        raise _cannot(f"refuses the filter `{wanted}` ({error.message})") from error
    return {service_id(body) or "": body for body in bodies}


def _total(run: Run, kind: ResourceType) -> int | None:
    page = Page(count=1, scim_filter=_own_filter(run, kind) or None)
    answer = run.session.wait(run.session.view.service.send(list_page(kind, page, run.session.view.profile)))
    total = member_of(answer.body or {}, "totalResults")
    return total if isinstance(total, int) else None


def _own_filter(run: Run, kind: ResourceType) -> str:
    service = run.settings.service
    return service.user_filter if kind is ResourceType.USER else service.group_filter


def _edits(run: Run, believed: Believed, changed: _Changed) -> Iterator[Edit]:
    kind, bodies = changed.kind, changed.bodies
    chosen = [one for one in managed_by_us(run, believed) if one.resource_type is kind and one.service_id in bodies]
    shown = bodies
    if kind is ResourceType.GROUP and run.session.view.profile.members_shown is MembersShown.ONE_GROUP:
        shown = {
            one.service_id: run.session.wait(run.session.view.read(Target(kind, one.service_id))) for one in chosen
        }
    yield from edits_in(run, believed, [(one, shown[one.service_id]) for one in chosen])
    known = remembered.keys_by_service_id(run.store, kind)
    managed = {key for key, status in known.values() if status is Status.MANAGED}
    frame = believed.desired.users if kind is ResourceType.USER else believed.desired.groups
    wanted = dict(zip(frame["external_id"], zip(frame["key"], frame["dn"], strict=True), strict=True))
    wanted.pop(ABSENT, None)
    for identifier, body in bodies.items():
        name = str(member_of(body, "userName") or member_of(body, "displayName") or identifier)
        if identifier in known:
            if known[identifier][1] is Status.LEFT and shows_active(body):
                yield Edit(kind, name, "activated, and has left", Moved.SERVICE, Repair.OVERWRITE)
            continue
        key, dn = wanted.get(str(member_of(body, "externalId") or ABSENT), ("", ""))
        if Key(key) in managed:
            yield Edit(kind, name, "another one with our externalId", Moved.SERVICE, Repair.REPORT)
        elif key:
            yield Edit(kind, dn, "created with our externalId", Moved.SERVICE, Repair.OVERWRITE)


def _missing(run: Run, changed: _Changed, last: LastLook) -> Iterator[Finding]:
    """Yield that there are fewer than ours, those of others at the last look, and what others have made since."""
    then = last.others.get(changed.kind)
    if changed.total is None or then is None:
        return
    known = remembered.keys_by_service_id(run.store, changed.kind)
    new = [body for identifier, body in changed.bodies.items() if identifier not in known and _is_new(body, last.at)]
    fewer = ours_listed(run, changed.kind) + then + len(new) - changed.total
    if fewer > 0:
        yield Finding(
            rule="fewer-at-the-service",
            severity=Severity.NOTE,
            message=f"The service has {plural(changed.kind, fewer)} fewer than it should have: somebody deleted some "
            "there, of ours or of others.",
            remedy="`ldap2scim drift` reads everything and says who is missing.",
        )


def _is_new(body: Json, moment: datetime) -> bool:
    created = _told("meta.created", body)
    return _is_moment(created) and datetime.fromisoformat(created) > moment


def _told(path: str, body: Json) -> str:
    return next((str(value) for value in values_of(path, body)), "")


def _is_moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _written(moment: datetime, like: str) -> str:
    """Return a moment in the zone and precision of the service: some compare such values as text."""
    written = moment.astimezone(datetime.fromisoformat(like).tzinfo)
    text = written.isoformat(timespec="milliseconds" if "." in like else "seconds")
    return text.replace("+00:00", "Z") if like.endswith("Z") else text


def _cannot(why: str) -> ServiceError:
    return ServiceError(f"What changed cannot be asked of this service: it {why}.", _INSTEAD)
