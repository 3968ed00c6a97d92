"""Changes by content synchronisation: what a server may answer, and what is made of it."""

import pytest

from ldap2scim.directory import change_sources, syncrepl
from ldap2scim.directory.ber import tlv
from ldap2scim.directory.changes import ChangeMethod, Position, Touch
from ldap2scim.directory.reader import ServerState
from ldap2scim.directory.settings import DirectoryKind
from ldap2scim.errors import ChangesRefused, DirectoryError, DirectoryUnavailable, ReadIncomplete
from tests.directory.scripted import (
    Answer,
    ScriptedWire,
    Start,
    control,
    controlled,
    done,
    entry,
    intermediate,
    reference,
)

BASE = "dc=example,dc=com"
CSN = b"20261121233044.368484Z#000000#000#000000"
LATER = b"20261121233045.000000Z#000000#000#000000"
START = Position(ChangeMethod.SYNC, b"rid=000,csn=" + CSN)
NEXT = b"rid=000,csn=" + LATER
ALICE, BOB, CAROL = (f"00000000-0000-0000-0000-00000000000{number}" for number in (1, 2, 3))
ROOT = entry("", supportedControl=[b"1.3.6.1.4.1.4203.1.9.1.1"], namingContexts=[b"o=other", BASE.encode()])
SUFFIX = entry(BASE, contextCSN=[CSN])


def octets(uuid: str) -> bytes:
    """Return a UUID as it is sent."""
    return bytes.fromhex(uuid.replace("-", ""))


def synced(uuid: str, dn: str, state: int = 1, holds: bytes | None = b"FALSE") -> Answer:
    """Encode an entry of a refresh; state 1 is add."""
    plain = entry(dn, hasSubordinates=[holds]) if holds is not None else entry(dn)
    value = tlv(0x30, tlv(0x0A, bytes([state])), tlv(0x04, octets(uuid)))
    return controlled(plain, control("1.3.6.1.4.1.4203.1.9.1.2", value))


def names(*uuids: str, deleted: bool) -> Answer:
    """Encode a set of names."""
    flag = tlv(0x01, b"\xff") if deleted else b""
    value = tlv(0xA3, flag, tlv(0x31, *(tlv(0x04, octets(uuid)) for uuid in uuids)))
    return intermediate("1.3.6.1.4.1.4203.1.9.1.4", value)


def end(cookie: bytes | None = NEXT, *, deletes: bool = True) -> Answer:
    """Encode the end of a refresh."""
    parts = b"" if cookie is None else tlv(0x04, cookie)
    value = tlv(0x30, parts, tlv(0x01, b"\xff") if deletes else b"")
    return controlled(done(cookie=None), control("1.3.6.1.4.1.4203.1.9.1.3", value))


def refusal(start: Start, *answers: Answer, position: Position = START) -> DirectoryError:
    """Return the error that a look for changes ends with; the session can still be used."""
    wire = ScriptedWire(list(answers), [entry(BASE), done(cookie=None)])
    session = start(wire)
    with pytest.raises(DirectoryError) as caught:
        syncrepl.since(session, session._settings, position)
    if wire.sent:
        assert session.lookup(BASE, ("cn",)) is not None
    return caught.value


def test_first_position_is_what_the_server_knows(start: Start) -> None:
    """The first position is made of contextCSN, all values of it, and no entry is read for it."""
    both = entry(BASE, contextCSN=[LATER, CSN])
    wire = ScriptedWire([ROOT, done()], [both, done()], [end(cookie=None)])
    session = start(wire)
    assert syncrepl.begin(session, session._settings) == Position(
        ChangeMethod.SYNC, b"rid=000,csn=" + CSN + b";" + LATER
    )
    assert CSN in wire.sent[2]


@pytest.mark.parametrize(
    "script",
    [
        [[entry("", namingContexts=[BASE.encode()]), done()]],
        [[entry("", supportedControl=[b"1.3.6.1.4.1.4203.1.9.1.1"], namingContexts=[b"o=other"]), done()]],
        [[done()]],
        [[ROOT, done()], [entry(BASE), done()]],
        [[ROOT, done()], [done(32)]],
        [[ROOT, done()], [entry(BASE, contextCSN=[b"2026"]), done()]],
        [[ROOT, done()], [SUFFIX, done()], [done(12, cookie=None)]],
    ],
    ids=["no control", "another suffix", "no root DSE", "no contextCSN", "no suffix", "strange CSN", "other database"],
)
def test_no_position_where_syncprov_is_not(start: Start, script: list[list[Answer] | OSError]) -> None:
    """Without the control, without a readable contextCSN, or where the database refuses it, there is no position."""
    session = start(ScriptedWire(*script))
    assert syncrepl.begin(session, session._settings) is None


