"""The two accounts as a person reads them: as sums, and every number of them (DESIGN P5). Pure."""

from dataclasses import fields

from ldap2scim.planning.account_rows import DirectoryAccount, ServiceAccount
from ldap2scim.planning.accounts import Accounts
from ldap2scim.planning.document import Table, table_of

OF_DIRECTORY = "Directory: "
"""Begins the line of the first account."""
_ACCOUNTS = "Accounts"
_UNBALANCED = "The accounts do not add up: this run has failed. Run `ldap2scim recover`."


def account_lines(accounts: Accounts | None) -> tuple[str, ...]:
    """Return the two accounts as the sums that they are, and each part of them that does not add up."""
    if accounts is None:
        return ()
    lines = (
        f"{OF_DIRECTORY}{_sum_of_entries(accounts.directory)}.",
        f"Service: {_sum_of_service(accounts.service)}.",
    )
    return lines if accounts.balanced else (*lines, *map(str, accounts.imbalances), _UNBALANCED)


def _sum_of_entries(directory: DirectoryAccount) -> str:
    """Return `3 entries = 1 held + 2 unchanged`; what is zero on the right-hand side is left out."""
    fates = ("out_of_scope", "held", "created", "adopted", "restored", "updated", "unchanged", "failed", "in_doubt")
    parts = [f"{getattr(directory, name)} {name.replace('_', ' ')}" for name in fates if getattr(directory, name)]
    return f"{directory.in_image} entries {_equals(directory.balanced)} {' + '.join(parts) or '0'}"


def _sum_of_service(service: ServiceAccount) -> str:
    before = [f"{service.managed_before} managed before"]
    before += [
        f"{getattr(service, name)} {name}" for name in ("created", "adopted", "restored") if getattr(service, name)
    ]
    after = [f"{service.managed_after} managed after", *([f"{service.removed} removed"] if service.removed else [])]
    return f"{' + '.join(before)} {_equals(service.balanced)} {' + '.join(after)}"


def _equals(balanced: bool) -> str:
    return "=" if balanced else "≠"


def account_rows(accounts: Accounts | None) -> Table:
    """Return the two sums of each directory and resource type; nothing where there is one row and so no more to say."""
    rows = accounts.rows if accounts is not None and len(accounts.rows) > 1 else ()
    shown = tuple(
        (
            row.directory,
            f"{row.resource_type.value.lower()}s",
            _sum_of_entries(row.entries),
            _sum_of_service(row.service),
        )
        for row in rows
    )
    return table_of(_ACCOUNTS, ("directory", "type", "entries", "managed"), shown, len(shown))


def accounts_table(accounts: Accounts | None) -> Table:
    """Return every number of the two accounts, zeros included: a row a directory and resource type, and the totals."""
    if accounts is None:
        return Table(_ACCOUNTS, (), ())
    rows = [
        (row.directory, f"{row.resource_type.value.lower()}s", *_numbers(row.entries, row.service))
        for row in accounts.rows
    ]
    rows.append(("all", "all", *_numbers(accounts.directory, accounts.service)))
    return table_of(_ACCOUNTS, ("directory", "type", *_ACCOUNT_COLUMNS), tuple(rows), len(rows))


def _numbers(entries: DirectoryAccount, service: ServiceAccount) -> tuple[str, ...]:
    return tuple(
        text
        for account in (entries, service)
        for text in (*(str(getattr(account, one.name)) for one in fields(account)), "yes" if account.balanced else "NO")
    )


_ACCOUNT_COLUMNS = (
    *(one.name.replace("_", " ") for one in fields(DirectoryAccount)),
    "entries add up",
    # What is created here may be an entry that failed there: a group whose members were refused.
    *(
        one.name.replace("_", " ") if "managed" in one.name else f"{one.name} at the service"
        for one in fields(ServiceAccount)
    ),
    "managed add up",
)
