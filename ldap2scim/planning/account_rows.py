"""The two accounts of P5 as sums, for one kind of entry of one directory and for all together. Pure values."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import StrEnum

from ldap2scim.model import ResourceType


class Account(StrEnum):
    """Which of the two sums."""

    DIRECTORY = "directory"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class DirectoryAccount:
    """Entries in the image = out of scope + every fate."""

    in_image: int = 0
    out_of_scope: int = 0
    held: int = 0
    created: int = 0
    adopted: int = 0
    restored: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: int = 0
    in_doubt: int = 0

    @property
    def accounted(self) -> int:
        """Return how many entries have a fate."""
        written = self.created + self.adopted + self.restored + self.updated
        return self.out_of_scope + self.held + written + self.unchanged + self.failed + self.in_doubt

    @property
    def excess(self) -> int:
        """Return how many more have a fate than are in the image; negative: so many were forgotten."""
        return self.accounted - self.in_image

    @property
    def balanced(self) -> bool:
        """Say whether no entry was forgotten or counted twice."""
        return self.excess == 0


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """Managed before + created + adopted + restored = managed after + removed."""

    managed_before: int = 0
    created: int = 0
    adopted: int = 0
    restored: int = 0
    managed_after: int = 0
    removed: int = 0
    """Deleted, deactivated as leavers, taken over by a re-created entry under another key, or found to be gone."""

    @property
    def expected(self) -> int:
        """Return how many should be managed after the run."""
        return self.managed_before + self.created + self.adopted + self.restored - self.removed

    @property
    def excess(self) -> int:
        """Return how many more are managed than should be; negative: so many are missing."""
        return self.managed_after - self.expected

    @property
    def balanced(self) -> bool:
        """Say whether the snapshot has exactly what the outcomes say."""
        return self.excess == 0


@dataclass(frozen=True, slots=True)
class AccountRow:
    """The two accounts of one kind of entry of one directory."""

    directory: str
    resource_type: ResourceType
    entries: DirectoryAccount
    service: ServiceAccount

    @property
    def is_empty(self) -> bool:
        """Say whether there is nothing to tell: no entry, nothing managed, nothing done."""
        return self.entries == DirectoryAccount() and self.service == ServiceAccount()


@dataclass(frozen=True, slots=True)
class Imbalance:
    """A sum that does not add up."""

    directory: str
    resource_type: ResourceType
    account: Account
    excess: int
    """As of the account."""

    def __str__(self) -> str:
        count, where = abs(self.excess), f"{self.directory}, {self.resource_type.value.lower()}s"
        match self.account:
            case Account.DIRECTORY if self.excess < 0:
                said = f"{count} of the directory's entries {_have(count)} no fate"
            case Account.DIRECTORY:
                said = f"{count} more {_have(count)} a fate than the directory has entries"
            case Account.SERVICE if self.excess < 0:
                said = f"the snapshot has {count} fewer than the operations leave managed"
            case Account.SERVICE:
                said = f"the snapshot has {count} more than the operations leave managed"
        return f"{where}: {said}."


def imbalances(rows: Iterable[AccountRow]) -> tuple[Imbalance, ...]:
    """Return every sum that does not add up, row by row: two wrong rows that cancel out in the totals are two here."""
    return tuple(
        Imbalance(row.directory, row.resource_type, account, excess)
        for row in rows
        for account, excess in ((Account.DIRECTORY, row.entries.excess), (Account.SERVICE, row.service.excess))
        if excess
    )


def total_of_entries(rows: Iterable[AccountRow]) -> DirectoryAccount:
    """Add up the directory accounts."""
    parts = [row.entries for row in rows]
    return DirectoryAccount(*(sum(getattr(part, one.name) for part in parts) for one in fields(DirectoryAccount)))


def total_of_service(rows: Iterable[AccountRow]) -> ServiceAccount:
    """Add up the service accounts."""
    parts = [row.service for row in rows]
    return ServiceAccount(*(sum(getattr(part, one.name) for part in parts) for one in fields(ServiceAccount)))


def _have(count: int) -> str:
    return "has" if count == 1 else "have"
