"""What differs between the desired state and what the service last confirmed, as typed operations. Pure.

Narrow frames are matched by key; only rows that differ are turned into objects, and only their essences are asked
for. What is held is left alone on both sides. Absence leads to a removal only where `removability` says so.
"""

import numpy as np
import pyarrow as pa

from ldap2scim.findings import Finding, Severity
from ldap2scim.model import Key, ResourceType, Scope
from ldap2scim.planning.matching import as_arrow, contains, contains_any, count_by_directory
from ldap2scim.planning.members import propose_members
from ldap2scim.planning.pairing import Pairing, pair_rows
from ldap2scim.planning.proposals import Difference, Proposals
from ldap2scim.planning.removability import Evidence
from ldap2scim.planning.resources import Rules, propose_resources
from ldap2scim.planning.states import DesiredState, EssenceLookup, Holds, KnownState, Leaving


def diff(
    desired: DesiredState, known: KnownState, held: Holds, essences: EssenceLookup, leavers: Leaving
) -> Difference:
    """Return the operations that would bring the service in step; `safety.judge` says which of them may flow.

    Raises:
        DataError: two rows of a frame have one key.
        StateError: the essence of a row that differs is missing.
    """
    evidence = Evidence(desired, held)
    pairings = (
        pair_rows(ResourceType.USER, desired.users, known.users, held.keys),
        pair_rows(ResourceType.GROUP, desired.groups, known.groups, held.keys),
    )
    rules = Rules(evidence, essences, leavers, known.login_matches, known.behind, _changing_type(*pairings))
    proposals = Proposals()
    for pairing in pairings:
        propose_resources(pairing, rules, proposals)
    totals = propose_members(desired, known, held.keys, evidence, proposals)
    if totals.dropped:
        proposals.findings.append(_dropped(totals.dropped))
    return Difference(
        operations=tuple(proposals.operations),
        held=tuple(proposals.held),
        blocked=tuple(proposals.blocked),
        findings=tuple(proposals.findings),
        unchanged={
            scope: count for pairing in pairings for scope, count in _unchanged(pairing, totals.changed_groups).items()
        },
        dropped_members=totals.dropped,
        known_members=totals.known_members,
        taken_over=frozenset(proposals.taken_over),
    )


def _changing_type(users: Pairing, groups: Pairing) -> frozenset[Key]:
    """Return the new people who are still managed as a group, and the new groups that are as a person."""
    found: set[Key] = set()
    for one, other in ((users, groups), (groups, users)):
        if len(one.new):
            new = as_arrow(one.desired["key"]).take(pa.array(one.new))
            managed = as_arrow(other.known["key"]).take(pa.array(np.flatnonzero(other.managed)))
            found.update(map(Key, new.filter(pa.array(contains(new, managed))).to_pylist()))
    return frozenset(found)


def _unchanged(pairing: Pairing, changed_groups: frozenset[str]) -> dict[Scope, int]:
    keys = pairing.desired["key"].array.take(pairing.same.desired)
    in_step = keys[~contains_any(keys, changed_groups)]
    return {Scope(directory, pairing.resource_type): n for directory, n in count_by_directory(in_step).items()}


def _dropped(count: int) -> Finding:
    return Finding(
        rule="member-not-at-the-service",
        severity=Severity.NOTE,
        message=f"{count} memberships name an entry that is not in step with the service, and were left out.",
        remedy="Widen the filter if these members should be at the service; they are added as soon as they are.",
    )
