"""Habits of OpenLDAP and of the group classes in common use. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ldap2scim.directory import syntaxes
from ldap2scim.directory.settings import MemberReference

_OPTIONAL_UID = re.compile(r"#'[01]*'B$")
_LOCKED_FOR_GOOD = b"000001010000Z"
_END_OF_TIME = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Membership:
    """How a class of groups lists its members."""

    attribute: str
    reference: MemberReference


MEMBERSHIP: Mapping[str, Membership] = {
    "group": Membership("member", MemberReference.DN),
    "groupofnames": Membership("member", MemberReference.DN),  # RFC 4519 §3.5
    "groupofuniquenames": Membership("uniqueMember", MemberReference.DN),  # RFC 4519 §3.6
    "posixgroup": Membership("memberUid", MemberReference.UID),  # RFC 2307 §4
}
"""By object class in lower case."""


def without_optional_uid(value: str) -> str:
    """Return the DN of a Name And Optional UID (RFC 4517 §3.3.21), as `uniqueMember` has it."""
    return _OPTIONAL_UID.sub("", value) if "#" in value else value


@dataclass(frozen=True, slots=True)
class Lock:
    """What `pwdAccountLockedTime` says at one instant."""

    holds: bool
    ends_at: datetime | None
    """When a lock that holds ends by the clock; None where it does not, or is over."""


def lock(account_locked_time: bytes, at: datetime, lockout_duration: timedelta | None) -> Lock:
    """Say what `pwdAccountLockedTime` means at `at` (draft-behera-ldap-password-policy §5.3.3), and until when.

    Args:
        account_locked_time: the value of the operational attribute.
        at: the time of evaluation.
        lockout_duration: `pwdLockoutDuration` of the policy; None or zero: until an administrator unlocks.

    Raises:
        ValueSyntaxError: the value is not a time.
    """
    if account_locked_time == _LOCKED_FOR_GOOD:
        return Lock(holds=True, ends_at=None)
    since = syntaxes.generalized_time(account_locked_time)
    if not lockout_duration or lockout_duration > _END_OF_TIME - since:
        return Lock(holds=True, ends_at=None)
    end = since + lockout_duration
    # The server itself does not take the lock away: the value stays until the next successful bind.
    return Lock(holds=True, ends_at=end) if at < end else Lock(holds=False, ends_at=None)
