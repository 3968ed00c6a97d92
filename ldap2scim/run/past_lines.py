"""History as people and machines read it: rows of text, and plain values for JSON. Values are shown only when asked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import Any

import orjson

from ldap2scim.essence import from_essence
from ldap2scim.findings import named
from ldap2scim.model import Key, rfc_name
from ldap2scim.planning.attribute_changes import changes_between
from ldap2scim.planning.document import Document, Table, harmless
from ldap2scim.planning.operations import AttributeChange
from ldap2scim.planning.orphans import orphan_of
from ldap2scim.state.decisions import Decided, decisions_of_run, decisions_on, in_words
from ldap2scim.state.history import HistoryLine
from ldap2scim.state.history_entries import Kind
from ldap2scim.state.journal import JournalReader
from ldap2scim.state.mended import Mended, mending_runs
from ldap2scim.state.population import StatePlaces
from ldap2scim.state.runs import RunRecord, RunsReader
from ldap2scim.state.snapshot_rows import SnapshotRow
from ldap2scim.state.store import Store

SEEN = "seen at the service"


class Values(Enum):
    """Whether values are shown, or only the paths of attributes."""

    HIDDEN = auto()
    SHOWN = auto()


@dataclass(frozen=True, slots=True)
class Told:
    """One line of a history, in words."""

    line: HistoryLine
    who: str
    what: tuple[str, ...]
    """What changed, item by item."""

    @property
    def cells(self) -> tuple[str, ...]:
        """Return the columns of `COLUMNS`."""
        line = self.line
        return (
            f"{line.at:%Y-%m-%d %H:%M:%S}",
            line.run_id[:8] if line.run_id else "–",
            line.plan_id[:8] if line.plan_id else "–",
            line.verb or SEEN,
            self.who,
            " ".join(filter(None, (line.outcome, line.error, f"({line.proof.words})" if line.proof else None))) or "–",
            "; ".join(self.what) or "–",
        )

    @property
    def plain(self) -> dict[str, Any]:
        """Return the line for JSON."""
        line = self.line
        return {
            "at": line.at.isoformat(),
            "run_id": line.run_id,
            "plan_id": line.plan_id,
            "verb": line.verb,
            "key": line.key,
            "who": self.who,
            "what": list(self.what),
            "outcome": line.outcome,
            "error": line.error,
            "proof": line.proof,
        }


COLUMNS = ("when (UTC)", "run", "plan", "operation", "who", "outcome", "what")


def told(store: Store, lines: Sequence[HistoryLine], values: Values, about: Iterable[Key] = ()) -> tuple[Told, ...]:
    """Put lines into words.

    Args:
        store: for the names of everybody.
        lines: of a person or a run.
        values: whether values are shown.
        about: the keys of the person whose history it is: of changes of members, only hers are told.
    """
    persons = frozenset(about)
    members = {key for line in lines for key in (*line.added, *line.removed, *line.was_in)}
    rows = {line.key: line.after or line.before for line in lines}
    names = names_of(store, {*members, *rows}, rows)
    return tuple(Told(line, names[line.key], tuple(_what(line, values, names, persons))) for line in lines)


def names_of(
    store: Store, keys: Iterable[Key], rows: Mapping[Key, SnapshotRow | None] = MappingProxyType({})
) -> Mapping[Key, str]:
    """Return what a person calls each key: login or group name, now or in `rows`; else DN, else the key itself."""
    wanted = sorted(set(keys))
    names: dict[Key, str] = {key: str(key) for key in wanted}
    names |= JournalReader(store).names(key for key in wanted if orphan_of(key) is not None)
    names |= StatePlaces(store, "").dns(wanted)
    names |= {key: row.login for key, row in rows.items() if row is not None and row.login}
    names |= StatePlaces(store, "").logins(wanted)
    return names


def _what(line: HistoryLine, values: Values, names: Mapping[Key, str], about: frozenset[Key]) -> Iterable[str]:
    match line.kind:
        case Kind.NOTHING:
            return ()
        case Kind.CREATED:
            return _created(line, values)
        case Kind.CHANGED:
            return _changed(line, values)
        case Kind.GONE:
            return _gone(line, values, names)
        case Kind.RENAMED:
            return ("the entry was re-created; its resource stays",)
        case Kind.MEMBERS:
            return _members(line, values, names, about)


def _created(line: HistoryLine, values: Values) -> Iterable[str]:
    row = line.after
    if row is None:
        return ()
    if line.found:
        return (f"was at the service with id {row.service_id}", *changes_in_words(line.changes, values))
    return (f"id {row.service_id}", *changes_in_words(changes_between({}, from_essence(row.essence)), values))


def _changed(line: HistoryLine, values: Values) -> Iterable[str]:
    said = list(changes_in_words(line.changes, values))
    if line.before is not None and line.after is not None:
        before, after = line.before, line.after
        if before.status is not after.status:
            said.append("left" if after.status == "left" else "came back")
        if before.service_id != after.service_id:
            said.append(f"id {before.service_id} → {after.service_id}")
    return said


def _gone(line: HistoryLine, values: Values, names: Mapping[Key, str]) -> Iterable[str]:
    said = ["not at the service any more"]
    if line.was_in:
        said.append(f"was in {_list(line.was_in, names)}")
    if line.removed:
        said.append(f"had {len(line.removed)} members")
    if line.before is not None and values is Values.SHOWN:
        said += [f"{rfc_name(path)}: {_text(value)}" for path, value in _flat(line.before.essence)]
    return said


def _members(line: HistoryLine, values: Values, names: Mapping[Key, str], about: frozenset[Key]) -> Iterable[str]:
    if not about.isdisjoint((*line.added, *line.removed)):
        entered = not about.isdisjoint(line.added)
        return (f"{'entered' if entered else 'left'} the group {names[line.key]}",)
    said = []
    for keys, word in ((line.added, "entered"), (line.removed, "left")):
        if keys:
            said.append(
                _list(keys, names) + f" {word}"
                if values is Values.SHOWN
                else f"{len(keys)} member{'' if len(keys) == 1 else 's'} {word}"
            )
    return said


def changes_in_words(changes: Iterable[AttributeChange], values: Values) -> Iterable[str]:
    """Say each change: its path, or with the values."""
    for change in changes:
        path = rfc_name(change.path)
        if values is Values.HIDDEN:
            yield path
        elif change.old is None:
            yield f"{path}: {_text(change.new)}"
        else:
            yield f"{path}: {_text(change.old)} → {_text(change.new)}"


def _flat(essence: str) -> Iterable[tuple[str, Any]]:
    return ((change.path, change.new) for change in changes_between({}, from_essence(essence)))


def _text(value: Any) -> str:  # noqa: ANN401 (an attribute's value)
    if value is None:
        return "nothing"
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _list(keys: Sequence[Key], names: Mapping[Key, str]) -> str:
    return named([names[key] for key in keys], between=", ")


def decided_in(store: Store, run_id: str) -> tuple[Decided, ...]:
    """Return what was decided on the plan that a run made, and what a run rested on or ended by, in its order."""
    record = RunsReader(store).run(run_id)
    on_plan = decisions_on(store, record.plan_id) if record is not None and record.plan_id is not None else ()
    found = dict.fromkeys((*on_plan, *decisions_of_run(store, run_id)))
    return tuple(sorted(found, key=lambda one: one.decided_at))


def decision_plain(decided: Decided) -> dict[str, Any]:
    """Return a decision for JSON."""
    release = decided.release
    return {
        "plan_id": decided.plan_id,
        "rejected": decided.rejected,
        "at": decided.decided_at.isoformat(),
        "by": release.by,
        "why": release.why,
        "kinds": None if release.kinds is None else sorted(release.kinds),
        "operations": decided.operations,
        "run_id": decided.used_in,
    }


def history_document(title: str, lines: Sequence[Told], more: int = 0, decided: Sequence[Decided] = ()) -> Document:
    """Show lines as a table, and above it what people have decided."""
    count = len(lines) + more
    summary = f"{title}: {count or 'no'} change{'' if count == 1 else 's'}."
    tables = (
        (Table("History", COLUMNS, tuple(tuple(map(harmless, line.cells)) for line in lines), more),) if lines else ()
    )
    return Document(title, (summary, *(harmless(in_words(one)) for one in decided)), tables)


def latest_runs(store: Store, limit: int) -> list[dict[str, Any]]:
    """Return the last runs for JSON, the newest first: when, how, and what they did."""
    mending, journal = mending_runs(store), JournalReader(store)
    return [_run(one, journal, mending) for one in RunsReader(store).latest_runs(limit)]


def _how_it_ended(one: Mapping[str, Any], *, newest: bool) -> str:
    if one["exit_code"] is None:
        # One run at a time: of all that are open, only the newest can be under way.
        return "under way, or did not end" if newest else "did not end"
    return f"exit {one['exit_code']}" + (f" ({one['ended_by']})" if one["ended_by"] else "")


def _run(one: RunRecord, journal: JournalReader, mending: Mapping[str, Any]) -> dict[str, Any]:
    back = mending.get(one.run_id)
    counts: dict[str, int] = {}
    for (kind, verb, result), count in sorted(journal.results(one.run_id).items()):
        counts[f"{verb} {kind.value.lower()}: {result.value}"] = count
    return {
        "run_id": one.run_id,
        "mode": one.mode,
        "started_at": one.started_at.isoformat(),
        "finished_at": None if one.finished_at is None else one.finished_at.isoformat(),
        "exit_code": one.exit_code,
        "ended_by": one.ended_by,
        "plan_id": one.plan_id,
        "operations": counts,
        **_back(back, applied=one.mode == "apply"),
    }


def runs_document(runs: Sequence[Mapping[str, Any]]) -> Document:
    """Show the last runs as a table."""
    columns = ("run", "started (UTC)", "mode", "end", "operations")
    rows = tuple(
        (
            one["run_id"][:8],
            one["started_at"][:19].replace("T", " "),
            _mode(one),
            _how_it_ended(one, newest=number == 0),
            ", ".join(f"{count} × {what}" for what, count in one["operations"].items()) or "none",
        )
        for number, one in enumerate(runs)
    )
    lines = (f"The last {len(rows)} runs.",) if rows else ("No run yet.",)
    return Document("Runs", lines, (Table("Runs", columns, rows),) if rows else ())


def _back(back: Mended | None, *, applied: bool) -> dict[str, str | None]:
    """Return what a run took back, or only showed how."""
    of_run = None if back is None else back.of_run
    as_of = None if back is None or back.as_of is None else back.as_of.isoformat()
    did = (of_run, as_of) if applied else (None, None)
    showed = (None, None) if applied else (of_run, as_of)
    return dict(zip(("undid", "went_back_to", "would_undo", "would_go_back_to"), (*did, *showed), strict=True))


def _mode(one: Mapping[str, Any]) -> str:
    dry = ", dry" if one["would_undo"] or one["would_go_back_to"] else ""
    if of_run := one["undid"] or one["would_undo"]:
        return f"undo of {of_run[:8]}{dry}"
    if as_of := one["went_back_to"] or one["would_go_back_to"]:
        return f"restore as of {as_of[:19]}{dry}"
    return str(one["mode"])
