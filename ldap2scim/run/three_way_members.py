"""Memberships by which side moved them: exact, on integer codes of pairs, in which only what differs is looked at."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np

from ldap2scim.model import Key
from ldap2scim.planning.frames import text_array
from ldap2scim.planning.matching import Column, Positions, positions, texts, union
from ldap2scim.planning.states import DesiredState, Edges, KnownState
from ldap2scim.planning.three_way import Moved, PairMoves, pair_moves
from ldap2scim.run.context import Run


@dataclass(frozen=True, slots=True)
class GroupMoves:
    """How many members one side moved in one group."""

    name: str
    moved: Moved
    counts: str
    """As `+2 −1`: what the service has more and fewer, or what is to enter and to leave."""


@dataclass(frozen=True, eq=False)
class MembershipMoves:
    """Everything that differs in memberships, and the edges at the service."""

    groups: tuple[GroupMoves, ...]
    _edges: Edges
    _keys: Column
    _pairs: PairMoves[int]

    @cached_property
    def as_if_repaired(self) -> Edges:
        """Return the edges as they were before somebody moved members at the service."""
        size = len(self._keys)
        codes = positions(self._edges.group, self._keys) * size + positions(self._edges.member, self._keys)
        stay = np.flatnonzero(~np.isin(codes, np.array(sorted(self._pairs.added), dtype=np.int64)))
        back = np.array(sorted(self._pairs.removed), dtype=np.int64)
        return Edges(
            text_array([*texts(self._edges.group, stay), *texts(self._keys, back // max(size, 1))]),
            text_array([*texts(self._edges.member, stay), *texts(self._keys, back % max(size, 1))]),
        )


def membership_moves(run: Run, desired: DesiredState, known: KnownState, held: frozenset[Key]) -> MembershipMoves:
    """Tell which side moved members of the groups that the service has; `held` are left out.

    Of a group of which nothing was confirmed nobody knows which side moved its members.
    """
    confirmed = run.state.snapshot.memberships()
    here = {str(key) for frame in (known.users, known.groups) for key in frame["key"]} - held
    groups = {str(key) for key in desired.groups["key"]}.intersection(known.groups["key"]) - held
    traced = frozenset(run.state.snapshot.service_ids(map(Key, groups)))
    keys = union([text_array(sorted(here)), text_array(sorted(known.strangers))])
    judged, untraced = (positions(text_array(sorted(some)), keys) for some in (groups, groups - traced))
    has, want, was = (
        _codes(edges, keys, judged)
        for edges in (known.members, desired.members, Edges(confirmed["group"].array, confirmed["member"].array))
    )
    was = np.union1d(was, want[np.isin(want // max(len(keys), 1), untraced)])
    differing = np.setxor1d(has, want, assume_unique=True)
    was, want, has = (np.intersect1d(one, differing, assume_unique=True).tolist() for one in (was, want, has))
    found = pair_moves(was, want, has)
    return MembershipMoves(tuple(_by_group(found, keys, desired, traced)), known.members, keys, found)


def _codes(edges: Edges, keys: Column, groups: Positions) -> Positions:
    """Return the pairs of some groups as sorted integers. Who is not at the service is a member of nothing there."""
    group, member = positions(edges.group, keys), positions(edges.member, keys)
    kept = np.isin(group, groups) & (member >= 0)
    return np.unique(group[kept] * len(keys) + member[kept])


def _by_group(found: PairMoves[int], keys: Column, desired: DesiredState, traced: frozenset[Key]) -> list[GroupMoves]:
    if not any((found.added, found.removed, found.entering, found.leaving)):
        return []
    names = dict(zip(desired.groups["key"], desired.groups["dn"], strict=True))
    moved: list[GroupMoves] = []
    for by_service, more, fewer in ((True, found.added, found.removed), (False, found.entering, found.leaving)):
        plus, minus = (Counter(pair // len(keys) for pair in pairs) for pairs in (more, fewer))
        codes = sorted(set(chain(plus, minus)))
        for code, key in zip(codes, texts(keys, np.array(codes, dtype=np.int64)), strict=True):
            counts = [f"{sign}{count}" for sign, count in (("+", plus[code]), ("−", minus[code])) if count]
            side = Moved.DIRECTORY if not by_service else Moved.SERVICE if Key(key) in traced else Moved.UNKNOWN
            moved.append(GroupMoves(names.get(key, key), side, " ".join(counts)))
    return moved
