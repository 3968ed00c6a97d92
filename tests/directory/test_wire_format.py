"""Search requests and results as octets, held against another implementation (ldap3 and pyasn1)."""

from typing import Any

import ldap3
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from ldap3.operation.search import search_operation
from ldap3.protocol.rfc2696 import Cookie, RealSearchControlValue, Size, paged_search_control
from ldap3.protocol.rfc4511 import (
    LDAPDN,
    LDAPOID,
    URI,
    AttributeDescription,
    AttributeValue,
    Control,
    ControlValue,
    LDAPMessage,
    LDAPString,
    MessageID,
    PartialAttribute,
    PartialAttributeList,
    ProtocolOp,
    Referral,
    ResultCode,
    SearchResultDone,
    SearchResultEntry,
    SearchResultReference,
    Vals,
)
from pyasn1.codec.ber import encoder as ber_encoder

from ldap2scim.directory import encoder, filters
from ldap2scim.directory.ber import DecodeError
from ldap2scim.directory.decoder import Decoder, Done, Notice, Reference, done_prefix, entry_prefix
from ldap2scim.directory.encoder import Scope, SearchRequest
from ldap2scim.directory.entry import LdapEntry
from ldap2scim.directory.framing import Framer

NAMES = st.sampled_from(["cn", "objectClass", "entryUUID", "cn;lang-ja", "member;range=0-1499", "x" * 130])
VALUES = st.binary(max_size=20) | st.sampled_from([b"x" * 127, b"x" * 128, b"x" * 300, b"x" * 70000])
ATTRIBUTES = st.dictionaries(NAMES, st.lists(VALUES, min_size=1, max_size=4, unique=True), max_size=5)
IDS = st.sampled_from([1, 127, 128, 255, 256, 65536, 2**31 - 1])


def message(message_id: int, kind: str, operation: Any, *controls: Any) -> bytes:
    """Encode an LDAPMessage with pyasn1."""
    found = LDAPMessage()
    found["messageID"] = MessageID(message_id)
    found["protocolOp"] = ProtocolOp().setComponentByName(kind, operation)
    for index, control in enumerate(controls):
        found["controls"][index] = control
    encoded: bytes = ber_encoder.encode(found)
    return encoded


def entry_message(message_id: int, dn: str, attributes: dict[str, list[bytes]]) -> bytes:
    """Encode a search result entry with pyasn1."""
    listed = PartialAttributeList()
    for index, (name, values) in enumerate(attributes.items()):
        attribute = PartialAttribute()
        attribute["type"] = AttributeDescription(name)
        attribute["vals"] = Vals()
        for place, value in enumerate(values):
            attribute["vals"][place] = AttributeValue(value)
        listed[index] = attribute
    entry = SearchResultEntry()
    entry["object"] = LDAPDN(dn)
    entry["attributes"] = listed
    return message(message_id, "searchResEntry", entry)


def done_message(
    message_id: int, code: int, diagnostic: str = "", cookie: bytes | None = None, uris: tuple[str, ...] = ()
) -> bytes:
    """Encode the end of a search with pyasn1."""
    done = SearchResultDone()
    done["resultCode"] = ResultCode(code)
    done["matchedDN"] = LDAPDN("")
    done["diagnosticMessage"] = LDAPString(diagnostic)
    if uris:
        referral = Referral()
        for index, uri in enumerate(uris):
            referral[index] = URI(uri)
        done["referral"] = referral
    if cookie is None:
        return message(message_id, "searchResDone", done)
    value = RealSearchControlValue()
    value["size"] = Size(0)
    value["cookie"] = Cookie(cookie)
    control = Control()
    control["controlType"] = LDAPOID("1.2.840.113556.1.4.319")
    control["controlValue"] = ControlValue(ber_encoder.encode(value))
    return message(message_id, "searchResDone", done, control)


def contents(encoded: bytes) -> bytes:
    """Return a message without its own header, as the framer gives it."""
    (found,) = Framer().feed(encoded)
    return found


@given(IDS, st.text(max_size=40), ATTRIBUTES)
@settings(deadline=None)
def test_entries_equal_those_of_another_encoder(message_id: int, dn: str, attributes: dict[str, list[bytes]]) -> None:
    """Every entry that pyasn1 encodes is decoded to the same DN, names in lower case, and values in order."""
    decoder = Decoder()
    expected = LdapEntry(dn, {name.lower(): tuple(values) for name, values in attributes.items()})
    for _ in range(2):  # the second time the names are known
        assert decoder.entry(contents(entry_message(message_id, dn, attributes)), entry_prefix(message_id)) == expected
    assert decoder.ranged == {name for name in expected.attributes if "range" in name}


