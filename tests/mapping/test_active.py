"""Whether an account is enabled, from what directories say about it, and until when by the clock."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.directory.entry import LdapEntry
from ldap2scim.mapping.active import Account, compile_active
from ldap2scim.mapping.ruby_regex import conversion
from ldap2scim.mapping.spec import ValueRule
from ldap2scim.mapping.values import Unreadable
from tests.mapping.worlds import NOW, entry, source

ENABLED = Account(active=True, valid_until=None)
DISABLED = Account(active=False, valid_until=None)
TOMORROW = NOW + timedelta(days=1)
HALF_AN_HOUR = timedelta(minutes=30)


def filetime(instant: datetime) -> str:
    """Return an instant as Active Directory writes it."""
    return str((instant - datetime(1601, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 10)


def generalized(instant: datetime) -> str:
    """Return an instant as OpenLDAP writes it."""
    return f"{instant:%Y%m%d%H%M%SZ}"


def account(rule: ValueRule, entry: LdapEntry, lockout_duration: timedelta | None = None) -> Account:
    """Evaluate a rule now."""
    return compile_active(rule, lockout_duration)(entry.attributes, NOW)


@pytest.mark.parametrize(
    ("attribute", "value", "expected"),
    [
        ("userAccountControl", "512", ENABLED),
        ("userAccountControl", "514", DISABLED),
        ("userAccountControl", "66050", DISABLED),
        ("accountExpires", "0", ENABLED),
        ("accountExpires", "9223372036854775807", ENABLED),
        ("accountExpires", filetime(NOW - timedelta(seconds=1)), DISABLED),
        ("accountExpires", filetime(NOW), DISABLED),
        ("accountExpires", filetime(TOMORROW), Account(True, TOMORROW)),
        ("shadowExpire", "-1", ENABLED),
        ("shadowExpire", "20544", DISABLED),
        ("shadowExpire", "20545", Account(True, datetime(2026, 4, 2, tzinfo=UTC))),
        ("shadowExpire", "99999999999", ENABLED),
        ("pwdAccountLockedTime", "000001010000Z", DISABLED),
        ("pwdAccountLockedTime", "20260401000000Z", DISABLED),
        ("msDS-UserAccountDisabled", "TRUE", DISABLED),
        ("nsAccountLock", "false", ENABLED),
        ("accountEnabled", "TRUE", ENABLED),
        ("accountEnabled", "False", DISABLED),
        ("accountEnabled", "0", DISABLED),
        ("accountEnabled", "", ENABLED),
    ],
)
def test_one_source_says_it(attribute: str, value: str, expected: Account) -> None:
    """Each attribute is read as its schema means it, at the time of evaluation."""
    assert expected == account(source(attribute), entry(**{attribute: value}))


@pytest.mark.parametrize(
    ("control", "expires", "expected"),
    [
        ("512", "0", ENABLED),
        ("514", "0", DISABLED),
        ("512", filetime(NOW - timedelta(days=1)), DISABLED),
        ("514", filetime(TOMORROW), DISABLED),
        ("512", filetime(TOMORROW), Account(True, TOMORROW)),
        ([], filetime(TOMORROW), Account(True, TOMORROW)),
        ([], [], ENABLED),
    ],
)
def test_all_sources_that_have_a_value_must_say_enabled(
    control: str | list[str], expires: str | list[str], expected: Account
) -> None:
    """A disabled account stays so when it expires: nothing changes by the clock."""
    person = entry(userAccountControl=control, accountExpires=expires)

    assert expected == account(source("userAccountControl", "accountExpires"), person)


def test_the_earliest_end_counts() -> None:
    """With two dates to come, the nearer one changes the result."""
    person = entry(accountExpires=filetime(NOW + timedelta(days=90)), shadowExpire="20550")

    assert datetime(2026, 4, 7, tzinfo=UTC) == account(source("accountExpires", "shadowExpire"), person).valid_until


def test_the_answer_follows_the_time_of_evaluation() -> None:
    """One compiled rule, one entry, two times."""
    read = compile_active(source("accountExpires"))
    person = entry(accountExpires=filetime(TOMORROW))

    assert [read(person.attributes, at).active for at in (NOW, TOMORROW)] == [True, False]


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        (generalized(NOW), Account(False, NOW + HALF_AN_HOUR)),
        (generalized(NOW - timedelta(minutes=29)), Account(False, NOW + timedelta(minutes=1))),
        (generalized(NOW - HALF_AN_HOUR), ENABLED),
        ("000001010000Z", DISABLED),
    ],
)
def test_a_lock_of_the_password_policy_ends_by_the_clock(since: str, expected: Account) -> None:
    """While it lasts, its end is the time to look again; the lock of an administrator has none."""
    assert account(source("pwdAccountLockedTime"), entry(pwdAccountLockedTime=since), HALF_AN_HOUR) == expected


def test_an_account_that_is_locked_and_about_to_expire() -> None:
    """Whoever is locked is looked at again when the lock ends, and is then enabled until the account expires."""
    read = compile_active(source("pwdAccountLockedTime", "shadowExpire"), HALF_AN_HOUR)
    person = entry(pwdAccountLockedTime=generalized(NOW), shadowExpire="20545")
    midnight = datetime(2026, 4, 2, tzinfo=UTC)

    assert read(person.attributes, NOW) == Account(False, NOW + HALF_AN_HOUR)
    assert read(person.attributes, NOW + HALF_AN_HOUR) == Account(True, midnight)
    assert read(person.attributes, midnight) == DISABLED


@pytest.mark.parametrize("disabled", [{"nsAccountLock": "TRUE"}, {"shadowExpire": "1"}])
def test_the_end_of_a_lock_changes_nothing_for_an_account_that_is_disabled_too(disabled: dict[str, str]) -> None:
    """What disables for good needs no look at the clock."""
    person = entry(pwdAccountLockedTime=generalized(NOW), **disabled)

    assert account(source("pwdAccountLockedTime", *disabled), person, HALF_AN_HOUR) == DISABLED


@given(
    st.timedeltas(timedelta(hours=-2), timedelta(hours=2)),
    st.timedeltas(timedelta(hours=-2), timedelta(hours=2)),
    st.booleans(),
)
def test_nothing_changes_before_the_time_to_look_again(locked: timedelta, expires: timedelta, enabled: bool) -> None:
    """Until the instant that an answer names it stays the same; without one it stays for ever."""
    person = entry(
        pwdAccountLockedTime=generalized(NOW + locked),
        accountExpires=filetime(NOW + expires),
        userAccountControl="512" if enabled else "514",
    )
    read = compile_active(source("pwdAccountLockedTime", "accountExpires", "userAccountControl"), HALF_AN_HOUR)
    answer = read(person.attributes, NOW)
    times = [NOW + timedelta(minutes=minute) for minute in range(0, 300, 3)]
    for at in times:
        if answer.valid_until is None or at < answer.valid_until:
            assert read(person.attributes, at).active is answer.active
    assert answer.valid_until is None or answer.valid_until > NOW


def test_a_shadow_account_ends_as_its_day_begins() -> None:
    """At midnight UTC itself it is disabled, and nothing more is to come."""
    read = compile_active(source("shadowExpire"))
    person = entry(shadowExpire="20545")
    midnight = datetime(2026, 4, 2, tzinfo=UTC)

    assert read(person.attributes, midnight) == DISABLED
    assert read(person.attributes, midnight - timedelta(seconds=1)) == Account(True, midnight)


def test_without_a_value_the_default_holds() -> None:
    """Nothing mapped means enabled; a written default says otherwise."""
    assert account(ValueRule(), entry()) == ENABLED
    assert account(source("accountEnabled", default=False), entry()) == DISABLED


def test_words_of_the_house_are_converted_first() -> None:
    """Any attribute can say it, once its words become true and false."""
    rule = ValueRule(
        ("employeeStatus",), None, (conversion(r"\Aretired\z", "false"), conversion(r"\Aat work\z", "true"))
    )

    assert [account(rule, entry(employeeStatus=word)) for word in ("at work", "retired")] == [ENABLED, DISABLED]


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("userAccountControl", "on"),
        ("accountExpires", "soon"),
        ("accountEnabled", "perhaps"),
        ("accountEnabled", b"\xff"),
        ("nsAccountLock", "perhaps"),
        ("shadowExpire", "1.5"),
        ("pwdAccountLockedTime", "TRUE"),
    ],
)
def test_a_value_that_says_neither_is_unreadable(attribute: str, value: str | bytes) -> None:
    """Nobody is enabled or disabled by a guess."""
    with pytest.raises(Unreadable) as raised:
        account(source(attribute), entry(**{attribute: value}))
    assert attribute.lower() == raised.value.attribute
