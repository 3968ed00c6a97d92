"""Reading with extended DNs: members keep their GUID, and everything else has its plain name."""

from dataclasses import replace
from typing import TypeAlias

import pytest

from ldap2scim.directory import extended_dn
from ldap2scim.directory.reader import Search, SearchProof
from ldap2scim.directory.session import Session
from ldap2scim.errors import ReadIncomplete
from ldap2scim.model import ResourceType
from tests.directory.scripted import ScriptedWire, Start, done, entry

GUID = "00112233-4455-6677-8899-aabbccddeeff"
BEFORE = f"<GUID={GUID}>;<SID=S-1-5-21-1-2-3-1105>;"
SEARCH = Search(ResourceType.GROUP, "DC=lab", "(objectClass=group)", ("cn", "member"), extended=("member",))
OID = extended_dn.OID.encode()
Entry: TypeAlias = tuple[str, dict[str, tuple[bytes, ...]]]


def read(session: Session, search: Search = SEARCH) -> tuple[list[Entry], SearchProof]:
    """Read to the end; return names and attributes, and the proof."""
    found: list[Entry] = []
    pages = session.read(search)
    while True:
        try:
            found += [(one.dn, dict(one.attributes)) for one in next(pages)]
        except StopIteration as end:
            return found, end.value


def test_names_come_plain_but_for_the_members(start: Start) -> None:
    """The entry's own name and other DNs lose what was put before them; the members keep it."""
    listed = [f"{BEFORE}CN=x".encode(), b"CN=plain"]
    wire = ScriptedWire(
        [entry(f"{BEFORE}CN=a", member=listed, managedBy=[f"{BEFORE}CN=boss".encode()], cn=[b"a"]), done()]
    )
    found, _ = read(start(wire))
    assert found == [("CN=a", {"member": tuple(listed), "managedby": (b"CN=boss",), "cn": (b"a",)})]
    assert OID in wire.sent[0]


def test_nothing_is_asked_or_changed_elsewhere(start: Start) -> None:
    """A search without extended attributes has no control, and a value that looks like an extended DN is a value."""
    wire = ScriptedWire([entry("CN=a", cn=[f"{BEFORE}CN=x".encode()]), done()])
    found, _ = read(start(wire), replace(SEARCH, extended=()))
    assert found == [("CN=a", {"cn": (f"{BEFORE}CN=x".encode(),)})]
    assert OID not in wire.sent[0]


def test_ranges_are_joined_with_the_control(start: Start) -> None:
    """The next piece is asked for by the plain name, and its members come with their GUID too."""
    pieces = [f"{BEFORE}CN={number}".encode() for number in range(3)]
    wire = ScriptedWire([entry(f"{BEFORE}CN=a", member_0to1=pieces[:2]), done()])
    beside = ScriptedWire([entry(f"{BEFORE}CN=a", member_1toend=pieces[1:]), done(cookie=None)])
    found, proof = read(start(wire, beside))
    assert found == [("CN=a", {"member": tuple(pieces)})]
    assert proof.ranges_joined == 1
    assert OID in beside.sent[0]
    assert b"<GUID" not in beside.sent[0]


def test_one_entry_is_read_again_in_the_same_way(start: Start) -> None:
    """`reread` gives what the search would give."""
    wire = ScriptedWire([entry(f"{BEFORE}CN=a", member=[f"{BEFORE}CN=x".encode()]), done(cookie=None)])
    found = start(wire).reread(f"<GUID={GUID}>", SEARCH)
    assert found is not None
    assert (found.dn, found.attributes) == ("CN=a", {"member": (f"{BEFORE}CN=x".encode(),)})
    assert OID in wire.sent[0]


def test_name_that_cannot_be_read_is_no_read(start: Start) -> None:
    """A broken extended name ends the read with an error: nothing is guessed."""
    with pytest.raises(ReadIncomplete, match="name that cannot be read"):
        read(start(ScriptedWire([entry("<GUID=broken;CN=a"), done()])))
