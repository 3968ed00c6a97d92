"""Connecting and binding: which server is taken, what is never sent in clear, and what a refusal says."""

import pickle
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ldap2scim.directory import client, transport_errors
from ldap2scim.directory.addresses import Address
from ldap2scim.directory.client import connect
from ldap2scim.directory.settings import DirectorySettings, Encryption
from ldap2scim.errors import BindRefused, DirectoryError, DirectoryUnavailable
from tests.directory.little_server import BIND, EXTENDED, LittleServer

MakeSettings = Callable[..., DirectorySettings]


@pytest.fixture
def start_server() -> Iterator[Callable[..., LittleServer]]:
    """Return a maker of servers; they are closed at the end."""
    servers: list[LittleServer] = []

    def start(**how: Any) -> LittleServer:
        servers.append(LittleServer(**how))
        return servers[-1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


StartServer = Callable[..., LittleServer]


@pytest.fixture
def closed_port() -> str:
    """Return an address where nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture
def far_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this machine pass for another one."""
    monkeypatch.setattr(client, "is_loopback", lambda _host: False)


def test_unreachable_and_busy_servers_are_passed_over(
    make_settings: MakeSettings, start_server: StartServer, closed_port: str
) -> None:
    """A server that is down, and one that is busy, are passed over; the next one is taken and named."""
    busy, good = start_server(bind_code=51), start_server()
    with connect(make_settings(addresses=(closed_port, busy.address, good.address))) as session:
        assert session.server == good.address


def test_refused_bind_is_no_reason_to_try_the_next(make_settings: MakeSettings, start_server: StartServer) -> None:
    """A wrong password is said at once: tried at every server it would lock the account."""
    first, second = start_server(bind_code=49), start_server()
    with pytest.raises(BindRefused, match="invalidCredentials") as caught:
        connect(make_settings(addresses=(first.address, second.address)))
    assert first.address in caught.value.message
    assert "cn=sync,dc=example,dc=com" in caught.value.message
    assert second.received == []


@pytest.mark.parametrize(
    ("code", "diagnostic", "expected"),
    [
        (49, "80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data 775, v4563", "is locked"),
        (49, "80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data 52e, v4563", "is wrong"),
        (8, "", "start_tls"),
        (34, "invalid DN", "for a DN"),
        (53, "no", "log"),
    ],
)
def test_refused_bind_says_what_to_do(
    make_settings: MakeSettings, start_server: StartServer, code: int, diagnostic: str, expected: str
) -> None:
    """A refusal is explained, Active Directory's own reasons included, and the password is nowhere in it."""
    with pytest.raises(BindRefused, match=expected) as caught:
        connect(make_settings(addresses=(start_server(bind_code=code, diagnostic=diagnostic).address,)))
    assert "pass word" not in repr(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301 - our own


def test_name_without_password_is_not_sent(make_settings: MakeSettings, start_server: StartServer) -> None:
    """A bind DN without a password is refused here: servers would take it for an anonymous bind."""
    server = start_server()
    with pytest.raises(BindRefused, match="no password"):
        connect(make_settings(addresses=(server.address,), bind_password=None))
    assert server.received == []


def test_no_server_at_all(make_settings: MakeSettings, closed_port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """When no server can be used, each one is named with its reason, and trying again may help."""
    known = socket.getaddrinfo

    def look_up(host: str, *rest: Any, **named: Any) -> Any:
        if host == "dc1.invalid":
            raise socket.gaierror(-2, "Name or service not known")
        return known(host, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(DirectoryUnavailable) as caught:
        connect(make_settings(addresses=("dc1.invalid", closed_port)))
    assert "dc1.invalid is not known by that name" in caught.value.message
    assert f"{closed_port} refuses the connection" in caught.value.message


def test_unwritten_encryption_on_this_machine_goes_on_in_clear(
    make_settings: MakeSettings, start_server: StartServer
) -> None:
    """Where nothing is written, StartTLS is tried; on loopback its absence does no harm."""
    server = start_server()
    connect(make_settings(addresses=(server.address,), encryption=Encryption.UNWRITTEN)).close()
    assert server.received[:2] == [EXTENDED, BIND]


@pytest.mark.usefixtures("far_away")
@pytest.mark.parametrize("changes", [{}, {"bind_dn": None, "bind_password": None}])
def test_unwritten_encryption_elsewhere_stops_before_the_bind(
    make_settings: MakeSettings, start_server: StartServer, changes: dict[str, Any]
) -> None:
    """Elsewhere the run stops before the bind, with the line to add; no password has been sent."""
    server = start_server()
    with pytest.raises(DirectoryError, match="no StartTLS") as caught:
        connect(make_settings(addresses=(server.address,), encryption=Encryption.UNWRITTEN, **changes))
    assert "`encryption: none`" in caught.value.remedy
    assert BIND not in server.received
    assert b"pass word" not in server.octets


def test_start_tls_that_was_asked_for_is_not_given_up(make_settings: MakeSettings, start_server: StartServer) -> None:
    """StartTLS that is written out is wanted on loopback as well."""
    server = start_server()
    with pytest.raises(DirectoryError, match="no StartTLS"):
        connect(make_settings(addresses=(server.address,), encryption=Encryption.START_TLS))
    assert BIND not in server.received


def test_failed_handshake_never_falls_back_to_clear(make_settings: MakeSettings, start_server: StartServer) -> None:
    """A server that accepts StartTLS and then fails the handshake gets no bind, on loopback either."""
    server = start_server(start_tls_code=0)
    with pytest.raises(DirectoryError):
        connect(make_settings(addresses=(server.address,), encryption=Encryption.UNWRITTEN, connect_timeout=1.0))
    assert BIND not in server.received
    assert b"pass word" not in server.octets


@pytest.mark.usefixtures("far_away")
def test_encryption_none_that_is_written_is_obeyed(make_settings: MakeSettings, start_server: StartServer) -> None:
    """Who writes `encryption: none` gets a connection in clear."""
    server = start_server()
    connect(make_settings(addresses=(server.address,), encryption=Encryption.NONE)).close()
    assert server.received[0] == BIND


def test_file_of_authorities_is_read_before_anything_is_sent(
    make_settings: MakeSettings, start_server: StartServer, tmp_path: Path
) -> None:
    """A file of authorities that is missing or is none is named, whether or not TLS comes to it."""
    server = start_server()
    for path in (tmp_path / "missing.pem", Path(__file__)):
        with pytest.raises(DirectoryError, match=path.name):
            connect(make_settings(addresses=(server.address,), ca_file=path, encryption=Encryption.LDAPS))
    assert server.received == []


@pytest.mark.parametrize(
    ("code", "expected"),
    [(62, "name ldap.example.com"), (64, "name ldap.example.com"), (20, "ca_file"), (10, "Renew"), (23, "s_client")],
)
def test_refused_certificate_says_what_to_do(make_settings: MakeSettings, code: int, expected: str) -> None:
    """A refused certificate is explained: the name that was expected, the file to set, or the date."""
    failure = ssl.SSLCertVerificationError(1, "certificate verify failed")
    failure.verify_code, failure.verify_message = code, "why"
    error = transport_errors.refused_tls(make_settings(), Address("ldap.example.com", 636), failure)
    assert expected in str(error)
    assert not isinstance(error, DirectoryUnavailable)
