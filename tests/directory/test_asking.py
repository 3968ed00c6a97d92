"""One search with controls, to its end: everything that arrives is handed out, in order."""

import pytest

from ldap2scim.directory import filters
from ldap2scim.directory.controls import Control
from ldap2scim.directory.conversation import Found
from ldap2scim.directory.decoder import Done, Intermediate, Reference
from ldap2scim.directory.encoder import Scope, SearchRequest
from ldap2scim.directory.entry import LdapEntry
from ldap2scim.directory.reader import Search
from ldap2scim.errors import DirectoryUnavailable, ReadIncomplete
from ldap2scim.model import ResourceType
from tests.directory.scripted import (
    ScriptedWire,
    Start,
    control,
    controlled,
    done,
    entry,
    intermediate,
    message,
    notice,
    reference,
)

REQUEST = SearchRequest(
    "dc=example,dc=com", Scope.SUBTREE, filters.parse("(cn=*)"), ("cn",), (Control("1.2.3", critical=True, value=b"q"),)
)


@pytest.fixture
def one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hand out each message as it arrives; otherwise some megabytes are gathered first."""
    monkeypatch.setattr("ldap2scim.directory.conversation._MOST_OCTETS", 1)


def test_everything_is_handed_out_in_order(start: Start) -> None:
    """Entries with their controls, intermediate responses, references and the end come as they arrived."""
    wire = ScriptedWire(
        [
            controlled(entry("cn=a", cn=[b"a"]), control("1.2.4", b"s")),
            intermediate("1.2.5", b"i"),
            reference("ldap://other/"),
            entry("cn=b"),
            controlled(done(cookie=None), control("1.2.6", b"d")),
        ]
    )
    assert list(start(wire).ask(REQUEST, "the search")) == [
        Found(LdapEntry("cn=a", {"cn": (b"a",)}), (Control("1.2.4", value=b"s"),)),
        Intermediate("1.2.5", b"i"),
        Reference(("ldap://other/",)),
        Found(LdapEntry("cn=b", {}), ()),
        Done(0, "", "", (), None, (Control("1.2.6", value=b"d"),)),
    ]
    assert b"1.2.3" in wire.sent[0]


def test_end_with_any_code_is_handed_out(start: Start) -> None:
    """A refusal is no error here: what it means is for the one who asks to see."""
    (found,) = start(ScriptedWire([done(4, cookie=None)])).ask(REQUEST, "the search")
    assert isinstance(found, Done)
    assert found.code == 4


def test_next_question_may_be_asked_at_the_end(start: Start) -> None:
    """Whoever stops listening at the end of the search goes on with the same connection."""
    wire = ScriptedWire([entry("cn=a"), done()], [entry("cn=b"), done()])
    session = start(wire)
    answers = session.ask(REQUEST, "the search")
    for answer in answers:
        if isinstance(answer, Done):
            break
    found = session.lookup("cn=b", ("cn",))
    assert found is not None
    assert found.dn == "cn=b"
    assert list(answers) == []
    assert not wire.closed


@pytest.mark.usefixtures("one_at_a_time")
def test_search_that_is_given_up_closes_the_connection(start: Start) -> None:
    """What the server still sends after the first answers belongs to nobody."""
    wire = ScriptedWire([entry("cn=a"), intermediate("1.2", b""), done()])
    session = start(wire)
    for _ in session.ask(REQUEST, "the search"):
        break
    assert wire.closed
    with pytest.raises(DirectoryUnavailable, match="closed"):
        session.lookup("cn=b", ("cn",))


@pytest.mark.usefixtures("one_at_a_time")
def test_look_up_in_the_middle_uses_another_connection(start: Start) -> None:
    """While answers arrive, another entry can be read beside them."""
    beside = ScriptedWire([entry("cn=b"), done()])
    session = start(ScriptedWire([entry("cn=a"), done()]), beside)
    for answer in session.ask(REQUEST, "the search"):
        if isinstance(answer, Found):
            assert session.lookup("cn=b", ("cn",)) is not None
    assert len(beside.sent) == 1


@pytest.mark.usefixtures("one_at_a_time")
def test_two_searches_at_once_are_a_mistake(start: Start) -> None:
    """A second search with controls in the middle of the first is a mistake of the program."""
    session = start(ScriptedWire([entry("cn=a"), done()]))
    answers = session.ask(REQUEST, "the search")
    next(answers)
    with pytest.raises(RuntimeError, match="one search at a time"):
        next(session.ask(REQUEST, "the search"))
    assert len(list(answers)) == 1


def test_lost_connection_names_server_and_search(start: Start) -> None:
    """A connection that ends in the middle is an error with the server's name and the search, not an end."""
    wire = ScriptedWire([entry("cn=a")])
    with pytest.raises(DirectoryUnavailable, match=r"ldap\.example\.com:389 was lost during the search for changes"):
        list(start(wire).ask(REQUEST, "the search for changes"))
    assert wire.closed


def test_notice_of_disconnection_is_told(start: Start) -> None:
    """What the server says when it closes the connection is in the message."""
    with pytest.raises(DirectoryUnavailable, match="going down"):
        list(start(ScriptedWire([notice("going down")])).ask(REQUEST, "the search"))


def test_answer_to_another_question_is_refused(start: Start) -> None:
    """An intermediate response with the ID of another search is no answer."""
    stray = intermediate("1.2", b"")
    with pytest.raises(ReadIncomplete, match="not LDAP"):
        list(start(ScriptedWire([lambda message_id: stray(message_id + 1), done()])).ask(REQUEST, "the search"))


def test_ordinary_read_refuses_intermediate_responses(start: Start) -> None:
    """A read that asked for none does not take an intermediate response for an entry or an end."""
    search = Search(ResourceType.USER, "dc=x", "(cn=*)", ("cn",))
    with pytest.raises(ReadIncomplete, match="none was asked for"):
        list(start(ScriptedWire([intermediate("1.2", b""), done()])).read(search))


def test_broken_control_of_an_entry_is_refused(start: Start) -> None:
    """An entry whose controls are no controls ends the search with an error that names the server."""
    broken = controlled(lambda message_id: message(message_id, b"\x64\x04\x04\x00\x30\x00"), b"\x04\x00")
    with pytest.raises(ReadIncomplete, match=r"ldap\.example\.com:389 sent something that is not LDAP"):
        list(start(ScriptedWire([broken, done()])).ask(REQUEST, "the search"))
