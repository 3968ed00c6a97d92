"""Who enters and who leaves each group: exact, on integer codes of pairs of keys. Pure.

Every key gets a code, every membership one 64-bit integer, and both sides are compared as sorted arrays: 8 bytes a
membership beside the inputs, whatever the length of the keys.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ldap2scim.essence import FINGERPRINT_BYTES
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.frames import text_array
from ldap2scim.planning.matching import Column, Mask, Positions, contains, contains_any, positions, texts, union
from ldap2scim.planning.operations import ChangeMembers, Inputs
from ldap2scim.planning.proposals import Proposals
from ldap2scim.planning.removability import Evidence, Removability
from ldap2scim.planning.states import DesiredState, Edges, KnownState

Pairs: TypeAlias = NDArray[np.int64]
"""Memberships as `group code × number of keys + member code`, sorted, each once."""


@dataclass(frozen=True, slots=True)
class MemberTotals:
    """What was counted on the way."""

    dropped: int
    known_members: Mapping[Key, int]
    changed_groups: frozenset[Key]


@dataclass(frozen=True, slots=True, eq=False)
class _Universe:
    keys: Column
    group: Mask
    """A desired group that is not held."""
    member: Mask
    """A desired entry that is not held: it is, or will be, at the service."""
    held: Mask
    known: Mask
    """The service is known to have it, strangers included."""
    known_group: Mask

    def __len__(self) -> int:
        return len(self.keys)


def member_inputs(added: Sequence[Key], removed: Sequence[Key]) -> Inputs:
    """Return the inputs of a change of members: a digest of who enters and one of who leaves.

    They say all that was decided, so that an approval holds exactly as long as the same people would move.
    """
    return Inputs(_digest(added), _digest(removed))


def _digest(keys: Sequence[Key]) -> str | None:
    if not keys:
        return None
    return blake2b("\n".join(sorted(keys)).encode(), digest_size=FINGERPRINT_BYTES).hexdigest()


def propose_members(
    desired: DesiredState, known: KnownState, held: frozenset[Key], evidence: Evidence, proposals: Proposals
) -> MemberTotals:
    """Add what has to be done with memberships."""
    universe = _universe(desired, known, held)
    wanted, dropped = _wanted_pairs(desired.members, universe)
    present = _known_pairs(known, universe, proposals.successors)
    added = _without(wanted, present)
    removed = _without(present, wanted)
    entering, leaving = _by_group(added, universe), _by_group(removed, universe)

    changed = sorted({*entering, *leaving})
    names = _names(changed, desired)
    service_ids = _service_ids(changed, known, proposals.successors)
    touched: set[Key] = set()
    for group in changed:
        parts = _by_removability(group, leaving.get(group, ()), evidence, known.strangers)
        free = (entering.get(group, ()), parts.get(Removability.FREE, ()))
        make = _maker(group, names[group], service_ids.get(group))
        if any(free):
            proposals.operations.append(make(*free))
            touched.add(group)
        for answer in (Removability.HELD, Removability.BLOCKED):
            if answer in parts:
                proposals.removal(make((), parts[answer]), answer)
                touched.add(group)
    sizes = _sizes(present, universe, frozenset(leaving))
    return MemberTotals(dropped, sizes, frozenset(touched))


def _maker(group: Key, name: str, service_id: str | None) -> Callable[[Sequence[Key], Sequence[Key]], ChangeMembers]:
    def make(added: Sequence[Key], removed: Sequence[Key]) -> ChangeMembers:
        inputs = member_inputs(added, removed)
        return ChangeMembers(group, ResourceType.GROUP, name, inputs, service_id, tuple(added), tuple(removed))

    return make


def _universe(desired: DesiredState, known: KnownState, held: frozenset[Key]) -> _Universe:
    columns = [state[kind]["key"] for state in (_by_kind(desired), _by_kind(known)) for kind in ResourceType]
    keys = union([*columns, text_array(sorted(known.strangers))])
    users, groups, known_users, known_groups = (contains(keys, column) for column in columns)
    left_alone = contains_any(keys, frozenset[str](held))
    return _Universe(
        keys=keys,
        group=groups & ~left_alone,
        member=(users | groups) & ~left_alone,
        held=left_alone,
        known=known_users | known_groups | contains_any(keys, frozenset[str](known.strangers)),
        known_group=known_groups,
    )


def _by_kind(state: DesiredState | KnownState) -> Mapping[ResourceType, pd.DataFrame]:
    return {ResourceType.USER: state.users, ResourceType.GROUP: state.groups}


def _wanted_pairs(edges: Edges, universe: _Universe) -> tuple[Pairs, int]:
    """Return the desired memberships, and how many are dropped since their member is not at the service."""
    group, member = positions(edges.group, universe.keys), positions(edges.member, universe.keys)
    group_here = _true_at(universe.group, group)
    member_here = _true_at(universe.member, member)
    # A held member was taken out of both sides; that is no loss to be counted.
    dropped = group_here & ~member_here & ~_true_at(universe.held, member)
    keep = group_here & member_here
    return _encode(group[keep], member[keep], universe), int(np.count_nonzero(dropped))


def _known_pairs(known: KnownState, universe: _Universe, successors: Mapping[Key, Key]) -> Pairs:
    """Return the memberships at the service; a re-created member or group counts under its new key."""
    edges = known.members
    group, member = positions(edges.group, universe.keys), positions(edges.member, universe.keys)
    # An edge whose resource the service no longer has is no membership, though a new one may have its key.
    there = _true_at(universe.known_group, group) & _true_at(universe.known, member)
    heirs = _heirs(universe, successors)
    group, member = heirs[group[there]], heirs[member[there]]
    keep = universe.group[group] & ~universe.held[member]
    return _encode(group[keep], member[keep], universe)


def _heirs(universe: _Universe, successors: Mapping[Key, Key]) -> Positions:
    heirs = np.arange(len(universe), dtype=np.int64)
    if successors:
        heirs[positions(text_array(successors), universe.keys)] = positions(
            text_array(successors.values()), universe.keys
        )
    return heirs


def _true_at(mask: Mask, codes: Positions) -> Mask:
    """Return the mask at each code; False for a key that nobody knows (-1)."""
    if not len(mask):
        return np.zeros(len(codes), dtype=np.bool_)
    return mask[codes] & (codes >= 0)


def _encode(group: Positions, member: Positions, universe: _Universe) -> Pairs:
    codes = group * len(universe) + member
    codes.sort()  # `np.unique` hashes first, and takes ten times as long
    first = np.ones(len(codes), dtype=np.bool_)
    np.not_equal(codes[1:], codes[:-1], out=first[1:])
    return codes[first]


def _without(pairs: Pairs, others: Pairs) -> Pairs:
    """Return the pairs that are not among the others."""
    if not len(others):
        return pairs
    at = np.searchsorted(others, pairs)
    at[at == len(others)] = 0
    missing: Mask = others[at] != pairs
    return pairs[missing]


def _by_group(pairs: Pairs, universe: _Universe) -> dict[Key, tuple[Key, ...]]:
    """Return members by group, both as keys, members sorted."""
    if not len(pairs):
        return {}
    codes, starts = np.unique(pairs // len(universe), return_index=True)
    # One string a person, not one a membership.
    distinct, which = np.unique(pairs % len(universe), return_inverse=True)
    names = [Key(key) for key in texts(universe.keys, distinct)]
    members = [names[i] for i in which.tolist()]
    ends = [*starts[1:].tolist(), len(pairs)]
    return {
        Key(group): tuple(sorted(members[start:end]))
        for group, start, end in zip(texts(universe.keys, codes), starts.tolist(), ends, strict=True)
    }


def _by_removability(
    group: Key, members: Sequence[Key], evidence: Evidence, strangers: frozenset[Key]
) -> Mapping[Removability, tuple[Key, ...]]:
    parts: dict[Removability, list[Key]] = {}
    for member in members:
        is_stranger = member in strangers
        answer = evidence.loss_of_stranger(group) if is_stranger else evidence.loss_of_member(group, member)
        parts.setdefault(answer, []).append(member)
    return {answer: tuple(part) for answer, part in parts.items()}


def _names(groups: Sequence[Key], desired: DesiredState) -> Mapping[Key, str]:
    rows = positions(text_array(groups), desired.groups["key"])
    return dict(zip(groups, texts(desired.groups["dn"], rows), strict=True))


def _service_ids(groups: Sequence[Key], known: KnownState, successors: Mapping[Key, Key]) -> Mapping[Key, str]:
    """Return the ids of the groups that the service has."""
    forerunners = {new: old for old, new in successors.items()}
    known_as = [forerunners.get(group, group) for group in groups]
    rows = positions(text_array(known_as), known.groups["key"])
    here = rows >= 0
    found = [group for group, is_here in zip(groups, here.tolist(), strict=True) if is_here]
    return dict(zip(found, texts(known.groups["service_id"], rows[here]), strict=True))


def _sizes(present: Pairs, universe: _Universe, groups: frozenset[Key]) -> Mapping[Key, int]:
    """Return how many members each of some groups has at the service."""
    if not groups:
        return {}
    names = sorted(groups)
    codes = positions(text_array(names), universe.keys)
    first = np.searchsorted(present, codes * len(universe))
    last = np.searchsorted(present, (codes + 1) * len(universe))
    return dict(zip(names, (last - first).tolist(), strict=True))
