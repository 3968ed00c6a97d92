"""Which attributes of an entry are sent (RFC 4511 §4.5.1.8), whole or in ranges (MS-ADTS §3.1.1.3.1.3.3). Pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ldap2scim.sandbox.directory.computed import COMPUTED, is_operational
from ldap2scim.sandbox.directory.entry import Attribute, Entry
from ldap2scim.sandbox.directory.syntaxes import canonical
from ldap2scim.sandbox.directory.tree import Tree

_RANGE = re.compile(r"range=(\d+)-(\d+|\*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One attribute asked for by name."""

    kind: str
    options: frozenset[str]
    start: int | None = None
    """First value of a range; None: no range was asked for."""
    stop: int | None = None
    """First value that is not wanted any more; None: to the last."""


_WHOLE = _Wanted("", frozenset())


@dataclass(frozen=True, slots=True)
class Selection:
    """What a search asks to be sent of each entry."""

    user: bool
    operational: bool
    named: tuple[_Wanted, ...]
    max_values: int | None
    withheld: frozenset[str] = frozenset()
    """Canonical types that the reader may not see."""

    @classmethod
    def of(
        cls, requested: Iterable[str], max_values: int | None, withheld: frozenset[str] = frozenset()
    ) -> "Selection":
        """Read the attribute list of a search."""
        names = tuple(requested)
        named = tuple(_wanted(name) for name in names if name not in {"*", "+", "1.1"})
        return cls(not names or "*" in names, "+" in names, named, max_values, withheld)

    def attributes(self, entry: Entry, tree: Tree) -> list[Attribute]:
        """Return the attributes of an entry to be sent."""
        chosen: dict[str, Attribute] = {}
        for wanted in self.named:
            for attribute in _visible(entry, tree, wanted.kind):
                if wanted.options <= _options(attribute.description):
                    for part in _parts(attribute, wanted, self.max_values):
                        chosen[part.description.lower()] = part
        if self.user or self.operational:
            for attribute in self._of_class(entry, tree):
                for part in _parts(attribute, _WHOLE, self.max_values):
                    chosen.setdefault(part.description.lower(), part)
        return [attribute for attribute in chosen.values() if canonical(attribute.description) not in self.withheld]

    def _of_class(self, entry: Entry, tree: Tree) -> Iterator[Attribute]:
        computed = COMPUTED[tree.make]
        for attribute in entry.attributes.values():
            kind = canonical(attribute.description)
            if kind not in computed and (self.operational if is_operational(tree.make, kind) else self.user):
                yield attribute
        for kind in computed:
            if self.operational if is_operational(tree.make, kind) else self.user:
                yield from _visible(entry, tree, kind)


def _visible(entry: Entry, tree: Tree, kind: str) -> Iterator[Attribute]:
    spelled = COMPUTED[tree.make].get(kind)
    if spelled is None:
        yield from entry.matching(kind)
    elif values := tree.values(entry, kind):
        yield Attribute(spelled, values)


def _parts(attribute: Attribute, wanted: _Wanted, max_values: int | None) -> Iterator[Attribute]:
    count = len(attribute.values)
    if wanted.start is None:
        whole = max_values is None or count <= max_values
        # Active Directory sends the plain attribute empty beside its first range.
        yield attribute if whole else Attribute(attribute.description, [])
        if whole:
            return
    start = wanted.start or 0
    stops = [
        count,
        *(stop for stop in (wanted.stop, None if max_values is None else start + max_values) if stop is not None),
    ]
    stop = min(stops)
    last = "*" if stop >= count else str(stop - 1)
    yield Attribute(f"{attribute.description};range={start}-{last}", attribute.values[start:stop])


def _wanted(name: str) -> _Wanted:
    options = _options(name)
    for option in options:
        if found := _RANGE.fullmatch(option):
            stop = None if found[2] == "*" else int(found[2]) + 1
            return _Wanted(canonical(name), options - {option}, int(found[1]), stop)
    return _Wanted(canonical(name), options)


def _options(description: str) -> frozenset[str]:
    return frozenset(description.lower().split(";")[1:])
