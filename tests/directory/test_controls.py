"""Controls and intermediate responses as octets, held against another implementation (pyasn1)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ldap3.protocol.rfc4511 import LDAPOID, ControlValue, Criticality
from ldap3.protocol.rfc4511 import Control as TheirControl
from pyasn1.codec.ber import decoder as ber_decoder
from pyasn1.codec.ber import encoder as ber_encoder

from ldap2scim.directory import controls, encoder, filters
from ldap2scim.directory.ber import SEQUENCE, DecodeError, inner, integer, tlv
from ldap2scim.directory.controls import PAGED_RESULTS, Control
from ldap2scim.directory.decoder import Decoder, Done, Intermediate, entry_controls, entry_prefix
from ldap2scim.directory.encoder import Scope, SearchRequest

OIDS = st.lists(st.integers(min_value=1, max_value=99999), min_size=2, max_size=9).map(
    lambda numbers: ".".join(map(str, numbers))
)
VALUES = st.none() | st.binary(max_size=300)
CONTROLS = st.builds(Control, OIDS, st.booleans(), VALUES)
LISTS = st.lists(CONTROLS, max_size=5).map(tuple)


@given(st.binary(max_size=20), LISTS)
def test_what_is_encoded_is_decoded(before: bytes, found: tuple[Control, ...]) -> None:
    """Controls come back as they were sent, wherever in a message they begin."""
    assert controls.decode(before + controls.encode(found), len(before)) == found


@given(CONTROLS)
def test_another_decoder_reads_the_same(found: Control) -> None:
    """What we send is what pyasn1 reads: name, criticality and value."""
    encoded = controls.encode([found])
    start, end = inner(encoded, 0, controls.CONTROLS, len(encoded))
    theirs: Any = ber_decoder.decode(encoded[start:end], asn1Spec=TheirControl())[0]
    assert str(theirs["controlType"]) == found.oid
    assert bool(theirs["criticality"]) is found.critical
    value = theirs["controlValue"]
    assert (bytes(value) if value.hasValue() else None) == found.value


@given(CONTROLS)
def test_another_encoder_is_read(found: Control) -> None:
    """What pyasn1 sends is read, although it writes TRUE and FALSE in its own way."""
    theirs = TheirControl()
    theirs["controlType"] = LDAPOID(found.oid)
    theirs["criticality"] = Criticality(found.critical)
    if found.value is not None:
        theirs["controlValue"] = ControlValue(found.value)
    assert controls.decode(tlv(controls.CONTROLS, ber_encoder.encode(theirs)), 0) == (found,)


def test_octets_of_a_critical_control() -> None:
    """TRUE is 0xff (RFC 4511 §5.1); FALSE is the default, and not written."""
    assert controls.encode([Control("1.2", critical=True, value=b"\x05")]) == bytes.fromhex(
        "a00d 300b 0403 312e32 0101ff 040105".replace(" ", "")
    )
    assert controls.encode([Control("1.2")]) == bytes.fromhex("a007 3005 0403 312e32".replace(" ", ""))
    assert controls.encode([]) == b""


@given(LISTS, st.data())
def test_damaged_controls_raise_the_one_error(found: tuple[Control, ...], data: st.DataObject) -> None:
    """Controls that are cut or changed anywhere are refused, or are others; nothing else happens."""
    whole = controls.encode((*found, Control("1.2.3", value=b"x")))
    cut = data.draw(st.integers(min_value=1, max_value=len(whole) - 1))
    with pytest.raises(DecodeError):
        controls.decode(whole[:cut], 0)
    damaged = bytearray(whole)
    damaged[cut] = data.draw(st.integers(min_value=0, max_value=255))
    try:
        controls.decode(bytes(damaged), 0)
    except DecodeError as error:
        assert str(error)  # noqa: PT017 - either this or no error at all


@given(LISTS, st.integers(min_value=1, max_value=5000), st.binary(max_size=50))
def test_pages_are_asked_for_beside_other_controls(found: tuple[Control, ...], size: int, cookie: bytes) -> None:
    """A paged request carries its own controls and the one of paged results; an unpaged one its own alone."""
    request = SearchRequest("dc=x", Scope.SUBTREE, filters.parse("(cn=*)"), ("cn",), found)
    assert sent_controls(encoder.encode_search(7, request)) == found
    paged = sent_controls(encoder.encode_search(7, request, size, cookie))
    assert paged[:-1] == found
    assert paged[-1].oid == PAGED_RESULTS
    assert not paged[-1].critical
    assert controls.paged_results_cookie(paged[-1].value) == cookie


@given(LISTS.filter(lambda found: all(control.oid != PAGED_RESULTS for control in found)), st.none() | st.binary())
def test_end_of_a_search_has_its_controls(found: tuple[Control, ...], cookie: bytes | None) -> None:
    """The end of a search gives the cookie of paged results, and every other control as it came."""
    pages = () if cookie is None else (controls.paged_results(0, cookie),)
    sent = found[:1] + pages + found[1:]
    message = integer(7) + tlv(0x65, tlv(0x0A, b"\x00"), tlv(0x04), tlv(0x04)) + controls.encode(sent)
    assert Decoder().other(message) == (7, Done(0, "", "", (), cookie, found))


@given(LISTS)
def test_entry_has_its_controls(found: tuple[Control, ...]) -> None:
    """The controls behind an entry are read, and do not disturb the entry."""
    attribute = tlv(SEQUENCE, tlv(0x04, b"cn"), tlv(0x31, tlv(0x04, b"a")))
    message = integer(7) + tlv(0x64, tlv(0x04, b"cn=a"), tlv(SEQUENCE, attribute)) + controls.encode(found)
    entry = Decoder().entry(message, entry_prefix(7))
    assert entry is not None
    assert (entry.dn, entry.attributes) == ("cn=a", {"cn": (b"a",)})
    assert entry_controls(message, entry_prefix(7)) == found


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        ("8003312e32 8101ff", Intermediate("1.2", b"\xff")),
        ("8003312e32", Intermediate("1.2", None)),
        ("8100", Intermediate("", b"")),
        ("", Intermediate("", None)),
    ],
)
def test_intermediate_response(octets: str, expected: Intermediate) -> None:
    """Name and value of an intermediate response (RFC 4511 §4.13) may each be left out."""
    message = integer(7) + tlv(0x79, bytes.fromhex(octets.replace(" ", "")))
    assert Decoder().other(message) == (7, expected)


@pytest.mark.parametrize("octets", ["8003312e32 8101ff 8101ff", "8103ff", "0403312e32"])
def test_broken_intermediate_response_is_refused(octets: str) -> None:
    """An intermediate response with more, less or something else in it is no LDAP."""
    message = integer(7) + tlv(0x79, bytes.fromhex(octets.replace(" ", "")))
    with pytest.raises(DecodeError):
        Decoder().other(message)


def test_paged_results_without_a_value_are_refused() -> None:
    """A control of paged results that says nothing does not end a search as if it were the last page."""
    message = (
        integer(7) + tlv(0x65, tlv(0x0A, b"\x00"), tlv(0x04), tlv(0x04)) + controls.encode([Control(PAGED_RESULTS)])
    )
    with pytest.raises(DecodeError, match="no value"):
        Decoder().other(message)


def sent_controls(encoded: bytes) -> tuple[Control, ...]:
    """Return the controls of a request, whose own octets are skipped."""
    position, _ = inner(encoded, 0, SEQUENCE, len(encoded))
    position = inner(encoded, position, 0x02, len(encoded))[1]
    return controls.decode(encoded, inner(encoded, position, 0x63, len(encoded))[1])
