"""What was seen at the service, held against what it last confirmed and what the directory says: by edit.

The policy of the settings is applied here, where every survey passes: what it leaves alone looks as if repaired.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import pandas as pd

from ldap2scim.essence import fingerprint, from_essence
from ldap2scim.model import Key, ResourceType, rfc_name
from ldap2scim.planning.correlate import Correlation
from ldap2scim.planning.drift_policy import MEMBERS, DriftPolicy, Edit, Repair, as_if_repaired
from ldap2scim.planning.frames import Status, text_array
from ldap2scim.planning.matching import texts
from ldap2scim.planning.pairing import Pairing, pair_rows
from ldap2scim.planning.states import DesiredState, KnownState
from ldap2scim.planning.three_way import Move, Moved, moves
from ldap2scim.run.context import Run
from ldap2scim.run.three_way_members import membership_moves
from ldap2scim.state import remembered

DELETED: Final = "deleted"
_BATCH: Final = 1000
_RENAMES: Final = {ResourceType.USER: "user_name", ResourceType.GROUP: "display_name"}


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A survey on its way: what is there, by key."""

    known: KnownState
    essences: Mapping[Key, str]
    correlations: Mapping[ResourceType, Correlation]
    held: frozenset[Key]
    """Whom this run leaves alone."""


@dataclass(frozen=True, slots=True, eq=False)
class ThreeWays:
    """A survey after the policy, and the edits that it was seen with."""

    known: KnownState
    essences: Mapping[Key, str]
    edits: tuple[Edit, ...]


def three_ways(run: Run, desired: DesiredState, seen: Seen) -> ThreeWays:
    """Tell by attribute, membership and resource which side moved, and leave alone what the policy says.

    Raises:
        StateError: the state cannot be read.
    """
    edits: list[Edit] = []
    essences = dict(seen.essences)
    frames = {ResourceType.USER: seen.known.users, ResourceType.GROUP: seen.known.groups}
    wanted = {ResourceType.USER: desired.users, ResourceType.GROUP: desired.groups}
    for kind, frame in frames.items():
        pairing = pair_rows(kind, wanted[kind], frame, seen.held)
        left_alone: dict[Key, list[Move]] = {}
        for key, name, move in _moves(run, pairing, seen):
            edits.append(edit_of(run.settings.drift, kind, name, move))
            if not run.settings.drift.repairs(kind, move):
                left_alone.setdefault(key, []).append(move)
        essences |= {key: as_if_repaired(essences[key], moved) for key, moved in left_alone.items()}
        frames[kind] = _with_fingerprints(frame, {key: fingerprint(essences[key]) for key in left_alone})
        edits += _resources(run, pairing, seen)
    known = replace(seen.known, users=frames[ResourceType.USER], groups=frames[ResourceType.GROUP])
    repair = run.settings.drift.of(ResourceType.GROUP, MEMBERS)
    changed = membership_moves(run, desired, known, seen.held)
    for one in changed.groups:
        done = Repair.OVERWRITE if one.moved is Moved.DIRECTORY else repair
        edits.append(Edit(ResourceType.GROUP, one.name, f"members {one.counts}", one.moved, done))
    members = known.members if repair is Repair.OVERWRITE else changed.as_if_repaired
    return ThreeWays(replace(known, members=members), essences, tuple(edits))


def edit_of(policy: DriftPolicy, kind: ResourceType, name: str, move: Move) -> Edit:
    """Return how an attribute that moved is told, and what is done about it."""
    match move.moved:
        case Moved.NORMALISED:
            repair = None
        case Moved.DIRECTORY:
            repair = Repair.OVERWRITE
        case _:
            repair = policy.of(kind, move.path)
    return Edit(kind, name, _what(kind, move), move.moved, repair)


def _moves(run: Run, pairing: Pairing, seen: Seen) -> Iterator[tuple[Key, str, Move]]:
    """Yield key, DN and move of every attribute in which a resource differs from its entry."""
    for rows, managed in ((pairing.differ, True), (pairing.found, False)):
        keys = [Key(key) for key in texts(pairing.desired["key"], rows.desired)]
        names = dict(zip(keys, texts(pairing.desired["dn"], rows.desired), strict=True))
        for start in range(0, len(keys), _BATCH):
            batch = keys[start : start + _BATCH]
            confirmed = run.state.snapshot.essences(batch) if managed else {}
            wanted = run.state.image.essences(batch)
            for key in batch:
                was = from_essence(confirmed[key]) if key in confirmed else None
                for move in moves(was, from_essence(wanted[key]), from_essence(seen.essences[key])):
                    yield key, names[key], move


def _what(kind: ResourceType, move: Move) -> str:
    by_hand = move.moved is Moved.SERVICE
    if move.path == _RENAMES[kind]:
        return f"renamed ({rfc_name(move.path)})" if by_hand else rfc_name(move.path)
    if move.path == "active" and by_hand:
        return "activated" if move.held is True else "deactivated"
    return rfc_name(move.path)


def _with_fingerprints(frame: pd.DataFrame, changed: Mapping[Key, str]) -> pd.DataFrame:
    if not changed:
        return frame
    fingerprints = [changed.get(Key(key), was) for key, was in zip(frame["key"], frame["fingerprint"], strict=True)]
    return frame.assign(fingerprint=text_array(fingerprints))


def _resources(run: Run, pairing: Pairing, seen: Seen) -> Iterator[Edit]:
    """Yield what became of whole resources at the service."""
    kind, correlation = pairing.resource_type, seen.correlations[pairing.resource_type]
    dns = dict(zip(pairing.desired["key"], pairing.desired["dn"], strict=True)) if correlation.gone else {}
    gone = {row.key: row for _, row in correlation.gone if row.status is Status.MANAGED}
    logins = {key: row.login or row.service_id for key, row in remembered.rows(run.store, gone).items()}
    for key in gone:
        wanted = key in dns
        repair = Repair.OVERWRITE if wanted else None
        yield Edit(kind, dns.get(key, logins.get(key, key)), DELETED, Moved.SERVICE, repair)
    if run.state.snapshot.counts():
        for name in texts(pairing.desired["dn"], pairing.found.desired):
            yield Edit(kind, name, "created with our externalId", Moved.SERVICE, Repair.OVERWRITE)
    for resource in correlation.duplicates:
        yield Edit(kind, resource.login, "another one with our externalId", Moved.SERVICE, Repair.REPORT)
    for login in _activated_again(run, pairing):
        yield Edit(kind, login, "activated, and has left", Moved.SERVICE, Repair.OVERWRITE)


def _activated_again(run: Run, pairing: Pairing) -> Iterator[str]:
    """Yield the logins of leavers whom somebody enabled again; whoever leaves now is no news of the service."""
    if not len(pairing.departed):
        return
    left = {
        key
        for key, status in remembered.keys_by_service_id(run.store, pairing.resource_type).values()
        if status == Status.LEFT.value
    }
    for key, login in zip(*(texts(pairing.known[name], pairing.departed) for name in ("key", "login")), strict=True):
        if key in left:
            yield login
