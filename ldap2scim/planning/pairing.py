"""The rows of one resource type, paired by key: which are new, differ, come back, are found, have gone. Pure."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.frames import Status
from ldap2scim.planning.matching import Mask, Positions, contains, contains_any, equal_texts, positions


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Row numbers in the desired and in the known frame of one entry."""

    desired: Positions
    known: Positions

    def __len__(self) -> int:
        return len(self.desired)


@dataclass(frozen=True, slots=True, eq=False)
class Pairing:
    """Every row of both frames in exactly one place, held ones in none."""

    resource_type: ResourceType
    desired: pd.DataFrame
    known: pd.DataFrame
    new: Positions
    """Rows of the desired frame that the known one lacks."""
    differ: Pair
    """Managed, with other fingerprints."""
    same: Pair
    """Managed, with equal fingerprints."""
    back: Pair
    """Had left and is desired again."""
    found: Pair
    """In the service, ours from now on."""
    departed: Positions
    """Managed rows of the known frame that nobody desires."""
    away: Positions
    """Rows that had left and still nobody desires."""
    managed: Mask
    """Rows of the known frame that are managed."""
    unclaimed: Positions
    """Rows, managed or left, whose key no entry has, held ones included: a new entry may be one of them re-created."""


def pair_rows(resource_type: ResourceType, desired: pd.DataFrame, known: pd.DataFrame, held: frozenset[Key]) -> Pairing:
    """Pair the rows of two frames by key, leaving held keys out of both."""
    keys = frozenset[str](held)
    here = np.flatnonzero(~contains_any(desired["key"], keys))
    there = ~contains_any(known["key"], keys)
    at = positions(desired["key"], known["key"])[here]
    hit = at >= 0
    rows = Pair(here[hit], at[hit])
    wanted = np.zeros(len(known), dtype=np.bool_)
    wanted[rows.known] = True

    managed = (known["status"] == Status.MANAGED.value).to_numpy(dtype=np.bool_)
    left = (known["status"] == Status.LEFT.value).to_numpy(dtype=np.bool_)
    equal = equal_texts(desired["fingerprint"], rows.desired, known["fingerprint"], rows.known)
    ours = managed[rows.known]
    return Pairing(
        resource_type=resource_type,
        desired=desired,
        known=known,
        new=here[~hit],
        differ=_where(rows, ours & ~equal),
        same=_where(rows, ours & equal),
        back=_where(rows, left[rows.known]),
        found=_where(rows, ~ours & ~left[rows.known]),
        departed=np.flatnonzero(managed & ~wanted & there),
        away=np.flatnonzero(left & ~wanted & there),
        managed=managed,
        unclaimed=np.flatnonzero((managed | left) & ~wanted & ~contains(known["key"], desired["key"])),
    )


def _where(rows: Pair, mask: Mask) -> Pair:
    return Pair(rows.desired[mask], rows.known[mask])
