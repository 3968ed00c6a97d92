"""Habits of Active Directory: when an account is enabled, and which entries are people or groups. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntFlag

from ldap2scim.directory import filters, sids, syntaxes
from ldap2scim.directory.entry import LdapEntry

IN_CHAIN = "1.2.840.113556.1.4.1941"
"""LDAP_MATCHING_RULE_TRANSITIVE_EVAL (MS-ADTS §3.1.1.3.4.4.3): `memberOf` through nested groups."""
BIT_AND = "1.2.840.113556.1.4.803"
"""LDAP_MATCHING_RULE_BIT_AND (MS-ADTS §3.1.1.3.4.4.1): all these bits are set."""
SYSTEM = "isCriticalSystemObject"
"""TRUE for what a domain cannot do without."""

SID, PRIMARY_GROUP = "objectSid", "primaryGroupID"


class UserAccountControl(IntFlag):
    """Bits of `userAccountControl` (MS-ADTS §2.2.16) that matter here; others are kept."""

    ACCOUNT_DISABLE = 0x0002
    NORMAL_ACCOUNT = 0x0200
    INTERDOMAIN_TRUST_ACCOUNT = 0x0800
    WORKSTATION_TRUST_ACCOUNT = 0x1000
    SERVER_TRUST_ACCOUNT = 0x2000


@dataclass(frozen=True, slots=True)
class Expiry:
    """What `accountExpires` says at one instant."""

    enabled: bool
    changes_at: datetime | None
    """When the account will expire; None where it never will, or has already."""


def is_enabled(user_account_control: bytes) -> bool:
    """Say whether `userAccountControl` leaves the account enabled.

    Raises:
        ValueSyntaxError: the value is not a number.
    """
    return not syntaxes.integer(user_account_control) & UserAccountControl.ACCOUNT_DISABLE


def expiry(account_expires: bytes, at: datetime) -> Expiry:
    """Say what `accountExpires` (MS-ADA1 §2.2) means at `at`, and when that will change.

    Raises:
        ValueSyntaxError: the value is not a number.
    """
    expires = syntaxes.filetime(account_expires)
    if expires is None:
        return Expiry(enabled=True, changes_at=None)
    return Expiry(enabled=True, changes_at=expires) if at < expires else Expiry(enabled=False, changes_at=None)


def sid(entry: LdapEntry) -> str | None:
    """Return the objectSid of an entry as text; None where it has or shows none."""
    values = entry.attributes.get(SID.lower(), ())
    try:
        return sids.sid_text(values[0]) if len(values) == 1 else None
    except syntaxes.ValueSyntaxError:
        return None


def primary_group(entry: LdapEntry) -> str | None:
    """Return the SID of a person's primary group, which does not list her as a member; None where it is not shown.

    `primaryGroupID` ([MS-ADTS] §3.1.1.4.5.17) is the last part of it; the rest is that of her own SID.
    """
    own = sid(entry)
    values = entry.attributes.get(PRIMARY_GROUP.lower(), ())
    if own is None or len(values) != 1:
        return None
    try:
        return sids.in_domain_of(own, syntaxes.integer(values[0]))
    except syntaxes.ValueSyntaxError:
        return None


def people(object_class: str, own: filters.Filter | None) -> filters.Filter:
    """Build the filter of people, to stand beside the administrator's own.

    Computers are of class user too, and their objectCategory tells them apart. The account of a trust between domains
    is a person by category, and is told by its bit. Those of the system (Administrator, Guest, krbtgt, DefaultAccount;
    [MS-ADA1], isCriticalSystemObject) are left out unless the administrator's filter looks at them itself.
    """
    wanted: list[filters.Filter] = [
        filters.equals("objectCategory", "person"),
        filters.equals("objectClass", object_class),
        filters.Not(
            filters.Extensible(
                attribute="userAccountControl",
                dn_attributes=False,
                rule=BIT_AND,
                value=str(UserAccountControl.INTERDOMAIN_TRUST_ACCOUNT.value).encode(),
            )
        ),
    ]
    if own is None or SYSTEM.lower() not in filters.attributes_of(own):
        wanted.append(filters.Not(filters.equals(SYSTEM, "TRUE")))
    return filters.all_of(*wanted)


def groups(object_class: str) -> filters.Filter:
    """Build the filter of groups."""
    return filters.all_of(filters.equals("objectCategory", "group"), filters.equals("objectClass", object_class))
