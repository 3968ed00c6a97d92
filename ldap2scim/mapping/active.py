"""Is this account enabled, and until when? Pure; the time is an argument.

Every attribute that the rule names and the entry has must say *enabled*. Some of them change their answer by the
clock alone; the instant at which that happens is part of the answer, so that a run by changes knows whom to look
at again.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from typing import NamedTuple, TypeAlias

from ldap2scim.directory import active_directory, openldap, syntaxes
from ldap2scim.mapping.spec import ValueRule
from ldap2scim.mapping.values import Raw, Unreadable, Value, compile_conversions, first_of, octets_of, truth


class Account(NamedTuple):
    """Whether an account is enabled, and the instant at which to ask again; None: not before something changes.

    An enabled account has one where it will expire, a disabled one where a lock will end.
    """

    active: bool
    valid_until: datetime | None


ActiveReader: TypeAlias = Callable[[Raw, datetime], Account]
"""Takes the time of evaluation. Raises `Unreadable`."""
_Judge: TypeAlias = Callable[[bytes, datetime], Account]
"""Judges one value that is not empty. Raises `Unreadable` or `ValueSyntaxError`."""

_ENABLED = Account(active=True, valid_until=None)
_DISABLED = Account(active=False, valid_until=None)
_NO_VALUES = (b"",)
_FIRST_DAY = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_DAY = (datetime.max.replace(tzinfo=UTC) - _FIRST_DAY).days


def compile_active(rule: ValueRule, lockout_duration: timedelta | None = None) -> ActiveReader:
    """Return the reader of `active`: all sources that have a value must say enabled.

    Where no source has a value the default holds, and without a default the account is enabled.

    Args:
        rule: where it comes from.
        lockout_duration: how long a lock of the password policy lasts; None: until it is taken away.
    """
    names = tuple(map(str.lower, rule.sources))
    known: Mapping[str, _Judge] = {**_JUDGES, "pwdaccountlockedtime": partial(_account_locked, lockout_duration)}
    judges = tuple(known.get(name) or _said(name, rule) for name in names)
    unsaid = _DISABLED if rule.default is False else _ENABLED

    @lru_cache(maxsize=1024)  # thousands of people share a few combinations of flags
    def judge_all(values: tuple[Value, ...], now: datetime) -> Account:
        answers = []
        for name, judge, value in zip(names, judges, values, strict=True):
            if value:
                try:
                    answers.append(judge(octets_of(value), now))
                except syntaxes.ValueSyntaxError as error:
                    raise Unreadable(name, f"is not {error.expected}") from None
        return _together(answers) if answers else unsaid

    if not names:
        return lambda _raw, _now: unsaid

    def read(raw: Raw, now: datetime) -> Account:
        return judge_all(tuple([first_of(raw.get(name) or _NO_VALUES) for name in names]), now)

    return read


def _together(answers: list[Account]) -> Account:
    if len(answers) == 1:
        return answers[0]
    against = [answer for answer in answers if not answer.active]
    ends = [answer.valid_until for answer in against or answers if answer.valid_until is not None]
    if len(ends) < len(against):
        return _DISABLED  # one of them by something that the clock does not end
    return Account(not against, min(ends)) if ends else _ENABLED


def _user_account_control(value: bytes, _now: datetime) -> Account:
    return _ENABLED if active_directory.is_enabled(value) else _DISABLED


def _account_expires(value: bytes, now: datetime) -> Account:
    expiry = active_directory.expiry(value, now)
    return Account(expiry.enabled, expiry.changes_at)


def _shadow_expire(value: bytes, now: datetime) -> Account:
    """Judge days since 1970, UTC; the account ends as that day begins (shadow(5), RFC 2307 §2.2)."""
    days = syntaxes.integer(value)
    if not 0 <= days <= _LAST_DAY:
        return _ENABLED
    end = _FIRST_DAY + timedelta(days=days)
    return _DISABLED if end <= now else Account(active=True, valid_until=end)


def _account_locked(lockout_duration: timedelta | None, value: bytes, now: datetime) -> Account:
    """Judge the operational attribute of OpenLDAP's ppolicy overlay (slapo-ppolicy(5)).

    How long a lock lasts stands in a policy entry that is not read, hence the setting.
    """
    lock = openldap.lock(value, now, lockout_duration)
    return Account(active=not lock.holds, valid_until=lock.ends_at)


def _disabled_where_true(name: str) -> _Judge:
    def judge(value: bytes, _now: datetime) -> Account:
        return _DISABLED if truth(syntaxes.text(value), name) else _ENABLED

    return judge


_JUDGES: Mapping[str, _Judge] = {
    "useraccountcontrol": _user_account_control,
    "accountexpires": _account_expires,
    "shadowexpire": _shadow_expire,
    # These say the opposite: AD LDS ([MS-ADA2]), 389 Directory Server, eDirectory.
    "msds-useraccountdisabled": _disabled_where_true("msds-useraccountdisabled"),
    "nsaccountlock": _disabled_where_true("nsaccountlock"),
    "logindisabled": _disabled_where_true("logindisabled"),
}


def _said(name: str, rule: ValueRule) -> _Judge:
    """Judge any other attribute, which must say true or false once it is converted."""
    convert = compile_conversions(rule.conversions)

    def judge(value: bytes, _now: datetime) -> Account:
        return _ENABLED if truth(convert(syntaxes.text(value)), name) else _DISABLED

    return judge
