"""What became of every operation and of every entry (P5). Pure.

Every number is counted on its own and none is found by subtraction: a forgotten entry unbalances the accounts, and
a run whose accounts do not add up has failed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ldap2scim.model import Key
from ldap2scim.planning.operations import (
    Adopt,
    ChangeMembers,
    Create,
    Deactivate,
    Delete,
    HeldOperation,
    Operation,
    Restore,
    Update,
)


class Result(StrEnum):
    """How an operation ended."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    """The service was in that state already."""
    FAILED = "failed"
    """The service did not do it, and said so."""
    IN_DOUBT = "in doubt"
    """Sent, and no usable answer came: what became of it is asked before anything else."""

    @property
    def is_done(self) -> bool:
        """Say whether the service is now as the operation wanted it."""
        return self in {Result.APPLIED, Result.UNCHANGED}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the service did with one operation."""

    operation: Operation
    result: Result
    service_id: str | None = None
    version: str | None = None
    """ETag after it."""
    ignored: tuple[str, ...] = ()
    """Paths that the service did not take over, though it said that all is well."""
    error: str | None = None
    """Message and remedy, without values or bodies."""


class Fate(StrEnum):
    """What became of one entry of the directory image; later ones win when it had several operations."""

    UNCHANGED = "unchanged"
    UPDATED = "updated"
    RESTORED = "restored"
    ADOPTED = "adopted"
    CREATED = "created"
    HELD = "held"
    IN_DOUBT = "in doubt"
    FAILED = "failed"


_ORDER: Mapping[Fate, int] = {fate: rank for rank, fate in enumerate(Fate)}


@dataclass(frozen=True, slots=True)
class DirectoryAccount:
    """Entries in the image = out of scope + every fate."""

    in_image: int
    out_of_scope: int
    held: int
    created: int
    adopted: int
    restored: int
    updated: int
    unchanged: int
    failed: int
    in_doubt: int

    @property
    def accounted(self) -> int:
        """Return how many entries have a fate."""
        written = self.created + self.adopted + self.restored + self.updated
        return self.out_of_scope + self.held + written + self.unchanged + self.failed + self.in_doubt

    @property
    def balanced(self) -> bool:
        """Say whether no entry was forgotten or counted twice."""
        return self.in_image == self.accounted


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """Managed before + created + adopted + restored = managed after + removed."""

    managed_before: int
    created: int
    adopted: int
    restored: int
    managed_after: int
    removed: int
    """Deleted, deactivated as leavers, taken over by a re-created entry under another key, or found to be gone."""

    @property
    def balanced(self) -> bool:
        """Say whether the snapshot has exactly what the outcomes say."""
        return self.managed_before + self.created + self.adopted + self.restored == self.managed_after + self.removed


@dataclass(frozen=True, slots=True)
class Counted:
    """What is counted outside of the outcomes: by reading, by mapping, by comparing, and in the snapshot."""

    in_image: int
    out_of_scope: int
    held_entries: int
    """Entries held by findings."""
    unchanged: int
    """`Difference.unchanged`, both types together."""
    managed_before: int
    managed_after: int
    vanished: int = 0
    """Managed resources that an operation found to be gone from the service."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """The two accounts of one run."""

    directory: DirectoryAccount
    service: ServiceAccount

    @property
    def balanced(self) -> bool:
        """Say whether both add up."""
        return self.directory.balanced and self.service.balanced

    @classmethod
    def of(
        cls,
        counted: Counted,
        outcomes: Iterable[Outcome],
        held: Iterable[HeldOperation],
        taken_over: frozenset[Key] = frozenset(),
    ) -> "Accounts":
        """Count.

        Args:
            counted: the numbers that come from elsewhere.
            outcomes: one for each operation that flowed; a missing one unbalances the account.
            held: operations that wait for a person.
            taken_over: `Difference.taken_over`.
        """
        fates: dict[Key, Fate] = {}
        moves = _Moves()
        for outcome in outcomes:
            moves.count(outcome, taken_over)
            if _concerns_entry(outcome.operation):
                _worst(fates, outcome.operation.key, _fate(outcome))
        for waiting in held:
            if _concerns_entry(waiting.operation):
                _worst(fates, waiting.operation.key, Fate.HELD)
        tally = dict.fromkeys(Fate, 0)
        for fate in fates.values():
            tally[fate] += 1
        directory = DirectoryAccount(
            in_image=counted.in_image,
            out_of_scope=counted.out_of_scope,
            held=counted.held_entries + tally[Fate.HELD],
            created=tally[Fate.CREATED],
            adopted=tally[Fate.ADOPTED],
            restored=tally[Fate.RESTORED],
            updated=tally[Fate.UPDATED],
            unchanged=counted.unchanged + tally[Fate.UNCHANGED],
            failed=tally[Fate.FAILED],
            in_doubt=tally[Fate.IN_DOUBT],
        )
        service = ServiceAccount(
            managed_before=counted.managed_before,
            created=moves.created,
            adopted=moves.adopted,
            restored=moves.restored,
            managed_after=counted.managed_after,
            removed=moves.removed + counted.vanished,
        )
        return cls(directory, service)


@dataclass(slots=True)
class _Moves:
    """Into and out of what is managed: operations that are done, whatever else happened to their entry."""

    created: int = 0
    adopted: int = 0
    restored: int = 0
    removed: int = 0

    def count(self, outcome: Outcome, taken_over: frozenset[Key]) -> None:
        if not outcome.result.is_done:
            return
        match outcome.operation:
            case Create():
                self.created += 1
            case Adopt(replaces=replaced):
                self.adopted += 1
                self.removed += replaced in taken_over
            case Restore():
                self.restored += 1
            case Delete() | Deactivate():
                self.removed += 1
            case Update() | ChangeMembers():
                pass


def _concerns_entry(operation: Operation) -> bool:
    """Say whether the operation belongs to an entry of the image; a leaver has none any more."""
    return not isinstance(operation, Delete | Deactivate)


def _worst(fates: dict[Key, Fate], key: Key, fate: Fate) -> None:
    fates[key] = max(fate, fates.get(key, fate), key=_ORDER.__getitem__)


def _fate(outcome: Outcome) -> Fate:
    match outcome.result:
        case Result.FAILED:
            return Fate.FAILED
        case Result.IN_DOUBT:
            return Fate.IN_DOUBT
        case Result.APPLIED | Result.UNCHANGED:
            pass
    match outcome.operation:
        case Create():
            return Fate.CREATED
        case Adopt():
            return Fate.ADOPTED
        case Restore():
            return Fate.RESTORED
        case _:
            return Fate.UPDATED if outcome.result is Result.APPLIED else Fate.UNCHANGED