def test_busy_server_is_not_one_without_syncprov(start: Start) -> None:
    """A server that is busy at the first question is asked again later, and not by another method for good."""
    session = start(ScriptedWire([ROOT, done()], [SUFFIX, done()], [done(51, cookie=None)]))
    with pytest.raises(DirectoryUnavailable, match="busy"):
        change_sources.begin(session, session._settings)


def test_everybody_is_named_once(start: Start) -> None:
    """Added and changed entries come with their DN, deleted ones without, each once; the cookie leads on."""
    wire = ScriptedWire(
        [
            names(ALICE, BOB, deleted=True),
            synced(ALICE, "uid=a,dc=x"),
            reference("ldap://other/"),
            synced(CAROL, "ou=c,dc=x", state=2, holds=b"TRUE"),
            end(),
        ],
        [ROOT, done()],
    )
    session = start(wire)
    found = syncrepl.since(session, session._settings, START)
    assert set(found.touched) == {
        Touch(ALICE, "uid=a,dc=x"),
        Touch(BOB, None, may_hold_others=True),
        Touch(CAROL, "ou=c,dc=x", may_hold_others=True),
    }
    assert (found.unsure, found.position.cookie, found.transferred) == (None, NEXT, 2)


def test_nothing_changed_is_one_request(start: Start) -> None:
    """Where nothing was written, one request is enough and the position stays."""
    wire = ScriptedWire([end(cookie=None)])
    session = start(wire)
    found = syncrepl.since(session, session._settings, START)
    assert (found.touched, found.unsure, found.position, found.transferred) == ((), None, START, 0)
    assert len(wire.sent) == 1


def test_server_that_stands_still_is_not_asked(start: Start) -> None:
    """Where contextCSN was just read and is that of the position, no request is needed; anything else is asked."""
    session = start(ScriptedWire())
    both = Position(ChangeMethod.SYNC, START.cookie + b";" + LATER)
    marks = tuple(("000", mark.decode()) for mark in (LATER, CSN))
    found = change_sources.since(session, session._settings, both, ServerState("ldap.example.com:389", marks))
    assert (found.touched, found.unsure, found.position, found.transferred) == ((), None, both, 0)
    for position, knows in [(both, marks[:1]), (START, marks), (START, ()), (Position(ChangeMethod.SYNC, b""), ())]:
        assert not syncrepl.stands_still(position, ServerState("", knows))
    assert not syncrepl.stands_still(Position(ChangeMethod.ENTRY_CSN, START.cookie), ServerState("", marks[1:]))


@pytest.mark.parametrize(
    "answers",
    [
        [names(ALICE, deleted=False), synced(BOB, "uid=b"), end(deletes=False)],
        [names(ALICE, deleted=False), synced(BOB, "uid=b"), end()],
        [synced(ALICE, "uid=a", state=0, holds=None), synced(BOB, "uid=b"), end()],
        [synced(BOB, "uid=b"), intermediate("1.3.6.1.4.1.4203.1.9.1.4", b"\xa2\x00"), end()],
        [synced(BOB, "uid=b"), end(deletes=False)],
    ],
    ids=["as slapd", "set", "state present", "phase", "end"],
)
def test_present_phase_is_unsure(start: Start, answers: list[Answer]) -> None:
    """Where those who stay are named, in any form, nobody is taken for gone, and the changes are unsure."""
    session = start(ScriptedWire(answers))
    found = syncrepl.since(session, session._settings, START)
    assert found.touched == (Touch(BOB, "uid=b"),)
    assert found.unsure is not None
    assert "session log" in found.unsure


def test_entry_may_hold_others_unless_the_server_denies_it(start: Start) -> None:
    """Where the server does not show hasSubordinates, an entry may have some."""
    session = start(ScriptedWire([synced(ALICE, "uid=a", holds=None), end()]))
    assert syncrepl.since(session, session._settings, START).touched[0].may_hold_others


def test_entry_deleted_by_its_state(start: Start) -> None:
    """An entry that comes with the state delete is gone, whatever its DN."""
    session = start(ScriptedWire([synced(ALICE, "uid=a", state=3), end()], [ROOT, done()]))
    assert syncrepl.since(session, session._settings, START).touched == (Touch(ALICE, None, may_hold_others=True),)


