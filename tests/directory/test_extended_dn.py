"""DNs that carry the GUID and the SID of what they name."""

import struct
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.directory import dn, extended_dn
from ldap2scim.directory.entry import LdapEntry
from ldap2scim.directory.extended_dn import ExtendedDn
from ldap2scim.directory.sids import sid_text
from ldap2scim.directory.syntaxes import ValueSyntaxError

GUID = UUID("242aa4ef-4897-45d3-9227-1294253dfcf9")
SID = "S-1-5-21-2651868597-532535699-529358721-1104"
SID_OCTETS = bytes.fromhex("010500000000000515000000b54d109e93d9bd1f815f8d1f50040000")
NAME = r"CN=p\;1 \<GUID=x\>\;,OU=W;\<SID=S-1-5\>;,DC=lab,DC=test"

names = st.lists(st.text(min_size=1).map(lambda value: f"CN={dn.escape_value(value)}"), min_size=1, max_size=4)
sids = st.tuples(st.integers(0, (1 << 48) - 1), st.lists(st.integers(0, (1 << 32) - 1), min_size=1, max_size=15)).map(
    lambda parts: bytes([1, len(parts[1])]) + parts[0].to_bytes(6, "big") + struct.pack(f"<{len(parts[1])}I", *parts[1])
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"<GUID={GUID}>;<SID={SID}>;{NAME}", ExtendedDn(str(GUID), SID, NAME)),
        (f"<GUID={GUID}>;{NAME}", ExtendedDn(str(GUID), None, NAME)),
        (f"<GUID={GUID.bytes_le.hex()}>;<SID={SID_OCTETS.hex()}>;{NAME}", ExtendedDn(str(GUID), SID, NAME)),
        (f"<GUID={GUID.bytes_le.hex().upper()}>;{NAME}", ExtendedDn(str(GUID), None, NAME)),
        (f"<guid={str(GUID).upper()}>;<sid={SID.lower()}>;{NAME}", ExtendedDn(str(GUID), SID, NAME)),
        (f"<GUID={GUID}>;<SID=S-1-0x100000000000-1>;{NAME}", ExtendedDn(str(GUID), "S-1-0x100000000000-1", NAME)),
        (f"<GUID={GUID}>;<RMD_FLAGS=0>;<SID={SID}>;{NAME}", ExtendedDn(str(GUID), SID, NAME)),
        (f"<GUID={GUID}>", ExtendedDn(str(GUID), None, "")),
        (NAME, ExtendedDn(None, None, NAME)),
        ("", ExtendedDn(None, None, "")),
    ],
)
def test_forms_of_an_extended_dn(text: str, expected: ExtendedDn) -> None:
    """The string form, the hexadecimal form, other parts between, and a plain DN are all read."""
    assert extended_dn.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "<GUID=x>;CN=a",
        f"<GUID={GUID.bytes_le.hex()[2:]}>;CN=a",
        f"<GUID={str(GUID)[1:]}>;CN=a",
        f"<GUID={GUID}>;<SID=S-2-5>;CN=a",
        f"<GUID={GUID}>;<SID={SID_OCTETS.hex()[2:]}>;CN=a",
        f"<GUID={GUID}>CN=a",
        f"<GUID={GUID}",
        "<>;CN=a",
    ],
)
def test_what_is_no_extended_dn(text: str) -> None:
    """What begins like an extended DN and is none is an error, and never taken for a name."""
    with pytest.raises(ValueSyntaxError, match="a DN"):
        extended_dn.parse(text)


@given(guid=st.uuids(), octets=st.none() | sids, parts=names)
def test_both_forms_say_the_same(guid: UUID, octets: bytes | None, parts: list[str]) -> None:
    """Whatever is in the DN, the string form and the hexadecimal form give the same GUID, SID and DN."""
    name = ",".join(parts)
    as_text = f"<SID={sid_text(octets)}>;" if octets else ""
    as_hex = f"<SID={octets.hex()}>;" if octets else ""
    expected = ExtendedDn(str(guid), sid_text(octets) if octets else None, name)
    assert extended_dn.parse(f"<GUID={guid}>;{as_text}{name}") == expected
    assert extended_dn.parse(f"<GUID={guid.bytes_le.hex()}>;{as_hex}{name}") == expected
    assert extended_dn.parse(name) == ExtendedDn(None, None, name)


def test_entry_without_the_extension() -> None:
    """Name and DN values become plain; what is kept stays; other values are not looked into, broken UTF-8 neither."""
    extended = f"<GUID={GUID}>;<SID={SID}>;{NAME}".encode()
    broken = f"<GUID={GUID}>;CN=".encode() + b"\xff"
    attributes = {
        "member": (extended,),
        "manager": (extended,),
        "seealso": (broken,),
        "description": (b"<GUID=of something>", b"\xff"),
        "member;range=0-*": (),
    }
    plain = extended_dn.without_extension(LdapEntry(extended.decode(), attributes), keep={"member"})
    assert plain == LdapEntry(NAME, attributes | {"manager": (NAME.encode(),), "seealso": (b"CN=\xff",)})


def test_control_asks_for_text() -> None:
    """The control asks for the string form, and does not insist."""
    found = extended_dn.control()
    assert (found.oid, found.critical, found.value) == ("1.2.840.113556.1.4.529", False, b"\x30\x03\x02\x01\x01")
