"""What the octets of attribute values mean."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.directory import syntaxes
from ldap2scim.directory.syntaxes import ValueSyntaxError


def test_guid_of_active_directory() -> None:
    """The first three parts of a Windows GUID are little-endian; its base64 is that of the raw octets."""
    octets = bytes.fromhex("33221100554477668899aabbccddeeff")
    assert syntaxes.guid_text(octets) == "00112233-4455-6677-8899-aabbccddeeff"
    assert syntaxes.guid_base64(octets) == "MyIRAFVEd2aImaq7zN3u/w=="


@pytest.mark.parametrize("octets", [b"", b"15 octets aaaaaa", b"17 octets aaaaaaaa"])
def test_guid_has_sixteen_octets(octets: bytes) -> None:
    """Anything but 16 octets is no GUID."""
    octets = octets[:15] if len(octets) == 16 else octets
    for convert in (syntaxes.guid_text, syntaxes.guid_base64):
        with pytest.raises(ValueSyntaxError, match="16 octets"):
            convert(octets)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"20260401093000Z", datetime(2026, 4, 1, 9, 30, tzinfo=UTC)),
        (b"20260401093000.0Z", datetime(2026, 4, 1, 9, 30, tzinfo=UTC)),
        (b"20260401183000+0900", datetime(2026, 4, 1, 9, 30, tzinfo=UTC)),
        (b"2026040118+09", datetime(2026, 4, 1, 9, tzinfo=UTC)),
        (b"2026040109.5Z", datetime(2026, 4, 1, 9, 30, tzinfo=UTC)),
        (b"202604010930,25Z", datetime(2026, 4, 1, 9, 30, 15, tzinfo=UTC)),
        (b"19941216053260-0500", datetime(1994, 12, 16, 10, 33, tzinfo=UTC)),
    ],
)
def test_generalized_time(value: bytes, expected: datetime) -> None:
    """Every form of RFC 4517 §3.3.13 gives the instant in UTC."""
    assert syntaxes.generalized_time(value) == expected


@pytest.mark.parametrize(
    "value", [b"", b"20260401", b"20260401093000", b"20260230000000Z", b"00000101000000Z", b"2026040125Z", b"\xff"]
)
def test_what_is_no_generalized_time(value: bytes) -> None:
    """A date alone, a local time, an impossible day and octets are refused."""
    with pytest.raises(ValueSyntaxError, match="generalized time"):
        syntaxes.generalized_time(value)


def test_filetime() -> None:
    """A FILETIME counts steps of 100 ns from 1601; 0, the largest number and the far future mean never."""
    assert syntaxes.filetime(b"116444736000000000") == datetime(1970, 1, 1, tzinfo=UTC)
    for never in (b"0", b"9223372036854775807", b"9223372036854775806"):
        assert syntaxes.filetime(never) is None
    for wrong in (b"-1", b"", b"soon"):
        with pytest.raises(ValueSyntaxError):
            syntaxes.filetime(wrong)


def test_boolean() -> None:
    """TRUE and FALSE in any case; nothing else."""
    assert syntaxes.boolean(b"TRUE") is True
    assert syntaxes.boolean(b"false") is False
    with pytest.raises(ValueSyntaxError):
        syntaxes.boolean(b"1")


@given(st.integers(min_value=-(10**30), max_value=10**30))
def test_integer(number: int) -> None:
    """Numbers are read back, of any size that a directory holds."""
    assert syntaxes.integer(str(number).encode()) == number


def test_error_never_holds_the_value() -> None:
    """The message says what was expected and not what was there: it may be somebody's data."""
    with pytest.raises(ValueSyntaxError) as caught:
        syntaxes.text(b"private \xff")
    assert str(caught.value) == "the value is not UTF-8 text"
    assert caught.value.__cause__ is None
    assert syntaxes.text("山田".encode()) == "山田"


def test_a_guid_is_read_in_either_form() -> None:
    """Hyphenated in any case of letters, or base64; nothing else is one."""
    octets = bytes(range(16))
    for written in (syntaxes.guid_text(octets), syntaxes.guid_text(octets).upper(), syntaxes.guid_base64(octets)):
        assert syntaxes.guid_octets(written) == octets
    for written in ("", "taro", "taro@corp.example", "あおい", "AAAA", "0011-2233", syntaxes.guid_text(octets)[1:]):
        assert syntaxes.guid_octets(written) is None
