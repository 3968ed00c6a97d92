"""Habits of Active Directory and OpenLDAP, and the source anchors they offer."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from ldap2scim.directory import active_directory, openldap
from ldap2scim.directory.active_directory import Expiry
from ldap2scim.directory.anchors import anchor_reader, source_anchor
from ldap2scim.directory.entry import LdapEntry
from ldap2scim.directory.settings import DirectorySettings, MemberReference
from ldap2scim.directory.syntaxes import ValueSyntaxError
from ldap2scim.model import GuidForm

AT = datetime(2026, 4, 1, tzinfo=UTC)


def filetime(instant: datetime) -> bytes:
    """Return the FILETIME of an instant as LDAP sends it."""
    return str(int((instant - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()) * 10_000_000).encode()


@pytest.mark.parametrize(
    ("value", "enabled"),
    [(b"512", True), (b"514", False), (b"66048", True), (b"66050", False), (b"-2147483134", False)],
)
def test_account_control(value: bytes, enabled: bool) -> None:
    """An account is disabled by bit 2 alone, whatever else is set."""
    assert active_directory.is_enabled(value) is enabled


def test_account_expiry_depends_on_the_time() -> None:
    """An account expires at its instant by the clock alone, and never comes back by it."""
    tomorrow = AT + timedelta(days=1)
    assert active_directory.expiry(filetime(tomorrow), AT) == Expiry(enabled=True, changes_at=tomorrow)
    assert active_directory.expiry(filetime(AT), AT) == Expiry(enabled=False, changes_at=None)
    assert active_directory.expiry(b"0", AT) == Expiry(enabled=True, changes_at=None)
    assert active_directory.expiry(b"9223372036854775807", AT) == Expiry(enabled=True, changes_at=None)


def test_group_classes_have_their_member_attributes() -> None:
    """Each common class of groups is paired with the attribute that lists its members, and what that holds."""
    assert openldap.MEMBERSHIP["groupofnames"] == openldap.Membership("member", MemberReference.DN)
    assert openldap.MEMBERSHIP["groupofuniquenames"] == openldap.Membership("uniqueMember", MemberReference.DN)
    assert openldap.MEMBERSHIP["posixgroup"] == openldap.Membership("memberUid", MemberReference.UID)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("uid=taro,dc=example#'0101'B", "uid=taro,dc=example"),
        ("uid=taro,dc=example#''B", "uid=taro,dc=example"),
        ("uid=taro,dc=example", "uid=taro,dc=example"),
        ("cn=a#b,dc=example", "cn=a#b,dc=example"),
    ],
)
def test_optional_uid_of_a_unique_member(value: str, expected: str) -> None:
    """The optional bit string behind a DN is no part of the name (RFC 4517 §3.3.21)."""
    assert openldap.without_optional_uid(value) == expected


def test_locked_account() -> None:
    """A lock lasts for good, for the policy's duration, or until somebody opens it; its end is known beforehand."""
    an_hour, for_good, over = timedelta(hours=1), openldap.Lock(True, None), openldap.Lock(False, None)
    assert openldap.lock(b"000001010000Z", AT, an_hour) == for_good
    assert openldap.lock(b"20260331233000Z", AT, an_hour) == openldap.Lock(True, AT + timedelta(minutes=30))
    assert openldap.lock(b"20260331230000Z", AT, an_hour) == over
    assert openldap.lock(b"20200101000000Z", AT, None) == for_good
    assert openldap.lock(b"20200101000000Z", AT, timedelta()) == for_good
    assert openldap.lock(b"99991231235959Z", AT, an_hour) == for_good


def test_a_lock_without_a_time_is_none() -> None:
    """A value that is no time is not taken for a lock, whatever the policy."""
    for duration in (None, timedelta(hours=1)):
        with pytest.raises(ValueSyntaxError):
            openldap.lock(b"TRUE", AT, duration)


GUID = UUID("00112233-4455-6677-8899-aabbccddeeff")


@pytest.mark.parametrize(
    ("attribute", "values", "expected"),
    [
        ("objectGUID", (GUID.bytes_le,), str(GUID)),
        ("mS-DS-ConsistencyGuid", (GUID.bytes_le,), str(GUID)),
        ("entryUUID", (str(GUID).upper().encode(),), str(GUID)),
        ("employeeNumber", (b"A-17",), "A-17"),
        ("employeeNumber", ("社員17".encode(),), "社員17"),
        ("nsUniqueId", (b"\xff\x00",), "/wA="),
        ("objectSid", (b"\x01\x05",), "AQU="),
        ("employeeNumber", (), None),
        ("employeeNumber", (b"",), None),
        ("employeeNumber", (b"1", b"2"), None),
    ],
)
def test_source_anchor(
    make_settings: Callable[..., DirectorySettings], attribute: str, values: tuple[bytes, ...], expected: str | None
) -> None:
    """An anchor is a GUID, text, or base64; without exactly one value there is none."""
    entry = LdapEntry("cn=x", {attribute.lower(): values} if values else {})
    settings = make_settings(source_anchor=attribute)
    assert source_anchor(entry, settings) == expected
    as_text = {name: [_text_where_it_is(value) for value in values] for name, values in entry.attributes.items()}
    assert anchor_reader(settings)(as_text) == expected


def _text_where_it_is(value: bytes) -> str | bytes:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


@pytest.mark.parametrize("attribute", ["objectGUID", "mS-DS-ConsistencyGuid"])
def test_the_form_of_guids_never_reaches_a_key(make_settings: Callable[..., DirectorySettings], attribute: str) -> None:
    """The octets of a GUID are in Windows' order, and its text in a key is hyphenated, whatever the service gets."""
    octets = bytes.fromhex("33221100554477668899aabbccddeeff")
    entry = LdapEntry("cn=x", {attribute.lower(): (octets,)})
    for form in GuidForm:
        assert source_anchor(entry, make_settings(source_anchor=attribute, guid_form=form)) == str(GUID)
