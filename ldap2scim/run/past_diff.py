"""What differs between the states of the service, as we knew it, at the ends of two runs."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from ldap2scim.errors import StateError
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.attribute_changes import attribute_changes
from ldap2scim.planning.document import MOST_ROWS, Document, Table, harmless
from ldap2scim.planning.operations import AttributeChange
from ldap2scim.planning.render_operations import moved_members
from ldap2scim.run.past_lines import Values, changes_in_words, names_of
from ldap2scim.state import remembered
from ldap2scim.state.history import HistoryReader, PastState
from ldap2scim.state.runs import RunRecord, RunsReader
from ldap2scim.state.schema import history, journal
from ldap2scim.state.snapshot_rows import SnapshotRow, Status
from ldap2scim.state.store import Store


@dataclass(frozen=True, slots=True)
class Differing:
    """One person or group that differs."""

    key: Key
    who: str
    resource_type: ResourceType
    how: str
    """`new`, `gone`, `left`, `came back`, `changed`, `members`."""
    changes: tuple[AttributeChange, ...] = ()
    entered: tuple[str, ...] = ()
    """Names of members that the second state has and the first has not."""
    left: tuple[str, ...] = ()

    def plain(self, values: Values) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "key": self.key,
            "who": self.who,
            "type": self.resource_type.value,
            "how": self.how,
            "what": list(changes_in_words(self.changes, values)),
            "entered": list(self.entered),
            "left": list(self.left),
        }


def difference(store: Store, first: str, second: str) -> tuple[Differing, ...]:
    """Return what the state at the end of the second run has other than the one at the end of the first.

    Sorted by how it differs, type and name.

    Raises:
        StateError: one of the runs is not known, or was before the history begins.
    """
    states = [HistoryReader(store).state_as_of(_end(store, run_id)) for run_id in (first, second)]
    keys = {key for state in states for key in state.rows}
    present: Mapping[Key, SnapshotRow] = remembered.rows(store, keys)
    before, after = ({key: state.rows.get(key, present.get(key)) for key in keys} for state in states)
    pairs = _pairs(store, *states)
    names = names_of(
        store, {*keys, *(key for pair in pairs for key in pair)}, rows={key: after[key] or before[key] for key in keys}
    )
    found: list[Differing] = []
    for key in sorted(keys):
        one, other = before[key], after[key]
        row, how = other or one, _how(one, other)
        if row is not None and how is not None:
            found.append(Differing(key, names[key], row.resource_type, how, _changes(one, other)))
    groups: defaultdict[Key, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for (group, member), there in sorted(pairs.items()):
        groups[group][0 if there else 1].append(names[member])
    found += [
        Differing(key, names[key], ResourceType.GROUP, "members", (), tuple(entered), tuple(left))
        for key, (entered, left) in groups.items()
    ]
    return tuple(sorted(found, key=_order))


_HOWS = ("new", "came back", "changed", "left", "gone", "members")


def _order(one: Differing) -> tuple[int, bool, str, Key]:
    return _HOWS.index(one.how), one.resource_type is ResourceType.GROUP, one.who.casefold(), one.key


def _end(store: Store, run_id: str) -> datetime:
    """Return the moment after which a run changed nothing any more; of one that died, its last change."""
    record: RunRecord | None = RunsReader(store).run(run_id)
    if record is None:
        raise StateError(f"The state knows no run {run_id}.", "`ldap2scim history` lists the runs.")
    if record.finished_at is not None:
        return record.finished_at
    own = history.c.op_no.in_(select(journal.c.op_no).where(journal.c.run_id == run_id))
    with store.read() as connection:
        last: datetime | None = connection.scalar(select(func.max(history.c.at)).where(own))
    return last or record.started_at


def _pairs(store: Store, first: PastState, second: PastState) -> dict[tuple[Key, Key], bool]:
    """Return the memberships that differ: whether the second state has each."""
    named = {*first.pairs, *second.pairs}
    now = {group: frozenset(remembered.members_of(store, group)) for group in {group for group, _ in named}}
    found: dict[tuple[Key, Key], bool] = {}
    for group, member in named:
        here = member in now[group]
        before, after = (state.pairs.get((group, member), here) for state in (first, second))
        if before is not after:
            found[group, member] = after
    return found


def _how(before: SnapshotRow | None, after: SnapshotRow | None) -> str | None:
    if before is None or after is None:
        return None if before is after else "new" if before is None else "gone"
    if before.status is not after.status:
        return "left" if after.status is Status.LEFT else "came back"
    return "changed" if before.essence != after.essence or before.service_id != after.service_id else None


def _changes(before: SnapshotRow | None, after: SnapshotRow | None) -> tuple[AttributeChange, ...]:
    return () if before is None or after is None else attribute_changes(before.essence, after.essence)


def diff_document(first: str, second: str, found: tuple[Differing, ...], values: Values) -> Document:
    """Show the difference as a table."""
    title = f"From the end of run {first[:8]} to the end of run {second[:8]}"
    shown = ((one.how, one.resource_type.value, one.who, _in_words(one, values)) for one in found[:MOST_ROWS])
    rows = tuple(tuple(map(harmless, row)) for row in shown)
    columns = ("how", "type", "who", "what")
    tables = (Table("Differences", columns, rows, len(found) - len(rows)),) if rows else ()
    counted = f"{len(found)} differences" if len(found) != 1 else "1 difference"
    return Document(title, (f"{title}: {counted}.",), tables)


def _in_words(one: Differing, values: Values) -> str:
    if one.how != "members":
        return "; ".join(changes_in_words(one.changes, values)) or "–"
    if values is Values.SHOWN:
        parts = [f"{', '.join(who)} {word}" for who, word in ((one.entered, "entered"), (one.left, "left")) if who]
        return "; ".join(parts)
    return moved_members(len(one.entered), len(one.left))
