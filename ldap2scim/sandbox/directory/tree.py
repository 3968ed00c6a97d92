"""The entries, found by name, by parent, by value and by membership. In memory; not for several threads."""

from collections import defaultdict
from collections.abc import Iterator
from uuid import NAMESPACE_OID, UUID, uuid5

from ldap2scim.sandbox.directory.classes import comparable_classes, with_superiors
from ldap2scim.sandbox.directory.clock import generalized_now
from ldap2scim.sandbox.directory.comparing import Comparable, comparables
from ldap2scim.sandbox.directory.computed import COMPUTED, computed_values
from ldap2scim.sandbox.directory.entry import Attribute, Entry
from ldap2scim.sandbox.directory.ldif import LdifRecord
from ldap2scim.sandbox.directory.names import is_within, key_of, parent_of
from ldap2scim.sandbox.directory.options import Make
from ldap2scim.sandbox.directory.results import Refused, Result
from ldap2scim.sandbox.directory.syntaxes import canonical, is_well_known, syntax_of

MEMBER_TYPES = ("member", "uniquemember")
"""Attributes of a group that memberOf is computed from."""
_GIVEN = ("entryuuid", "createtimestamp", "modifytimestamp", "whencreated", "whenchanged", "memberof")
"""Attributes of an LDIF that the directory takes over as its own knowledge, or computes instead."""


