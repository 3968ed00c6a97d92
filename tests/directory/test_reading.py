"""Reading to the proven end: pages, ranges, referrals, and every way in which a read is no read."""

import logging

import pytest

from ldap2scim.directory.entry import LdapEntry
from ldap2scim.directory.reader import Search, SearchProof
from ldap2scim.directory.session import Session
from ldap2scim.errors import DirectoryError, DirectoryUnavailable, ReadIncomplete, is_temporary
from ldap2scim.model import ResourceType
from tests.directory.scripted import Answer, ScriptedWire, Start, done, entry, notice, reference

SEARCH = Search(ResourceType.GROUP, "dc=example,dc=com", "(objectClass=groupOfNames)", ("cn", "member"), 2)


def read(session: Session) -> tuple[list[LdapEntry], SearchProof]:
    """Read the search to its end."""
    entries: list[LdapEntry] = []
    pages = session.read(SEARCH)
    while True:
        try:
            entries += next(pages)
        except StopIteration as end:
            return entries, end.value


def failure(session: Session) -> DirectoryError:
    """Return the error that a read ends with."""
    with pytest.raises(DirectoryError) as caught:
        read(session)
    return caught.value


def test_pages_are_read_until_the_cookie_ends(start: Start) -> None:
    """Pages are asked for with the cookie of the one before until it is empty; the proof counts what came."""
    wire = ScriptedWire(
        [entry("cn=a", cn=[b"a"]), entry("cn=b"), done(cookie=b"more")],
        [done(cookie=b"yet more")],
        [entry("cn=c"), done()],
    )
    entries, proof = read(start(wire))
    assert [found.dn for found in entries] == ["cn=a", "cn=b", "cn=c"]
    assert entries[0].attributes == {"cn": (b"a",)}
    assert proof == SearchProof(SEARCH, 3, 3, 0, (), "ldap.example.com:389")
    assert b"yet more" in wire.sent[2]


def test_next_page_is_asked_for_before_this_one_is_used(start: Start) -> None:
    """When the first page is handed out the second has been asked for, so that the server need not wait."""
    wire = ScriptedWire([entry("cn=a"), done(cookie=b"more")], [done()])
    pages = start(wire).read(SEARCH)
    assert [found.dn for found in next(pages)] == ["cn=a"]
    assert len(wire.sent) == 2


def test_server_without_paging_is_complete_too(start: Start) -> None:
    """A server that ignores the control answers everything at once; its success is the proof."""
    entries, proof = read(start(ScriptedWire([entry("cn=a"), done(cookie=None)])))
    assert (len(entries), proof.pages) == (1, 1)


def test_referrals_are_kept_and_not_followed(start: Start) -> None:
    """Continuation references are in the proof, and no other server is asked."""
    _, proof = read(start(ScriptedWire([reference("ldap://other/dc=x"), entry("cn=a"), done()])))
    assert proof.referrals == ("ldap://other/dc=x",)
    assert proof.entries == 1


@pytest.mark.parametrize(
    ("code", "words", "remedy", "temporary"),
    [
        (4, "sizeLimitExceeded", "limits dn.exact", False),
        (3, "timeLimitExceeded", "time limit", False),
        (11, "adminLimitExceeded", "nsLookThroughLimit", False),
        (10, "referral", "addresses", False),
        (32, "noSuchObject", "base_dn", False),
        (50, "insufficientAccessRights", "right to read", False),
        (51, "busy", "Run again", True),
        (52, "unavailable", "Run again", True),
        (80, "other", "log", False),
        (77, "result code 77", "log", False),
    ],
)
def test_anything_but_success_is_no_read(start: Start, code: int, words: str, remedy: str, temporary: bool) -> None:
    """Every other result code is an error that names server and search; only a busy server is worth another try."""
    wire = ScriptedWire([entry("cn=a"), done(code, diagnostic="because.")])
    error = failure(start(wire))
    assert "ldap.example.com:389 ended the search for groups below dc=example,dc=com with" in error.message
    assert f"{words} (because)" in error.message
    assert remedy in error.remedy
    assert is_temporary(error) is temporary
    assert isinstance(error, ReadIncomplete) is not temporary
    assert wire.closed


def test_size_limit_after_several_pages_is_no_read(start: Start) -> None:
    """A limit met on a later page takes back everything that was read before."""
    wire = ScriptedWire([entry("cn=a"), done(cookie=b"more")], [entry("cn=b"), done(4, cookie=None)])
    assert isinstance(failure(start(wire)), ReadIncomplete)


