"""What becomes of an account in Microsoft 365 when its directory account was re-created. Pure.

Two things decide: whether the linking ID (the application-linking ID, or where there is none, the external ID) is what
it was, and whether the Microsoft 365 account still exists, blocked. The directory knows the first alone, so two of the
four rows are possible at any time, and the worse of the two decides. Source: the usage precautions of Directory Sync,
"Recreating Active Directory Accounts When IDs Are Linked with Microsoft 365".
"""

from dataclasses import dataclass
from enum import StrEnum

from ldap2scim.model import Attributes

LINKING_ID = "downstream_id"
"""Application-linking ID of the IIJ ID Service: what systems behind it know an account by."""


class Behind(StrEnum):
    """Which applications a service hands its users on to."""

    UNKNOWN = "unknown"
    MICROSOFT_365 = "Microsoft 365"
    """As the IIJ ID Service does, by the linking ID."""


class Linking(StrEnum):
    """What became of somebody's linking ID."""

    SAME = "as before"
    DIFFERENT = "different from before"


class Account(StrEnum):
    """What may have become of the account behind the service."""

    BLOCKED = "is blocked"
    """A disabled user, or one in pending deletion, is blocked in Microsoft 365 and loses the licence."""
    GONE = "is gone"


class Result(StrEnum):
    """Whether the link succeeds."""

    WORKS = "works"
    FAILS = "fails"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the manual's table."""

    number: int
    """From the top of the table."""
    linking: Linking
    account: Account
    result: Result
    then: str
    """What happens in Microsoft 365."""


FOUR_ROWS = (
    Row(1, Linking.SAME, Account.BLOCKED, Result.WORKS, "it is unblocked and goes on as it was"),
    Row(2, Linking.SAME, Account.GONE, Result.WORKS, "a new account is made"),
    Row(
        3,
        Linking.DIFFERENT,
        Account.BLOCKED,
        Result.FAILS,
        "linking fails, as the new account would be a duplicate, until the old one is deleted for good",
    ),
    Row(4, Linking.DIFFERENT, Account.GONE, Result.WORKS, "a new account is made"),
)


def linking_of(old: Attributes, new: Attributes) -> Linking:
    """Say whether the applications behind the service will know somebody again."""
    return Linking.SAME if _linking_id(old) == _linking_id(new) else Linking.DIFFERENT


def _linking_id(attributes: Attributes) -> object:
    return attributes.get(LINKING_ID) or attributes.get("external_id")


def possible_rows(linking: Linking) -> tuple[Row, ...]:
    """Return the rows that may apply, since nobody here can look at Microsoft 365."""
    return tuple(row for row in FOUR_ROWS if row.linking is linking)


def deciding_row(linking: Linking) -> Row:
    """Return the row to reckon with: the worse of those that are possible."""
    rows = possible_rows(linking)
    return next((row for row in rows if row.result is Result.FAILS), rows[0])


def prospect(linking: Linking) -> str:
    """Return what will happen in Microsoft 365, as a sentence that names every possible row."""
    cases = "; ".join(
        f"row {row.number}, where the account there {row.account}: {row.then}" for row in possible_rows(linking)
    )
    row = deciding_row(linking)
    end = f"; row {row.number} is the worse one and decides" if row.result is Result.FAILS else "; both work"
    return f"In Microsoft 365, with a linking ID {linking}, the manual's table has {cases}{end}."