@given(IDS, st.sampled_from([0, 3, 4, 10, 51, 80]), st.text(max_size=200), st.none() | st.binary(max_size=200))
@settings(deadline=None)
def test_end_of_a_search(message_id: int, code: int, diagnostic: str, cookie: bytes | None) -> None:
    """Result code, diagnostic message and the cookie of paged results are read; without the control there is none."""
    found = contents(done_message(message_id, code, diagnostic, cookie))
    assert found.startswith(done_prefix(message_id))
    assert Decoder().other(found) == (message_id, Done(code, "", diagnostic, (), cookie))


def test_referrals_and_references() -> None:
    """The URIs of a referral and of a continuation reference are read."""
    _, done = Decoder().other(contents(done_message(5, 10, uris=("ldap://a", "ldap://b"))))
    assert isinstance(done, Done)
    assert done.referral == ("ldap://a", "ldap://b")
    reference = SearchResultReference()
    reference[0] = URI("ldap://c/dc=x")
    assert Decoder().other(contents(message(5, "searchResRef", reference))) == (5, Reference(("ldap://c/dc=x",)))


def test_notice_of_disconnection() -> None:
    """The notice of RFC 4511 §4.4.1 is read with its code, text and object identifier."""
    name = b"1.3.6.1.4.1.1466.20036"
    body = b"\x0a\x01\x34\x04\x00\x04\x03bye\x8a" + bytes((len(name),)) + name
    encoded = b"\x02\x01\x00\x78" + bytes((len(body),)) + body
    assert Decoder().other(encoded) == (0, Notice(52, "bye", name.decode()))


def test_attribute_sent_twice_or_without_values() -> None:
    """Values that come in two parts are joined; an attribute without values is absent, a range without is not."""
    decoder = Decoder()
    known = contents(entry_message(1, "cn=x", {"cn": [b"a"], "sn": [b"b"], "member;range=0-*": [b"m"]}))
    decoder.entry(known, entry_prefix(1))
    empty = b"\x30\x06\x04\x02sn\x31\x00"
    ranged = b"\x30\x14\x04\x10member;range=5-*\x31\x00"
    twice = b"\x30\x09\x04\x02cn\x31\x03\x04\x01a" + b"\x30\x09\x04\x02CN\x31\x03\x04\x01b"
    body = b"\x04\x04cn=x\x30" + bytes((len(empty + ranged + twice),)) + empty + ranged + twice
    found = decoder.entry(b"\x02\x01\x01\x64" + bytes((len(body),)) + body, entry_prefix(1))
    assert found == LdapEntry("cn=x", {"cn": (b"a", b"b"), "member;range=5-*": ()})
    again = b"\x30\x09\x04\x02cn\x31\x03\x04\x01a" + b"\x30\x09\x04\x02cn\x31\x03\x04\x01b"
    body = b"\x04\x04cn=x\x30" + bytes((len(again),)) + again
    found = decoder.entry(b"\x02\x01\x01\x64" + bytes((len(body),)) + body, entry_prefix(1))
    assert found == LdapEntry("cn=x", {"cn": (b"a", b"b")})


def test_entry_that_ends_with_an_attribute_without_values() -> None:
    """Active Directory sends empty attributes, the last one too, whose name may have been met before with values."""
    decoder = Decoder()
    known = contents(entry_message(1, "cn=x", {"cn": [b"a"], "member": [b"m"]}))
    decoder.entry(known, entry_prefix(1))
    attributes = b"\x30\x09\x04\x02cn\x31\x03\x04\x01a" + b"\x30\x0a\x04\x06member\x31\x00"
    body = b"\x04\x04cn=x\x30" + bytes((len(attributes),)) + attributes
    found = decoder.entry(b"\x02\x01\x01\x64" + bytes((len(body),)) + body, entry_prefix(1))
    assert found == LdapEntry("cn=x", {"cn": (b"a",)})


def test_attribute_longer_than_its_entry_is_refused() -> None:
    """An attribute whose lengths agree with each other, and reach beyond the entry, is refused."""
    decoder = Decoder()
    decoder.entry(contents(entry_message(1, "cn=x", {"cn": [b"a"]})), entry_prefix(1))
    longer = b"\x30\x0a\x04\x02cn\x31\x04\x04\x02a"
    body = b"\x04\x04cn=x\x30" + bytes((len(longer),)) + longer
    with pytest.raises(DecodeError, match="do not fill"):
        decoder.entry(b"\x02\x01\x01\x64" + bytes((len(body),)) + body, entry_prefix(1))


