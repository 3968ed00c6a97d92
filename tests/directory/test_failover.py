"""Which server is tried next, in which order, and what is said when none is left."""

import logging
import socket
from collections.abc import Callable
from typing import Any

import pytest

from ldap2scim.directory import failover
from ldap2scim.directory.addresses import Address
from ldap2scim.directory.attempts import Attempts
from ldap2scim.directory.failover import on_one_server
from ldap2scim.directory.session import Session
from ldap2scim.directory.settings import DirectorySettings
from ldap2scim.errors import BindRefused, DirectoryError, DirectoryUnavailable, ReadIncomplete
from tests.directory.little_server import BIND, UNBIND, LittleServer

MakeSettings = Callable[..., DirectorySettings]
StartServer = Callable[..., LittleServer]
GONE = DirectoryUnavailable("The connection to it was lost during the search for users: it was cut.", "Run again.")


class Reading:
    """A read that fails at its first servers, and remembers where it was begun."""

    def __init__(self, *failures: DirectoryError) -> None:
        self._failures = list(failures)
        self.begun: list[str] = []
        self.sessions: list[Session] = []

    def __call__(self, session: Session) -> str:
        """Fail as long as there are failures, then return the server."""
        self.begun.append(session.server)
        self.sessions.append(session)
        if self._failures:
            raise self._failures.pop(0)
        return session.server


def test_a_failed_read_begins_anew_with_a_session_of_its_own(
    make_settings: MakeSettings, start_server: StartServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Each attempt has a new session on the next server, the old one is unbound, and the warning names both."""
    servers = [start_server() for _ in range(3)]
    addresses = tuple(server.address for server in servers)
    read = Reading(GONE)
    with caplog.at_level(logging.WARNING):
        assert on_one_server(make_settings(addresses=addresses), read) == addresses[1]
    assert read.begun == list(addresses[:2])
    assert read.sessions[0] is not read.sessions[1]
    for session in read.sessions:
        with pytest.raises(DirectoryUnavailable, match="is closed"):
            session.lookup("dc=example,dc=com", ())
    assert servers[2].received == []
    assert f"{addresses[0]} is passed over, next is {addresses[1]}: {GONE.message}" in caplog.text
    assert "pass word" not in caplog.text


def test_every_server_is_tried_once(make_settings: MakeSettings, start_server: StartServer) -> None:
    """A server that is written twice is asked once; when all have failed, each is named with its reason."""
    one, other = start_server(), start_server(bind_code=52)
    read = Reading(GONE)
    with pytest.raises(DirectoryUnavailable) as caught:
        on_one_server(make_settings(addresses=(one.address, other.address, one.address)), read)
    assert read.begun == [one.address]
    assert GONE.message in caught.value.message
    assert f"{other.address} refused the bind" in caught.value.message
    assert "unavailable" in caught.value.message
    assert [server.received.count(BIND) for server in (one, other)] == [1, 1]


@pytest.mark.parametrize("error", [ReadIncomplete("cut at 500.", "Raise it."), BindRefused("no.", "Do.")])
def test_another_end_of_a_read_is_no_reason_to_ask_the_next(
    make_settings: MakeSettings, start_server: StartServer, error: DirectoryError
) -> None:
    """A size limit or a refused password in a read is raised as it is, and the session is closed."""
    one, other = start_server(), start_server()
    with pytest.raises(type(error)) as caught:
        on_one_server(make_settings(addresses=(one.address, other.address)), Reading(error))
    assert caught.value is error
    assert other.received == []


def test_a_server_can_be_preferred_and_others_left_out(make_settings: MakeSettings, start_server: StartServer) -> None:
    """The preferred server comes first, the others keep their order; one that is left out is not asked."""
    servers = [start_server() for _ in range(4)]
    one, two, three, four = addresses = tuple(server.address for server in servers)
    settings = make_settings(addresses=addresses)
    read = Reading(GONE, GONE)
    assert on_one_server(settings, read, first=three, without={two}) == four
    assert read.begun == [three, one, four]
    assert servers[1].received == []
    assert on_one_server(settings, Reading(), first="elsewhere:389") == one
    with pytest.raises(DirectoryUnavailable, match="No server of corp is left"):
        on_one_server(settings, Reading(), without=addresses)


def test_a_name_of_several_addresses_is_several_servers(
    make_settings: MakeSettings,
    start_server: StartServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The name of a domain stands for all its controllers: a read moves on among them, and messages tell them apart."""
    one, other = start_server(), start_server()
    endpoints = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", server.server_address) for server in (one, other, one)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: endpoints)
    read = Reading(GONE)
    with caplog.at_level(logging.WARNING):
        assert on_one_server(make_settings(addresses=("example.com",)), read) == "example.com:389"
    assert [server.received.count(BIND) for server in (one, other)] == [1, 1]
    assert "example.com:389 (127.0.0.1) is passed over" in caplog.text
    assert one.received[-1] == UNBIND


def attempts_at(*outcomes: DirectoryError | str) -> Attempts[str, str]:
    """Return attempts at servers that connect or fail as told."""
    known = {f"dc{number}:389": outcome for number, outcome in enumerate(outcomes)}

    def connect(target: str) -> str:
        outcome = known[target]
        if isinstance(outcome, DirectoryError):
            raise outcome
        return outcome

    order = [Address(f"dc{number}", 389) for number in range(len(outcomes))]
    return Attempts("corp", order, lambda address: (str(address),), connect)


def test_errors_that_need_a_change_are_temporary_only_beside_one_that_is() -> None:
    """Wrong certificates everywhere need a person; one server that is merely down may come back."""
    wrong, other = DirectoryError("dc0 is another.", "Mend it."), DirectoryError("dc1 is another.", "Mend it.")
    with pytest.raises(DirectoryError) as caught:
        attempts_at(wrong, other).next()
    assert not isinstance(caught.value, DirectoryUnavailable)
    assert "dc0 is another." in caught.value.message
    assert "dc1 is another." in caught.value.message
    assert caught.value.remedy == "Mend it."
    with pytest.raises(DirectoryUnavailable, match="dc0 is another"):
        attempts_at(wrong, GONE).next()


def test_names_that_do_not_resolve_are_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    """A name that is not known is said, and the next server is used."""

    def resolve(address: Address) -> tuple[str, ...]:
        if address.host == "typo":
            raise DirectoryUnavailable("The directory server typo is not known by that name.", "Check.")
        return (str(address),)

    attempts = Attempts("corp", [Address("typo", 389), Address("dc1", 389)], resolve, str.upper)
    with caplog.at_level(logging.WARNING):
        assert attempts.next() == "DC1:389"
    assert "typo:389 is passed over, next is dc1:389" in caplog.text


def test_what_failed_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """Three servers, two of which fail: two warnings, each with the server that comes next."""
    attempts = attempts_at(GONE, GONE, "session")
    with caplog.at_level(logging.WARNING):
        assert attempts.next() == "session"
    assert [record.getMessage().partition(":")[2].partition(": ")[0].strip() for record in caplog.records] == [
        "dc0:389 is passed over, next is dc1:389",
        "dc1:389 is passed over, next is dc2:389",
    ]


def test_order_keeps_what_is_written() -> None:
    """Without a preference the order of the settings is the order of the attempts."""
    known: tuple[Any, ...] = (Address("b", 1), Address("a", 1), Address("::1", 2))
    assert failover._order(known, None, ()) == known
    assert failover._order(known, "[::1]:2", {"b:1"}) == (known[2], known[1])