class Tree:
    """All entries below one suffix, in the order in which they came."""

    def __init__(self, make: Make) -> None:
        self.make = make
        self.suffix = ""
        self.suffix_key = ""
        self.change_number = 0
        self._entries: dict[str, Entry] = {}
        self._children: dict[str, dict[str, None]] = defaultdict(dict)
        self._groups_of: dict[str, dict[str, None]] = defaultdict(dict)
        self._kinds: set[str] = set()
        self._indexes: dict[str, dict[Comparable, list[Entry]]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def load(self, record: LdifRecord) -> None:
        """Take one entry of a world; the first is the suffix.

        Raises:
            Refused: an entry without its parent, or twice.
        """
        dn, values = record
        if not self._entries:
            self.suffix, self.suffix_key = dn, key_of(dn)
        given = {canonical(name): found for name, found in values.items()}
        entry = self._new_entry(dn, {n: v for n, v in values.items() if canonical(n) not in _GIVEN}, _uuid(given, dn))
        entry.created = _first(given, "createtimestamp", "whencreated") or entry.created
        entry.modified = _first(given, "modifytimestamp", "whenchanged") or entry.created
        self.insert(entry)

    def create(self, dn: str, values: dict[str, list[bytes]]) -> None:
        """Add an entry as a client does: it gets an identity of its own, even under a name used before.

        Raises:
            Refused: entryAlreadyExists, noSuchObject (the parent), objectClassViolation.
        """
        if not any(canonical(name) == "objectclass" for name in values):
            raise Refused(Result.OBJECT_CLASS_VIOLATION, "no objectClass attribute")
        self.insert(self._new_entry(dn, values, uuid5(NAMESPACE_OID, f"{key_of(dn)} {self.change_number}")))

    def insert(self, entry: Entry) -> None:
        """Put an entry in its place."""
        if entry.key in self._entries:
            raise Refused(Result.ENTRY_ALREADY_EXISTS, f"{entry.dn} exists already")
        parent = parent_of(entry.key)
        if entry.key != self.suffix_key and parent not in self._entries:
            raise Refused(Result.NO_SUCH_OBJECT, f"no parent for {entry.dn}", self.nearest(parent))
        self._entries[entry.key] = entry
        self._children[parent][entry.key] = None
        self._remember(entry)

    def remove(self, entry: Entry) -> None:
        """Take an entry out."""
        self._forget(entry)
        del self._entries[entry.key]
        del self._children[parent_of(entry.key)][entry.key]

    def replace(self, entry: Entry, attributes: dict[str, Attribute]) -> None:
        """Give an entry other attributes."""
        self._forget(entry)
        entry.replace(attributes)
        self._remember(entry)

    def touch(self, entry: Entry) -> None:
        """Note that a client changed an entry now."""
        self.change_number += 1
        entry.modified, entry.usn_changed = generalized_now(), self.change_number

    def find(self, key: str) -> Entry | None:
        """Return the entry of a key."""
        return self._entries.get(key)

    def require(self, dn: str) -> Entry:
        """Return the entry of a DN.

        Raises:
            Refused: noSuchObject with the nearest name that exists, or invalidDNSyntax.
        """
        key = key_of(dn)
        found = self._entries.get(key)
        if found is None:
            raise Refused(Result.NO_SUCH_OBJECT, f"no entry {dn}", self.nearest(parent_of(key)))
        return found

    def nearest(self, key: str) -> str:
        """Return the DN of the nearest entry at or above a key; empty when there is none (`matchedDN`)."""
        while key and key not in self._entries:
            key = parent_of(key)
        return self._entries[key].dn if key else ""

    def children(self, key: str) -> Iterator[Entry]:
        """Yield the entries right below a key."""
        return (self._entries[child] for child in tuple(self._children.get(key, ())))

    def subtree(self, key: str) -> Iterator[Entry]:
        """Yield an entry and everything below it, in the order in which they came."""
        if key == self.suffix_key or not key:
            return iter(tuple(self._entries.values()))
        return iter(tuple(entry for entry in self._entries.values() if is_within(entry.key, key)))

    def groups_of(self, key: str) -> list[Entry]:
        """Return the groups whose member or uniqueMember names a key."""
        return [self._entries[group] for group in self._groups_of.get(key, ())]

    def knows(self, kind: str) -> bool:
        """Say whether a canonical attribute type is in the schema or anywhere in the world."""
        return kind in self._kinds or is_well_known(kind)

    def comparable(self, entry: Entry, kind: str) -> frozenset[Comparable]:
        """Return values of an entry, computed ones as well, in the form in which they are compared."""
        if kind == "objectclass":
            return comparable_classes(entry.comparable(kind), self.make)
        if kind not in COMPUTED[self.make]:
            return entry.comparable(kind)
        return frozenset(comparables(self.values(entry, kind), syntax_of(kind)))

    def values(self, entry: Entry, kind: str) -> list[bytes]:
        """Return the values of a canonical type, stored or computed."""
        if kind not in COMPUTED[self.make]:
            return entry.values(kind)
        return computed_values(kind, entry, self.groups_of(entry.key) if kind == "memberof" else ())

    def having(self, kind: str, value: Comparable) -> list[Entry]:
        """Return the entries with a value, through an index that the next write drops."""
        index = self._indexes.get(kind)
        if index is None:
            index = self._indexes[kind] = defaultdict(list)
            for entry in self._entries.values():
                for each in self.comparable(entry, kind):
                    index[each].append(entry)
        return index.get(value, [])

    def _new_entry(self, dn: str, values: dict[str, list[bytes]], uuid: UUID) -> Entry:
        self.change_number += 1
        now = generalized_now()
        attributes: dict[str, Attribute] = {}
        for name, found in values.items():
            attributes.setdefault(name.lower(), Attribute(name, [])).values.extend(found)
        if self.make is Make.ACTIVE_DIRECTORY and (classes := attributes.get("objectclass")) is not None:
            named = with_superiors((value.decode() for value in classes.values), self.make)
            classes.values = [name.encode() for name in named]
        return Entry(dn, key_of(dn), uuid, now, now, self.change_number, self.change_number, attributes)

    def _remember(self, entry: Entry) -> None:
        self._indexes.clear()
        self._kinds.update(map(canonical, entry.attributes))
        for kind in MEMBER_TYPES:
            for member in entry.comparable(kind):
                self._groups_of[str(member)][entry.key] = None

    def _forget(self, entry: Entry) -> None:
        self._indexes.clear()
        for kind in MEMBER_TYPES:
            for member in entry.comparable(kind):
                self._groups_of[str(member)].pop(entry.key, None)


def _uuid(given: dict[str, list[bytes]], dn: str) -> UUID:
    if "entryuuid" in given:
        return UUID(given["entryuuid"][0].decode())
    if "objectguid" in given:
        return UUID(bytes_le=given["objectguid"][0])
    return uuid5(NAMESPACE_OID, key_of(dn))


def _first(given: dict[str, list[bytes]], *kinds: str) -> str | None:
    return next((given[kind][0].decode() for kind in kinds if kind in given), None)