def test_deleted_are_looked_for_where_the_base_is_a_part(start: Start) -> None:
    """Below the suffix, those found elsewhere with nothing below took nobody along; of the others it is not known."""
    wire = ScriptedWire(
        [names(ALICE, BOB, CAROL, deleted=True), end()],
        [ROOT, done()],
        [
            entry("uid=a,ou=old", entryUUID=[ALICE.upper().encode()], hasSubordinates=[b"FALSE"]),
            entry("ou=b,ou=old", entryUUID=[BOB.encode()], hasSubordinates=[b"TRUE"]),
            done(),
        ],
    )
    session = start(wire, base_dn=f"ou=People,{BASE}")
    found = syncrepl.since(session, session._settings, START)
    assert [touch.may_hold_others for touch in found.touched] == [False, True, True]
    assert found.transferred == 2


def test_deleted_who_may_not_be_looked_for(start: Start) -> None:
    """Where the search for them is refused, nothing is known of them, and that is no error."""
    wire = ScriptedWire([names(ALICE, deleted=True), end()], [ROOT, done()], [done(50, cookie=None)])
    session = start(wire, base_dn=f"ou=People,{BASE}")
    found = syncrepl.since(session, session._settings, START)
    assert found.touched == (Touch(ALICE, None, may_hold_others=True),)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (4096, "does not know the place"),
        (53, "behind"),
        (12, "syncprov"),
        (4, "size limit"),
        (3, "time limit"),
        (2, ""),
    ],
)
def test_server_that_does_not_go_on(start: Start, code: int, words: str) -> None:
    """A server that does not go on from the position is refused with words, and everything can be read instead."""
    code_octets = tlv(0x65, tlv(0x0A, code.to_bytes(2, "big")), tlv(0x04), tlv(0x04))
    error = refusal(start, lambda message_id: tlv(0x30, tlv(0x02, message_id.to_bytes(3, "big")), code_octets))
    assert isinstance(error, ChangesRefused)
    assert "ldap.example.com:389" in error.message
    assert words in error.message
    assert "read instead" in error.remedy


@pytest.mark.parametrize(
    ("code", "kind"),
    [(51, DirectoryUnavailable), (52, DirectoryUnavailable), (32, ReadIncomplete), (50, ReadIncomplete)],
)
def test_other_refusals_are_those_of_any_search(start: Start, code: int, kind: type[DirectoryError]) -> None:
    """A busy server, a base that is not there and missing rights are what they are for every search."""
    assert type(refusal(start, done(code, cookie=None))) is kind


@pytest.mark.parametrize(
    "cookie", [b"", b"garbage", b"rid=000", b"rid=000,csn=2026", NEXT + b",delcsn=" + CSN, NEXT + b"\n"]
)
def test_position_of_another_shape_is_not_sent(start: Start, cookie: bytes) -> None:
    """A cookie that cannot be read gets everything and a lie from OpenLDAP; so such a one is never sent."""
    error = refusal(start, position=Position(ChangeMethod.SYNC, cookie))
    assert isinstance(error, ChangesRefused)
    assert "damaged" in error.message


@pytest.mark.parametrize(
    "answers",
    [
        [synced(ALICE, "uid=a"), end(b"")],
        [synced(ALICE, "uid=a"), end(b"elsewhere")],
        [entry("uid=a"), end()],
        [intermediate("1.2.3", b""), end()],
        [intermediate("1.3.6.1.4.1.4203.1.9.1.4", b"\xa3\x00"), end()],
        [synced(ALICE, "uid=a"), done(cookie=None)],
    ],
    ids=["empty cookie", "strange cookie", "no state", "unknown message", "broken message", "no end"],
)
def test_answer_that_is_no_synchronisation(start: Start, answers: list[Answer]) -> None:
    """An answer without the parts that RFC 4533 asks for is refused, and its connection can be used on."""
    assert isinstance(refusal(start, *answers), ChangesRefused)


def test_method_of_another_kind_of_server(start: Start) -> None:
    """A position of Active Directory is refused by an OpenLDAP, and any by a server without a kind."""
    session = start(ScriptedWire())
    with pytest.raises(ChangesRefused, match="DirSync"):
        change_sources.since(session, session._settings, Position(ChangeMethod.DIRSYNC, b""))
    generic = start(ScriptedWire(), kind=DirectoryKind.GENERIC)
    assert change_sources.begin(generic, generic._settings) is None
    with pytest.raises(ChangesRefused, match="syncrepl"):
        change_sources.since(generic, generic._settings, START)