def test_dn_that_is_not_utf8_is_escaped() -> None:
    """Octets of a DN that are not UTF-8 are written as RFC 4514 escapes, and stop nothing."""
    body = b"\x04\x05cn=\xff\xfe\x30\x00"
    found = Decoder().entry(b"\x02\x01\x01\x64" + bytes((len(body),)) + body, entry_prefix(1))
    assert found == LdapEntry("cn=\\ff\\fe", {})


@given(st.lists(st.integers(min_value=0, max_value=400), max_size=6), st.integers(min_value=1, max_value=50))
@settings(deadline=None)
def test_messages_are_cut_wherever_the_octets_arrive(sizes: list[int], step: int) -> None:
    """However a stream is split on its way, the same whole messages come out of it, in order."""
    sent = [entry_message(7, "cn=x", {"cn": [b"v" * size]}) for size in sizes]
    stream = b"".join(sent)
    framer = Framer()
    received = [found for start in range(0, len(stream), step) for found in framer.feed(stream[start : start + step])]
    assert received == [contents(one) for one in sent]


@given(st.data())
@settings(deadline=None)
def test_damaged_entries_are_refused_or_read_to_the_end(data: st.DataObject) -> None:
    """A message that is cut or changed anywhere raises the one error, or is an entry; nothing else happens."""
    whole = contents(entry_message(7, "cn=x", {"cn": [b"a", b"b"], "sn": [b"c" * 130], "x" * 130: [b"d"]}))
    decoder = Decoder()
    if data.draw(st.booleans()):
        decoder.entry(whole, entry_prefix(7))
    cut = data.draw(st.integers(min_value=0, max_value=len(whole) - 1))
    with pytest.raises(DecodeError):
        decoder.other(whole[:cut])
    damaged = bytearray(whole)
    damaged[cut] = data.draw(st.integers(min_value=0, max_value=255))
    try:
        decoder.other(bytes(damaged))
    except DecodeError as error:
        assert str(error)  # noqa: PT017 - either this or no error at all


@given(st.binary(max_size=60))
def test_garbage_is_refused(garbage: bytes) -> None:
    """Octets that are no LDAP are refused, or waited on; they never come out as a result."""
    framer, decoder = Framer(), Decoder()
    try:
        for found in framer.feed(garbage):
            decoder.other(found)
    except DecodeError:
        return
    assume(False)


@pytest.mark.parametrize("octets", [b"HTTP/1.1 400 Bad Request\r\n", b"\x16\x03\x01\x02\x00", b"\x30\x80\x02\x01"])
def test_other_protocols_are_refused_at_once(octets: bytes) -> None:
    """HTTP, TLS and BER of indefinite length are no LDAP messages."""
    with pytest.raises(DecodeError):
        Framer().feed(octets)


TEXTS = [
    "(cn=Taro)",
    "(&(objectClass=inetOrgPerson)(|(uid=a)(!(uid=b))))",
    "(cn=a*b*c)",
    "(cn=*b*)",
    "(cn=*)",
    "(uidNumber>=1000)",
    "(uidNumber<=1000)",
    "(cn~=taro)",
    "(memberOf:1.2.840.113556.1.4.1941:=CN=x,DC=y)",
    "(o:dn:=Ace)",
    "(:dn:2.4.6.8.10:=Dino)",
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("page_size", [None, 1000])
def test_requests_equal_those_of_another_encoder(text: str, page_size: int | None) -> None:
    """Our request is, octet for octet, the one that ldap3 makes of the same search."""
    request = SearchRequest("dc=例,dc=com", Scope.SUBTREE, filters.parse(text), ("cn", "entryUUID"))
    operation = search_operation(
        request.base, text, ldap3.SUBTREE, ldap3.DEREF_NEVER, ["cn", "entryUUID"], 0, 0, False, False, False
    )
    controls = [] if page_size is None else [paged_search_control(False, page_size, b"cookie")]
    expected = message(65536, "searchRequest", operation, *controls)
    # RFC 4511 §5.1 wants TRUE as 0xff; pyasn1 writes plain BER.
    expected = expected.replace(b"\x84\x01\x01", b"\x84\x01\xff")
    assert encoder.encode_search(65536, request, page_size, b"cookie") == expected
