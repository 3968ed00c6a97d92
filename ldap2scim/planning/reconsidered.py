"""What is asked when a plan is held against today, and what comes out. Pure values."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ldap2scim.model import Key
from ldap2scim.planning.approvals import Approval
from ldap2scim.planning.operations import Operation
from ldap2scim.planning.proposals import Difference


class Moved(StrEnum):
    """Why an operation of an approved plan does not stand any more."""

    ENTRY = "entry moved"
    LEFT = "entry left"
    CLOCK = "clock moved on"
    SNAPSHOT = "service moved"
    HELD = "held now"
    PROTECTED = "not released by an approval"
    UNKNOWN = "cannot be known"
    OVER = "not proposed any more"


@dataclass(frozen=True, slots=True)
class RefusedOperation:
    """An operation of an approved plan that is not carried out."""

    operation: Operation
    moved: Moved
    why: str
    """What moved, as a sentence."""


@dataclass(frozen=True, slots=True)
class KnownAs:
    """What the service is known to have."""

    fingerprint: str
    service_id: str
    status: str
    """Of `frames.Status`."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known today of the resources that an operation does not stand for as it was."""

    desired: Mapping[Key, str]
    """Fingerprints."""
    desired_then: Mapping[Key, str]
    """Fingerprints that the entries of today would have had by the clock of the plan."""
    known: Mapping[Key, KnownAs]
    held: frozenset[Key]
    unread: frozenset[Key]
    """Of a directory that was not read to its end; and orphans that the service does not show."""
    members: Callable[[Key], frozenset[Key]]
    """Of a group, as the service is known to have them."""


Look = Callable[[Collection[Key], Collection[Key]], Facts]
"""Gives the facts about some keys, and about some groups whose members would change."""


@dataclass(frozen=True, slots=True)
class Reconsidered:
    """What of a plan still stands."""

    difference: Difference
    """Of the plan's operations alone, as they would be proposed today."""
    approvals: frozenset[Approval]
    """That release all of them, as far as a person can."""
    refused: tuple[RefusedOperation, ...]
    done: tuple[Operation, ...]
    """That are in effect already: an earlier run carried them out."""
