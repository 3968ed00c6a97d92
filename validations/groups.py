"""Groups as the service will see them: empty, too large, or inside one another in a circle. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from ldap2scim.findings import Finding, Severity
from ldap2scim.model import Key, directory_of
from ldap2scim.planning.matching import contains, union
from validations.duplicates import listed

_CIRCLES = 20
"""Findings; more of them are one accident."""


@dataclass(frozen=True, slots=True)
class GroupFacts:
    """The groups of a desired state, and who is in them."""

    groups: pd.DataFrame
    """Columns key, dn."""
    memberships: pd.DataFrame
    """Columns group, member: keys, each pair once."""
    nesting: Iterable[tuple[str, str]]
    """Group, group that it lists: by key, whatever nesting means for the directory."""
    most_members: int | None
    """As many as the service takes in one group; None: not known."""
    populated: frozenset[str] | None = None
    """Directories with somebody in scope; elsewhere no group has members, and that is said otherwise. None: all."""
    silent: frozenset[str] = frozenset()
    """Directories none of whose groups lists anybody, though the service has members in groups of theirs."""


@dataclass(frozen=True, slots=True)
class GroupVerdict:
    """What was found of groups, and which are held for it."""

    findings: tuple[Finding, ...]
    holds: frozenset[Key]


NO_GROUPS = GroupVerdict((), frozenset())


def check_groups(facts: GroupFacts) -> GroupVerdict:
    """Check the groups of a desired state."""
    large = _too_large(facts)
    findings = (*_silent(facts.silent), *_empty(facts), *_about_large(facts, large), *_circles(facts))
    return GroupVerdict(findings, frozenset(large))


def _silent(directories: Iterable[str]) -> Iterator[Finding]:
    for directory in sorted(directories):
        yield Finding(
            rule="members-not-read",
            severity=Severity.HOLD,
            message=f"None of the groups of directory {directory} lists anybody, though the service has members in "
            "them; nobody leaves a group.",
            remedy="See that the bind user may read the member attribute of groups, and that `groups.member_attribute` "
            "names it. If the groups are really empty, approve the plan's id.",
            subjects=(directory,),
        )


def _empty(facts: GroupFacts) -> Iterator[Finding]:
    empty = facts.groups[~contains(facts.groups["key"], union([facts.memberships["group"]]))]
    directories = {directory_of(Key(key)) for key in empty["key"].tolist()} - facts.silent
    if facts.populated is not None:
        directories &= facts.populated
    if len(empty):
        empty = empty[empty["key"].map(lambda key: directory_of(Key(key)) in directories)]
    if len(empty):
        names = tuple(sorted(empty["dn"].tolist()))
        yield Finding(
            rule="empty-group",
            severity=Severity.NOTE,
            message=f"{len(names)} groups have no member that is synchronised: {listed(names)}.",
            remedy="Nothing needs to be done if that is meant; else look at the user filter, at the members that the "
            "other findings name, and at `nesting`.",
            subjects=names,
        )


def _too_large(facts: GroupFacts) -> Mapping[Key, int]:
    if facts.most_members is None or len(facts.memberships) <= facts.most_members:
        return {}
    sizes = facts.memberships["group"].value_counts()
    return {Key(str(key)): int(size) for key, size in sizes[sizes > facts.most_members].items()}


def _about_large(facts: GroupFacts, large: Mapping[Key, int]) -> Iterator[Finding]:
    if not large:
        return
    rows = facts.groups[facts.groups["key"].isin(list(large))]
    for dn, key in sorted(zip(rows["dn"].tolist(), rows["key"].tolist(), strict=True)):
        yield Finding(
            rule="group-too-large",
            severity=Severity.HOLD,
            message=f"{dn} has {large[Key(key)]} members, and the service takes {facts.most_members} at most in a "
            "group; it is left alone.",
            remedy="Part the group in the directory, take it out of the group filter, or correct `most_members` in "
            "`service.assume`.",
            subjects=(dn,),
        )


def _circles(facts: GroupFacts) -> Iterator[Finding]:
    found = sorted(circles(facts.nesting))
    if not found:
        return
    concerned = facts.groups[facts.groups["key"].isin([key for circle in found for key in circle])]
    dns = dict(zip(concerned["key"].tolist(), concerned["dn"].tolist(), strict=True))
    for circle in found[:_CIRCLES]:
        names = tuple(sorted(dns.get(key, key) for key in circle))
        yield Finding(
            rule="nesting-cycle",
            severity=Severity.NOTE,
            message=f"{len(names)} groups are inside one another in a circle: {listed(names)}.",
            remedy="Take one of them out of the other in the directory. Until then, where groups are flattened, each "
            "of them has the members of all.",
            subjects=names,
        )


def circles(edges: Iterable[tuple[str, str]]) -> tuple[tuple[str, ...], ...]:
    """Return the sets of nodes of which each is reached from each, those of one node only where it lists itself.

    Tarjan's algorithm, without recursion: a chain of groups may be as long as somebody likes.
    """
    inside: defaultdict[str, list[str]] = defaultdict(list)
    for outer, inner in edges:
        inside[outer].append(inner)
    search = _Search(inside)
    for node in list(inside):
        search.begin(node)
    return tuple(tuple(sorted(found)) for found in search.found if len(found) > 1 or found[0] in inside[found[0]])


class _Search:
    """One depth-first search over everything."""

    def __init__(self, inside: Mapping[str, Sequence[str]]) -> None:
        self._inside = inside
        self._number: dict[str, int] = {}
        self._lowest: dict[str, int] = {}
        self._open: dict[str, None] = {}
        self.found: list[list[str]] = []

    def begin(self, start: str) -> None:
        if start in self._number:
            return
        way = [(start, iter(self._enter(start)))]
        while way:
            node, inner = way[-1]
            following = next(inner, None)
            if following is None:
                way.pop()
                self._leave(node, way[-1][0] if way else None)
            elif following not in self._number:
                way.append((following, iter(self._enter(following))))
            elif following in self._open:
                self._lowest[node] = min(self._lowest[node], self._number[following])

    def _enter(self, node: str) -> Sequence[str]:
        self._number[node] = self._lowest[node] = len(self._number)
        self._open[node] = None
        return self._inside.get(node, ())

    def _leave(self, node: str, before: str | None) -> None:
        if before is not None:
            self._lowest[before] = min(self._lowest[before], self._lowest[node])
        if self._lowest[node] == self._number[node]:
            together: list[str] = []
            while not together or together[-1] != node:
                together.append(self._open.popitem()[0])
            self.found.append(together)
