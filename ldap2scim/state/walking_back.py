"""From the present back through the history, entry by entry: what each resource was before. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ldap2scim.errors import StateError
from ldap2scim.essence import fingerprint, from_essence, to_essence
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.attribute_changes import apply_changes
from ldap2scim.planning.operations import AttributeChange
from ldap2scim.state.history_entries import Kind, inverse
from ldap2scim.state.schema import from_micros
from ldap2scim.state.snapshot_rows import SnapshotRow, Status

Pair = tuple[Key, Key]
"""A group and a member."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of the snapshot, as it was written down."""

    entry_no: int
    key: Key
    kind: Kind
    detail: Mapping[str, Any]

    @property
    def renamed_from(self) -> Key | None:
        """Return the key that the row had before; None where it was not renamed."""
        return Key(self.detail["from"]) if self.kind is Kind.RENAMED else None

    @property
    def changes(self) -> tuple[AttributeChange, ...]:
        """Return the attributes that changed, or that an adoption brought in step."""
        plain = self.detail.get("changes", self.detail.get("found", ()))
        return tuple(AttributeChange(one["path"], _value(one["old"]), _value(one["new"])) for one in plain)

    def keys(self, name: str) -> tuple[Key, ...]:
        """Return one of the lists of keys: `added`, `removed`, `groups`, `members`."""
        return tuple(map(Key, self.detail.get(name, ())))


@dataclass(slots=True)
class Walk:
    """A state of the past, told by how it differs from the present."""

    rows: dict[Key, SnapshotRow | None]
    """Rows that are known: at first the present ones, None where there is none."""
    pairs: dict[Pair, bool] = field(default_factory=dict)
    """Memberships that were met: whether each is there."""
    present: Mapping[Key, Sequence[Pair]] = field(default_factory=dict)
    """The present memberships of rows that were renamed on the way, under their present key."""
    _met: defaultdict[Key, set[Pair]] = field(default_factory=lambda: defaultdict(set), init=False)
    """Where each key stands in `pairs`: a rename concerns a few of them."""

    def back(self, entry: Entry) -> tuple[SnapshotRow | None, SnapshotRow | None]:
        """Undo one entry, the newest that is not undone yet; return the row before and after it.

        Raises:
            StateError: the entry does not fit what came after it.
        """
        after = self.rows.get(entry.key)
        match entry.kind:
            case Kind.CREATED:
                before = None
            case Kind.CHANGED:
                before = _changed_back(entry, after)
            case Kind.GONE:
                before = _gone_back(entry)
                self._meet(((group, entry.key) for group in entry.keys("groups")), there=True)
                self._meet(((entry.key, member) for member in entry.keys("members")), there=True)
            case Kind.RENAMED:
                return self._renamed_back(entry), after
            case Kind.MEMBERS:
                self._meet(((entry.key, member) for member in entry.keys("added")), there=False)
                self._meet(((entry.key, member) for member in entry.keys("removed")), there=True)
                return after, after
            case Kind.NOTHING:
                return after, after
        self.rows[entry.key] = before
        return before, after

    def _renamed_back(self, entry: Entry) -> SnapshotRow:
        row, old = self.rows.get(entry.key), Key(entry.detail["from"])
        if row is None:
            raise _does_not_fit(entry)
        present = frozenset(self.present.get(entry.key, ()))
        concerned = {*present, *self._met[entry.key]}
        standing = [pair for pair in concerned if self.pairs.get(pair, pair in present)]
        self._meet(concerned, there=False)
        self._meet((_with(pair, entry.key, old) for pair in standing), there=True)
        before = replace(row, key=old)
        self.rows[entry.key], self.rows[old] = None, before
        return before

    def _meet(self, pairs: Iterable[Pair], *, there: bool) -> None:
        for pair in pairs:
            self.pairs[pair] = there
            for key in pair:
                self._met[key].add(pair)


def lineage(key: Key, renames: Iterable[Entry]) -> frozenset[Key]:
    """Return the keys that somebody's row had, the present one included."""
    found = {key}
    for entry in sorted(renames, key=lambda one: one.entry_no, reverse=True):
        if entry.key in found and entry.renamed_from is not None:
            found.add(entry.renamed_from)
    return frozenset(found)


def connected(keys: Iterable[Key], renames: Sequence[Entry]) -> frozenset[Key]:
    """Return the keys with all that their rows had before or have since."""
    beside: defaultdict[Key, list[Key]] = defaultdict(list)
    for entry in renames:
        if (old := entry.renamed_from) is not None:
            beside[entry.key].append(old)
            beside[old].append(entry.key)
    found = set(keys)
    reached = list(found)
    while reached:
        new = [one for one in beside.get(reached.pop(), ()) if one not in found]
        found.update(new)
        reached += new
    return frozenset(found)


def _changed_back(entry: Entry, after: SnapshotRow | None) -> SnapshotRow:
    if after is None:
        raise _does_not_fit(entry)
    essence = entry.detail.get("essence", after.essence)
    if "changes" in entry.detail:
        essence = to_essence(apply_changes(from_essence(after.essence), inverse(entry.changes)))
    old = {name: values[0] for name, values in entry.detail.get("row", {}).items()}
    if essence != after.essence:
        old.setdefault("fingerprint", fingerprint(essence))
    if "status" in old:
        old["status"] = Status(old["status"])
    return replace(after, essence=essence, version=None, **old)


def _gone_back(entry: Entry) -> SnapshotRow:
    row = entry.detail["row"]
    since = row.get("managed_since")
    return SnapshotRow(
        key=entry.key,
        resource_type=ResourceType(row["resource_type"]),
        service_id=row["service_id"],
        external_id=row["external_id"],
        login=row["login"],
        fingerprint=row.get("fingerprint") or fingerprint(row["essence"]),
        essence=row["essence"],
        status=Status(row["status"]),
        managed_since=None if since is None else from_micros(since),
    )


def _with(pair: Pair, old: Key, new: Key) -> Pair:
    group, member = pair
    return (new if group == old else group, new if member == old else member)


def _value(value: Any) -> Any:  # noqa: ANN401 (JSON)
    return tuple(value) if isinstance(value, list) else value


def _does_not_fit(entry: Entry) -> StateError:
    return StateError(
        f"The history of {entry.key} does not fit the snapshot (entry {entry.entry_no}).",
        "The state was changed by something else. What is at the service now, `ldap2scim recover` reads anew.",
    )
