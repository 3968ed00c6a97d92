"""What a full read of the service returned, held against what we know and want. Pure.

A resource is ours by its id in our snapshot; else it is found by an externalId that an in-scope entry has. A login
alone proves nothing: such a match is shown to a person. Every resource of the read lands in exactly one place.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from ldap2scim.essence import from_essence
from ldap2scim.findings import Finding, Severity
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.folding import folded
from ldap2scim.planning.frames import ABSENT, Status, known_frame
from ldap2scim.planning.states import LoginMatch


@dataclass(frozen=True, slots=True)
class ServiceResource:
    """One resource as the service has it, projected to the attributes that we manage."""

    service_id: str
    external_id: str | None
    login: str
    """userName, or displayName of a group."""
    version: str | None
    fingerprint: str
    essence: str


@dataclass(frozen=True, slots=True)
class PreviousRow:
    """What our snapshot says of a service id."""

    key: Key
    status: Status
    """`MANAGED` or `LEFT`."""


@dataclass(frozen=True, slots=True, eq=False)
class Correlation:
    """Where every resource of a read belongs."""

    known: pd.DataFrame
    """Known frame: ours (managed, left) and found. Essences are the caller's, by service id."""
    orphaned: tuple[ServiceResource, ...]
    """Have an externalId that no entry has, and are not ours: listed, never touched."""
    foreign: tuple[ServiceResource, ...]
    """Have no externalId and are not ours."""
    duplicates: tuple[ServiceResource, ...]
    """Claim an entry that another resource claims too, and are not ours."""
    login_matches: Mapping[Key, LoginMatch]
    matched_by_login: tuple[ServiceResource, ...]
    """The resources of `login_matches`."""
    gone: tuple[tuple[str, PreviousRow], ...]
    """Snapshot rows, by service id, that the service did not list."""
    holds: frozenset[Key]
    """Keys that several resources claim: left alone."""
    findings: tuple[Finding, ...]


def correlate(
    resource_type: ResourceType,
    resources: Iterable[ServiceResource],
    previous: Mapping[str, PreviousRow],
    desired: pd.DataFrame,
) -> Correlation:
    """Sort the resources of a complete read.

    Args:
        resource_type: of all of them.
        resources: the read, each service id once.
        previous: our snapshot, by service id.
        desired: desired frame of that type.

    Raises:
        DataError: the snapshot has one key under several service ids.
    """
    resources = tuple(resources)
    by_external_id = _by_external_id(desired) if resources else {}
    ambiguous = _ambiguous(desired)
    ours: list[tuple[PreviousRow, ServiceResource]] = []
    claimants: defaultdict[Key, list[ServiceResource]] = defaultdict(list)
    rest: list[ServiceResource] = []
    for resource in resources:
        row = previous.get(resource.service_id)
        if row is not None:
            ours.append((row, resource))
        elif resource.external_id is not None and resource.external_id in by_external_id:
            claimants[by_external_id[resource.external_id]].append(resource)
        else:
            rest.append(resource)

    found, duplicates, doubtful = _settle(claimants, ours, ambiguous)
    holds = doubtful | ambiguous
    matches = _login_matches(rest, desired, {row.key for row, _ in ours}.union(claimants, holds))
    by_login = {match.service_id for match in matches.values()}
    others = [resource for resource in rest if resource.service_id not in by_login]
    listed = {resource.service_id for _, resource in ours}
    return Correlation(
        known=_known(ours, found),
        orphaned=tuple(resource for resource in others if resource.external_id is not None),
        foreign=tuple(resource for resource in others if resource.external_id is None),
        duplicates=tuple(duplicates),
        login_matches=matches,
        matched_by_login=tuple(resource for resource in rest if resource.service_id in by_login),
        gone=tuple((service_id, row) for service_id, row in previous.items() if service_id not in listed),
        holds=holds,
        findings=_findings(resource_type, duplicates, ambiguous, desired),
    )


def _by_external_id(desired: pd.DataFrame) -> Mapping[str, Key]:
    """Return the first entry with each externalId."""
    # As lists: an Arrow column gives its values one at a time at ten times the price.
    pairs = zip(desired["external_id"].tolist(), map(Key, desired["key"].tolist()), strict=True)
    found = dict(reversed(list(pairs)))
    found.pop(ABSENT, None)
    return found


