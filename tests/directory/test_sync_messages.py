"""What RFC 4533 puts into controls and messages, with octets that slapd 2.5 sent and every form that the RFC allows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.directory import sync_messages
from ldap2scim.directory.ber import DecodeError, tlv
from ldap2scim.directory.sync_messages import EntryState, IdSet, NewCookie, PhaseEnd, State, SyncDone

UUID = "51269cf4-7a4f-1041-81e0-e7972b83d9c2"
OCTETS = bytes.fromhex(UUID.replace("-", ""))
COOKIES = st.none() | st.binary(max_size=200)
FLAGS = st.none() | st.booleans()


def flag(value: bool | None) -> bytes:
    """Encode a BOOLEAN; None leaves it out."""
    return b"" if value is None else tlv(0x01, b"\xff" if value else b"\x00")


def cookie_of(cookie: bytes | None) -> bytes:
    """Encode a cookie; None leaves it out."""
    return b"" if cookie is None else tlv(0x04, cookie)


def test_request() -> None:
    """The request is critical, of mode refreshOnly, and holds the cookie where there is one."""
    found = sync_messages.request(b"rid=000")
    assert (found.oid, found.critical) == ("1.3.6.1.4.1.4203.1.9.1.1", True)
    assert found.value == b"\x30\x0c\x0a\x01\x01\x04\x07rid=000"
    assert sync_messages.request(None).value == b"\x30\x03\x0a\x01\x01"


@given(st.sampled_from(list(State)), COOKIES)
def test_state_of_an_entry(state: State, cookie: bytes | None) -> None:
    """State and UUID are read, with a cookie behind them or not."""
    value = tlv(0x30, tlv(0x0A, bytes([state])), tlv(0x04, OCTETS), cookie_of(cookie))
    assert sync_messages.entry_state(value) == EntryState(state, UUID)


@given(COOKIES, FLAGS)
def test_end(cookie: bytes | None, deletes: bool | None) -> None:
    """Cookie and refreshDeletes may be left out, which means none and no."""
    assert sync_messages.sync_done(tlv(0x30, cookie_of(cookie), flag(deletes))) == SyncDone(cookie, bool(deletes))


@given(COOKIES, FLAGS, st.integers(min_value=0, max_value=300))
def test_set_of_names(cookie: bytes | None, deletes: bool | None, count: int) -> None:
    """A set gives all its UUIDs and says whether they are gone; left out means that they are present."""
    value = tlv(0xA3, cookie_of(cookie), flag(deletes), tlv(0x31, tlv(0x04, OCTETS) * count))
    assert sync_messages.sync_info(value) == IdSet(bool(deletes), (UUID,) * count, cookie)


@given(COOKIES, FLAGS, st.booleans())
def test_end_of_a_phase(cookie: bytes | None, done: bool | None, deletes: bool) -> None:
    """The end of a phase says which it was, whether more follow or not."""
    value = tlv(0xA1 if deletes else 0xA2, cookie_of(cookie), flag(done))
    assert sync_messages.sync_info(value) == PhaseEnd(deletes, cookie)


def test_new_cookie() -> None:
    """A message with nothing but a cookie is one."""
    assert sync_messages.sync_info(b"\x80\x03abc") == NewCookie(b"abc")


@pytest.mark.parametrize("value", [None, b"", b"\x30\x00", b"\x84\x00", b"\xa3\x00", b"\xa3\x05\x31\x03\x04\x01a"])
def test_other_messages_are_refused(value: bytes | None) -> None:
    """No value, an unknown choice, a set without its names and a UUID of one octet are refused."""
    with pytest.raises(DecodeError):
        sync_messages.sync_info(value)


@pytest.mark.parametrize(
    "value", [None, b"", b"\x30\x00", tlv(0x30, b"\x0a\x01\x07", tlv(0x04, OCTETS)), b"\x30\x06\x0a\x01\x01\x04\x01a"]
)
def test_other_states_are_refused(value: bytes | None) -> None:
    """No value, no state, an unknown state and a UUID of one octet are refused."""
    with pytest.raises(DecodeError):
        sync_messages.entry_state(value)