def test_paging_that_stops_is_no_read(start: Start) -> None:
    """A success without the control, after a page with a cookie, proves nothing."""
    wire = ScriptedWire([entry("cn=a"), done(cookie=b"more")], [done(cookie=None)])
    assert "stopped paging" in failure(start(wire)).message


def test_endless_pages_are_no_read(start: Start) -> None:
    """A server that repeats the cookie of an empty page is not asked for ever."""
    wire = ScriptedWire([done(cookie=b"same")], [done(cookie=b"same")])
    assert "again and again" in failure(start(wire)).message


def test_lost_connection_is_no_read(start: Start) -> None:
    """A connection that ends, breaks or stays silent is a temporary error that names server and search."""
    for wire, words in (
        (ScriptedWire([entry("cn=a")]), "the server closed it"),
        (ScriptedWire(ConnectionResetError(104, "Connection reset by peer")), "Connection reset"),
        (ScriptedWire(TimeoutError("timed out")), "did not answer in time"),
    ):
        error = failure(start(wire))
        assert isinstance(error, DirectoryUnavailable)
        assert words in error.message
        assert "ldap.example.com:389" in error.message
        assert "the search for groups below dc=example,dc=com" in error.message


@pytest.mark.parametrize("before", [[], [entry("cn=a")]])
def test_notice_of_disconnection_is_no_read(start: Start, before: list[Answer]) -> None:
    """A server that takes its leave in the middle is quoted."""
    error = failure(start(ScriptedWire([*before, notice("shutting down")])))
    assert isinstance(error, DirectoryUnavailable)
    assert "unavailable (shutting down)" in error.message


