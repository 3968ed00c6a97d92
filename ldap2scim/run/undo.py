"""Undo: what one run changed is taken back, as far as nobody has changed it again since.

The inverse of a run is worked out from the history: what stood before it and after it, held against what stands now.
What became something else since is left alone and named.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from ldap2scim.errors import StateError
from ldap2scim.essence import fingerprint, from_essence, to_essence
from ldap2scim.findings import named
from ldap2scim.model import Key
from ldap2scim.planning.accounts import Result
from ldap2scim.planning.attribute_changes import apply_changes, attribute_changes, changes_between
from ldap2scim.planning.operations import AttributeChange
from ldap2scim.planning.orphans import orphan_of
from ldap2scim.progress import Progress
from ldap2scim.run.conclusion import conclude
from ldap2scim.run.context import Mode, Run, open_run
from ldap2scim.run.decide_back import Asked
from ldap2scim.run.past import not_undone, way_back
from ldap2scim.run.past_lines import names_of
from ldap2scim.run.pipeline import settle
from ldap2scim.run.report import Report
from ldap2scim.run.service_view import LOGIN
from ldap2scim.settings import Settings
from ldap2scim.state import mended, remembered
from ldap2scim.state.history import HistoryLine, HistoryReader, PastState
from ldap2scim.state.history_entries import Kind, inverse
from ldap2scim.state.runs import RunRecord
from ldap2scim.state.snapshot_rows import SnapshotRow, Status
from ldap2scim.state.store import Store

Why = str

GONE_SINCE: Final = "they are not at the service any more"
BACK_SINCE: Final = "they came back since"
CHANGED_SINCE: Final = "a later run or somebody else changed the same attributes since"
LEFT_SINCE: Final = "they have left since"
WAS_LEFT: Final = "they had left before that run already, and an account that is gone is not made to be disabled"
RE_CREATED: Final = "their entry was re-created, and which entry a resource belongs to is not taken back"
STAYS_MANAGED: Final = (
    "they were at the service before and were adopted; their attributes go back to what they were, but they stay ours"
)


@dataclass(frozen=True, slots=True)
class Net:
    """What one run made of one person or group, all its operations together."""

    before: SnapshotRow | None
    after: SnapshotRow | None
    found: tuple[AttributeChange, ...] = ()
    """What an adoption brought in step."""
    re_created: bool = False
    adopted: bool = False


@dataclass(slots=True)
class Inverse:
    """The state to go back to, and what cannot be taken back, by reason."""

    rows: dict[Key, SnapshotRow | None] = field(default_factory=dict)
    pairs: dict[tuple[Key, Key], bool] = field(default_factory=dict)
    left_alone: defaultdict[Why, list[str]] = field(default_factory=lambda: defaultdict(list))

    @property
    def wanted(self) -> PastState:
        """Return the state, told by how it differs from the present."""
        return PastState(self.rows, self.pairs)


def undo(  # noqa: PLR0913 - as of `synchronise`, with the run and what was released
    settings: Settings,
    of_run: str,
    mode: Mode,
    asked: Asked | None = None,
    *,
    progress: Progress | None = None,
    now: datetime | None = None,
) -> Report:
    """Take back what a run changed: in `Mode.PLAN` show it, in `Mode.APPLY` carry it out.

    Args:
        settings: of the administrator.
        of_run: the run's full id.
        mode: what may be done.
        asked: what a person has released of this very way back.
        progress: who is told how far it has come.
        now: the time of evaluation; None: the present.

    Raises:
        StateError: there is no such run, it changed nothing, or its history is not kept any more.
        PlanRefused: what was released is another plan; nothing was done.
        Ldap2ScimError: nothing could be decided; the service and the snapshot are as they were.
    """
    with open_run(settings, mode, progress=progress, now=now) as run:
        reader = HistoryReader(run.store)
        reader.require(_record(run, of_run).started_at)
        settle(run)
        lines = reader.of_run(of_run)
        orphans = _orphans_removed(run, lines)
        _require_changes(run, of_run, lines, orphans)
        if orphans:
            run.note(not_undone("they were orphans, of which nothing is remembered", orphans))
        taken_back = inverse_of(run.store, lines)
        run.note(*(not_undone(why, names) for why, names in sorted(taken_back.left_alone.items())))
        way = way_back(run, taken_back.wanted, asked)
        if mode is Mode.PLAN or way.decision.plan.operations:
            mended.record(run.lease, run.run_id, of_run=of_run)
        said = conclude(run, (), way.believed.sums, way.decision)
        return replace(said, gone_back=f"nothing of run {of_run[:8]} is left to take back")


def _record(run: Run, run_id: str) -> RunRecord:
    record = run.state.runs.run(run_id)
    if record is None:
        raise StateError(f"The state knows no run {run_id}.", "`ldap2scim history` lists the runs.")
    if record.mode != Mode.APPLY.value:
        raise StateError(
            f"Run {run_id} was a dry run and changed nothing.", "`ldap2scim history` says which runs changed something."
        )
    return record


def _orphans_removed(run: Run, lines: Sequence[HistoryLine]) -> Sequence[str]:
    """Return the names of orphans that a person had released, and the run removed."""
    keys = [line.key for line in lines if orphan_of(line.key) is not None and line.outcome == Result.APPLIED.value]
    return sorted(names_of(run.store, keys).values())


def _require_changes(run: Run, of_run: str, lines: Sequence[HistoryLine], orphans: Sequence[str]) -> None:
    """Refuse a run that changed nothing, unless something of it is in doubt still, which a dry run does not settle."""
    if all(line.kind is Kind.NOTHING for line in lines) and not any(
        doubt.run_id == of_run for doubt in run.state.journal.in_doubt()
    ):
        if orphans:
            raise StateError(
                f"Run {of_run} removed orphans alone, of which nothing is remembered: {named(orphans, between=', ')}.",
                "Enable them again in the service's console; what was deleted cannot be brought back from here.",
            )
        raise StateError(f"Run {of_run} changed nothing.", "`ldap2scim history` says which runs changed something.")


def inverse_of(store: Store, lines: Sequence[HistoryLine]) -> Inverse:
    """Return what takes the lines of one run back, as far as they still stand."""
    nets = _nets(lines)
    present = remembered.rows(store, nets)
    removed = [net.before for key, net in nets.items() if net.before is not None and key not in present]
    heirs = remembered.heirs(store, removed)
    found = Inverse()
    for key, net in nets.items():
        _take_back(key, net, present.get(key), found, heirs.get(key))
    _take_members_back(store, lines, found)
    return found


def _nets(lines: Sequence[HistoryLine]) -> dict[Key, Net]:
    """Return what a run made of each, in the keys that they had after it."""
    nets: dict[Key, Net] = {}
    for line in lines:
        if line.kind in {Kind.NOTHING, Kind.MEMBERS}:
            continue
        if line.kind is Kind.GONE and line.outcome == Result.FAILED.value:
            continue  # somebody else had removed it; the run only found out
        so_far = nets.get(line.key)
        before = so_far.before if so_far is not None else line.before
        nets[line.key] = Net(
            before,
            line.after,
            found=line.changes if line.found else so_far.found if so_far is not None else (),
            re_created=line.kind is Kind.RENAMED or (so_far is not None and so_far.re_created),
            adopted=line.found or (so_far is not None and so_far.adopted),
        )
    return nets


def _take_back(key: Key, net: Net, now: SnapshotRow | None, found: Inverse, heir: SnapshotRow | None) -> None:
    """Find what takes one net back; `heir` is the row of a re-created entry that took the resource over since."""
    name = _name(net.after or net.before or now, key)
    before, after = net.before, net.after
    if net.re_created:
        found.left_alone[RE_CREATED].append(name)
        if before is None or after is None or before.service_id != after.service_id:
            return
    if net.adopted and now is not None:
        found.left_alone[STAYS_MANAGED].append(name)
        _attributes_back(name, net.found, now, found)
    elif before is None:
        if now is not None and now.status is Status.MANAGED:
            found.rows[key] = None
    elif after is not None and before.status is after.status:
        _attributes_back(name, attribute_changes(before.essence, after.essence), now, found)
    elif before.status is Status.LEFT:
        _left_again(key, name, now, found)
    else:
        _back_again(key, name, before, now or heir, found)


def _back_again(key: Key, name: str, before: SnapshotRow, now: SnapshotRow | None, found: Inverse) -> None:
    """Bring back somebody whom the run removed."""
    if now is not None and now.status is Status.MANAGED:
        found.left_alone[BACK_SINCE].append(name)
        return
    found.rows[key] = replace(before, key=key)


def _left_again(key: Key, name: str, now: SnapshotRow | None, found: Inverse) -> None:
    """Remove somebody whom the run had brought back, or remembered only as one who had left."""
    if now is None:
        found.left_alone[WAS_LEFT].append(name)
    elif now.status is Status.MANAGED:
        found.rows[key] = None


def _attributes_back(name: str, changes: Sequence[AttributeChange], now: SnapshotRow | None, found: Inverse) -> None:
    """Give attributes their old values, where they still have the ones that the run gave them."""
    if not changes:
        return
    if now is None or now.status is Status.LEFT:
        found.left_alone[GONE_SINCE if now is None else LEFT_SINCE].append(name)
        return
    attributes = from_essence(now.essence)
    standing = [change for change in changes if _stands(attributes, change)]
    if len(standing) < len(changes) and any(not _is_old(attributes, one) for one in changes if one not in standing):
        found.left_alone[CHANGED_SINCE].append(name)
    if standing:
        essence = to_essence(apply_changes(attributes, inverse(standing)))
        found.rows[now.key] = _with_essence(now, essence)


def _stands(attributes: Mapping[str, object], change: AttributeChange) -> bool:
    """Say whether an attribute still has the value that the run gave it."""
    return _is(attributes, change.path, change.new)


def _is_old(attributes: Mapping[str, object], change: AttributeChange) -> bool:
    return _is(attributes, change.path, change.old)


def _is(attributes: Mapping[str, object], path: str, value: object) -> bool:
    as_it_would_be = apply_changes(attributes, (AttributeChange(path, None, value),))  # type: ignore[arg-type]
    return not changes_between(attributes, as_it_would_be)  # type: ignore[arg-type]


def _with_essence(row: SnapshotRow, essence: str) -> SnapshotRow:
    attributes = from_essence(essence)
    external_id, login = attributes.get("external_id"), attributes.get(LOGIN[row.resource_type])
    return replace(
        row,
        essence=essence,
        fingerprint=fingerprint(essence),
        external_id=None if external_id is None else str(external_id),
        login=None if login is None else str(login),
    )


def _take_members_back(store: Store, lines: Sequence[HistoryLine], found: Inverse) -> None:
    """Move members back who are still where the run put them."""
    first: dict[tuple[Key, Key], bool] = {}
    last: dict[tuple[Key, Key], bool] = {}
    for line in lines:
        entered = ((line.key, member) for member in line.added)
        left = [(line.key, member) for member in line.removed]
        left += [(group, line.key) for group in line.was_in]
        for pairs, there in ((entered, True), (left, False)):
            for pair in pairs:
                first.setdefault(pair, not there)
                last[pair] = there
    moved = [pair for pair in first if first[pair] is not last[pair]]
    present = {group: frozenset(remembered.members_of(store, group)) for group in {group for group, _ in moved}}
    again: dict[Key, int] = defaultdict(int)
    for group, member in moved:
        if (member in present[group]) is last[group, member]:
            found.pairs[group, member] = first[group, member]
        else:
            again[group] += 1
    if again:
        rows = remembered.rows(store, again)
        found.left_alone[f"members of these groups ({sum(again.values())} of them) were moved again since"] += [
            _name(rows.get(group), group) for group in again
        ]


def _name(row: SnapshotRow | None, key: Key) -> str:
    return (row.login if row is not None else None) or str(key)