def _ambiguous(desired: pd.DataFrame) -> frozenset[Key]:
    """Return the entries that share an externalId: none of them can be found."""
    present = desired["external_id"][desired["external_id"] != ABSENT]
    if present.is_unique:
        return frozenset()
    return frozenset(map(Key, desired["key"][present.index[present.duplicated(keep=False)]].tolist()))


def _settle(
    claimants: Mapping[Key, list[ServiceResource]],
    ours: Iterable[tuple[PreviousRow, ServiceResource]],
    ambiguous: frozenset[Key],
) -> tuple[list[tuple[Key, ServiceResource]], list[ServiceResource], frozenset[Key]]:
    """Part claims into found resources and duplicates, with the keys that are in doubt by the latter.

    Two resources of ours with one externalId are in no doubt: their ids tell them apart, and the drift is repaired.
    """
    taken = {row.key for row, _ in ours}
    holders = {resource.external_id: row.key for row, resource in ours}
    found: list[tuple[Key, ServiceResource]] = []
    duplicates: list[ServiceResource] = []
    doubtful: set[Key] = set()
    for key, resources in claimants.items():
        holder = holders.get(resources[0].external_id)
        if len(resources) == 1 and key not in taken and holder is None and key not in ambiguous:
            found.append((key, resources[0]))
            continue
        duplicates.extend(resources)
        doubtful |= {key} if holder is None else {key, holder}
    return found, duplicates, frozenset(doubtful)


def _login_matches(
    rest: Sequence[ServiceResource], desired: pd.DataFrame, taken: Container[Key]
) -> Mapping[Key, LoginMatch]:
    """Return the first resource, by id, with the login of each entry that has none yet."""
    if not rest:
        return {}
    # userName and displayName are not caseExact (RFC 7643 §8.7.1); externalId is.
    logins = zip(map(folded, desired["login"].tolist()), map(Key, desired["key"].tolist()), strict=True)
    by_login = dict(logins)
    matches: dict[Key, LoginMatch] = {}
    for resource in sorted(rest, key=lambda resource: resource.service_id):
        key = by_login.get(folded(resource.login))
        if key is not None and key not in taken and key not in matches:
            matches[key] = LoginMatch(resource.service_id, resource.login, resource.external_id)
    return matches


def _known(
    ours: Iterable[tuple[PreviousRow, ServiceResource]], found: Iterable[tuple[Key, ServiceResource]]
) -> pd.DataFrame:
    rows = [
        *((row.key, _standing(row, resource), resource) for row, resource in ours),
        *((key, Status.FOUND, resource) for key, resource in found),
    ]
    return known_frame(
        key=[key for key, _, _ in rows],
        fingerprint=[resource.fingerprint for _, _, resource in rows],
        external_id=[resource.external_id for _, _, resource in rows],
        login=[resource.login for _, _, resource in rows],
        service_id=[resource.service_id for _, _, resource in rows],
        version=[resource.version for _, _, resource in rows],
        status=[status for _, status, _ in rows],
    )


def _standing(row: PreviousRow, resource: ServiceResource) -> Status:
    """Return how a resource of ours stands: a leaver whom somebody enabled again by hand is one who has to leave."""
    enabled = row.status is Status.LEFT and from_essence(resource.essence).get("active") is True
    return Status.MANAGED if enabled else row.status


def _findings(
    resource_type: ResourceType, duplicates: Iterable[ServiceResource], ambiguous: frozenset[Key], desired: pd.DataFrame
) -> tuple[Finding, ...]:
    kind = resource_type.value.lower()
    found = [
        Finding(
            rule="duplicate-external-id-at-the-service",
            severity=Severity.HOLD,
            message=f"The {kind} {resource.login} (id {resource.service_id}) has the externalId of an entry that "
            "another resource stands for too.",
            remedy="Decide at the service which of the two it is, and take the externalId off the other.",
            subjects=(resource.login,),
        )
        for resource in duplicates
    ]
    if ambiguous:
        names = desired["dn"][desired["key"].isin(sorted(ambiguous))]
        found.append(
            Finding(
                rule="duplicate-external-id",
                severity=Severity.HOLD,
                message=f"{len(ambiguous)} entries share an externalId with another {kind}, and cannot be told apart.",
                remedy="Map externalId to an attribute that is unique, such as the source anchor.",
                subjects=tuple(sorted(names)),
            )
        )
    return tuple(found)