def test_answer_that_is_not_ldap_is_no_read(start: Start) -> None:
    """Octets of another protocol, and answers to another question, are refused."""
    assert "not LDAP" in failure(start(ScriptedWire([lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n"]))).message
    strayed = ScriptedWire([lambda message_id: entry("cn=a")(message_id - 1), done()])
    assert "awaited" in failure(start(strayed)).message


def test_read_that_is_given_up_closes_the_connection(start: Start) -> None:
    """What the server still sends after a read was given up can never be taken for an answer to something else."""
    wire = ScriptedWire([entry("cn=a"), done(cookie=b"more")], [entry("cn=b"), done()])
    session = start(wire)
    pages = session.read(SEARCH)
    next(pages)
    pages.close()
    assert wire.closed
    with pytest.raises(DirectoryUnavailable, match="is closed"):
        session.lookup("cn=a", ("cn",))


def test_ranges_are_joined(start: Start) -> None:
    """Values that come in ranges are fetched to the last one, over a second connection, and joined in order."""
    main = ScriptedWire([entry("cn=big", cn=[b"big"], member=[], member_0to1=[b"a", b"b"]), done()])
    beside = ScriptedWire(
        [entry("cn=big", member_1to3=[b"b", b"c", b"d"]), done(cookie=None)],
        [entry("cn=big", member_3toend=[b"d", b"e"]), done(cookie=None)],
    )
    entries, proof = read(start(main, beside))
    assert entries == [LdapEntry("cn=big", {"cn": (b"big",), "member": (b"a", b"b", b"c", b"d", b"e")})]
    assert proof.ranges_joined == 1
    assert b"member;range=1-*" in beside.sent[0]
    assert b"member;range=3-*" in beside.sent[1]


def test_nobody_is_passed_over_where_somebody_leaves_between_two_ranges(start: Start) -> None:
    """Whoever stands behind moves up by one: all are fetched anew, and what was there at one moment is the answer."""
    main = ScriptedWire([entry("cn=big", member_0to2=[b"a", b"b", b"c"]), done()])
    beside = ScriptedWire(
        [entry("cn=big", member_2toend=[b"d", b"e"]), done(cookie=None)],  # `a` has left
        [entry("cn=big", member_0to2=[b"b", b"c", b"d"]), done(cookie=None)],
        [entry("cn=big", member_2toend=[b"d", b"e"]), done(cookie=None)],
    )
    assert read(start(main, beside))[0][0].attributes["member"] == (b"b", b"c", b"d", b"e")


def test_an_attribute_that_never_stands_still_is_no_read(start: Start) -> None:
    """It is given up after some tries."""
    main = ScriptedWire([entry("cn=big", member_0to1=[b"a", b"b"]), done()])
    moved: list[Answer] = [entry("cn=big", member_1toend=[b"x", b"c"]), done(cookie=None)]
    again: list[Answer] = [entry("cn=big", member_0to1=[b"a", b"b"]), done(cookie=None)]
    error = failure(start(main, ScriptedWire(*[moved, again] * 5)))
    assert isinstance(error, ReadIncomplete)
    assert "do not join" in error.message


@pytest.mark.parametrize(
    "more",
    [
        [done(cookie=None)],
        [entry("cn=big", member=[b"c"]), done(cookie=None)],
        [entry("cn=big", member_2toend=[b"d"]), done(cookie=None)],
        [entry("cn=big", member_1to5=[b"b"]), done(cookie=None)],
        [done(32, cookie=None)],
    ],
)
def test_ranges_that_do_not_join_are_no_read(start: Start, more: list[Answer]) -> None:
    """A piece that is missing, short, or starts elsewhere makes the whole read incomplete."""
    main = ScriptedWire([entry("cn=big", member_0to1=[b"a", b"b"]), done()])
    error = failure(start(main, ScriptedWire(more)))
    assert isinstance(error, ReadIncomplete)
    assert "cn=big" in error.message


def test_empty_last_range_is_the_end(start: Start) -> None:
    """A last range without any more values ends an attribute whose size is a multiple of the range."""
    main = ScriptedWire([entry("cn=big", member_0to1=[b"a", b"b"]), done()])
    beside = ScriptedWire([entry("cn=big", member_1toend=[b"b"]), done(cookie=None)])
    assert read(start(main, beside))[0][0].attributes["member"] == (b"a", b"b")


def test_lookup(start: Start) -> None:
    """An entry is found by name; only noSuchObject says that it is gone, everything else is an error."""
    session = start(
        ScriptedWire(
            [entry("cn=a", cn=[b"a"]), done(cookie=None)],
            [done(32, cookie=None)],
            [done(cookie=None)],
            [done(10, cookie=None)],
            [done(51, cookie=None)],
        )
    )
    assert session.lookup("cn=a", ("cn",)) == LdapEntry("cn=a", {"cn": (b"a",)})
    assert session.lookup("cn=gone", ("cn",)) is None
    with pytest.raises(ReadIncomplete, match="does not show cn=hidden"):
        session.lookup("cn=hidden", ("cn",))
    with pytest.raises(ReadIncomplete, match="referral"):
        session.lookup("cn=elsewhere", ("cn",))
    with pytest.raises(DirectoryUnavailable, match="busy"):
        session.lookup("cn=later", ("cn",))


def test_lookup_during_a_read_leaves_the_read_alone(start: Start) -> None:
    """A look-up in the middle of a read goes over the second connection, and the read goes on."""
    main = ScriptedWire([entry("cn=a"), done(cookie=b"more")], [entry("cn=b"), done()])
    session = start(main, ScriptedWire([entry("cn=x"), done(cookie=None)]))
    pages = session.read(SEARCH)
    next(pages)
    assert session.lookup("cn=x", ()) == LdapEntry("cn=x", {})
    assert [found.dn for found in next(pages)] == ["cn=b"]
    session.close()
    assert main.closed


def test_attributes_that_the_schema_does_not_know(start: Start) -> None:
    """Names that the published schema does not define are told, whatever their case, aliases and options."""
    definitions = [
        b"( 2.5.4.3 NAME ( 'cn' 'commonName' ) DESC 'NAME of a thing' SUP name )",
        b"( 1.3.6.1.1.16.4 NAME 'entryUUID' SYNTAX 1.3.6.1.1.16.1 )",
    ]
    session = start(
        ScriptedWire(
            [entry("", subschemaSubentry=[b"cn=Subschema"]), done(cookie=None)],
            [entry("cn=Subschema", attributeTypes=definitions), done(cookie=None)],
            [entry(""), done(cookie=None)],
        )
    )
    names = ("CN", "commonname;lang-ja", "2.5.4.3", "EntryUUID", "mial", "objectGUID")
    assert session.unknown_attributes(names) == {"mial", "objectGUID"}
    assert session.unknown_attributes(names) == frozenset()


def test_search_is_logged_as_a_command(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """Each search is logged as the ldapsearch command that does the same, without the password."""
    with caplog.at_level(logging.INFO, logger="ldap2scim.directory"):
        read(start(ScriptedWire([done()])))
    assert "ldapsearch -LLL" in caplog.messages[0]
    assert "ldap://ldap.example.com:389" in caplog.messages[0]
    assert "pass word" not in caplog.text
