"""What became of every operation and of every entry (P5). Pure.

Every number is counted on its own and none is found by subtraction: a forgotten entry unbalances the accounts, and
a run whose accounts do not add up has failed. Directories and resource types are counted apart: an operation counts
where its key belongs.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from ldap2scim.model import Key, ResourceType, Scope, scope_of
from ldap2scim.planning.account_rows import (
    AccountRow,
    DirectoryAccount,
    Imbalance,
    ServiceAccount,
    imbalances,
    total_of_entries,
    total_of_service,
)
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
from ldap2scim.planning.orphans import is_of_an_orphan


class Result(StrEnum):
    """How an operation ended."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    """The service was in that state already."""
    FAILED = "failed"
    """The service did not do it, and said so."""
    IN_DOUBT = "in doubt"
    """Sent, and no usable answer came: what became of it is asked before anything else."""
    HELD_BACK = "held back"
    """Not sent, since too many of its kind had failed: the next run goes on with it."""

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
class Counted:
    """What is counted of one scope outside of the outcomes: by reading, mapping, comparing, and in the snapshot."""

    in_image: int = 0
    out_of_scope: int = 0
    held_entries: int = 0
    """Entries held by findings."""
    unchanged: int = 0
    """`Difference.unchanged`."""
    managed_before: int = 0
    managed_after: int = 0
    vanished: int = 0
    """Managed resources that an operation found to be gone from the service."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """The two accounts of one run: the totals, and what they are made of."""

    directory: DirectoryAccount
    service: ServiceAccount
    rows: tuple[AccountRow, ...]
    """By directory and resource type, in that order; one where there is nothing to tell is left out."""

    @property
    def imbalances(self) -> tuple[Imbalance, ...]:
        """Return every sum that does not add up."""
        return imbalances(self.rows)

    @property
    def balanced(self) -> bool:
        """Say whether every row adds up, and with them the totals."""
        return not self.imbalances

    @classmethod
    def of(
        cls,
        counted: Mapping[Scope, Counted],
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
        fates: dict[_Entry, Fate] = {}
        moves: defaultdict[Scope, _Moves] = defaultdict(_Moves)
        for outcome in outcomes:
            operation = outcome.operation
            if outcome.result.is_done and not is_of_an_orphan(operation):
                _move(operation, moves, taken_over)
            if _concerns_entry(operation):
                _worst(fates, operation, _fate(outcome))
        for waiting in held:
            if _concerns_entry(waiting.operation):
                _worst(fates, waiting.operation, Fate.HELD)
        tallies: defaultdict[Scope, Counter[Fate]] = defaultdict(Counter)
        for (key, resource_type), fate in fates.items():
            tallies[scope_of(key, resource_type)][fate] += 1
        scopes = sorted({*counted, *moves, *tallies}, key=_order_of_rows)
        nothing = Counted()
        rows = (_row(scope, counted.get(scope, nothing), tallies[scope], moves[scope]) for scope in scopes)
        return cls.of_rows(row for row in rows if not row.is_empty)

    @classmethod
    def of_rows(cls, rows: Iterable[AccountRow]) -> "Accounts":
        """Add up rows."""
        filled = tuple(rows)
        return cls(total_of_entries(filled), total_of_service(filled), filled)


_Entry: TypeAlias = tuple[Key, ResourceType]


@dataclass(slots=True)
class _Moves:
    """Into and out of what is managed: operations that are done, whatever else happened to their entry."""

    created: int = 0
    adopted: int = 0
    restored: int = 0
    removed: int = 0


def _move(operation: Operation, moves: Mapping[Scope, _Moves], taken_over: frozenset[Key]) -> None:
    here = moves[scope_of(operation.key, operation.resource_type)]
    match operation:
        case Create():
            here.created += 1
        case Adopt(replaces=replaced):
            here.adopted += 1
            if replaced is not None and replaced in taken_over:
                # An entry that was re-created in another directory leaves the row of the old one.
                moves[scope_of(replaced, operation.resource_type)].removed += 1
        case Restore():
            here.restored += 1
        case Delete() | Deactivate():
            here.removed += 1
        case Update() | ChangeMembers():
            pass


def _row(scope: Scope, counted: Counted, tally: Mapping[Fate, int], moves: _Moves) -> AccountRow:
    entries = DirectoryAccount(
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
    return AccountRow(scope.directory, scope.resource_type, entries, service)


def _order_of_rows(scope: Scope) -> tuple[str, int]:
    return scope.directory, list(ResourceType).index(scope.resource_type)


def _concerns_entry(operation: Operation) -> bool:
    """Say whether the operation belongs to an entry of the image; a leaver has none any more."""
    return not isinstance(operation, Delete | Deactivate)


def _worst(fates: dict[_Entry, Fate], operation: Operation, fate: Fate) -> None:
    entry = (operation.key, operation.resource_type)
    fates[entry] = max(fate, fates.get(entry, fate), key=_ORDER.__getitem__)


def _fate(outcome: Outcome) -> Fate:
    match outcome.result:
        case Result.FAILED:
            return Fate.FAILED
        case Result.IN_DOUBT:
            return Fate.IN_DOUBT
        case Result.HELD_BACK:
            return Fate.HELD
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
