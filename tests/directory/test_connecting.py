"""Connecting and binding: which server is taken, what is never sent in clear, and what a refusal says."""

import errno
import pickle
import socket
import ssl
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ldap2scim.directory import client, transport_errors
from ldap2scim.directory.addresses import Address
from ldap2scim.directory.client import connect
from ldap2scim.directory.conversation import Conversation
from ldap2scim.directory.settings import Authentication, DirectorySettings, Encryption
from ldap2scim.directory.wire import SocketWire
from ldap2scim.errors import BindRefused, DirectoryError, DirectoryUnavailable
from tests.directory.little_server import BIND, EXTENDED, LittleServer
from tests.servers.certificates import make_certificates, make_client_certificate

MakeSettings = Callable[..., DirectorySettings]


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


def test_a_port_that_wants_another_encryption_is_thought_of(make_settings: MakeSettings) -> None:
    """Whoever hangs up may have been spoken to in the wrong way; certificates are no matter without TLS."""
    address, failure = Address("ldap.example.com", 10636), OSError("session terminated by server")
    cut = ssl.SSLEOFError(8, "EOF")
    cut.reason = "UNEXPECTED_EOF_WHILE_READING"
    clear = transport_errors.ended_at_bind(make_settings(encryption=Encryption.NONE), address, failure)
    started = transport_errors.not_connected(address, failure)
    tls = transport_errors.refused_tls(make_settings(), address, cut)

    assert "`encryption: ldaps`" in clear.remedy
    assert "certificate" not in clear.remedy
    assert "`encryption: ldaps`" in started.remedy
    assert "StartTLS port 389" in tls.remedy


def test_a_bind_by_certificate_needs_one_and_tls(
    make_settings: MakeSettings, start_server: StartServer, tmp_path: Path
) -> None:
    """SASL EXTERNAL without a certificate, or in clear, is refused before any connection, with the lines to write."""
    server = start_server()
    external = {"authentication": Authentication.EXTERNAL, "bind_password": None, "addresses": (server.address,)}
    with pytest.raises(BindRefused, match="needs a certificate") as caught:
        connect(make_settings(**external, encryption=Encryption.START_TLS))
    assert "`client_certificate`" in caught.value.remedy
    with pytest.raises(DirectoryError, match="needs TLS") as in_clear:
        connect(make_settings(**external, client_certificate=tmp_path / "own.pem"))
    assert "`encryption: start_tls`" in in_clear.value.remedy
    assert server.octets == b""


def test_a_bind_by_certificate_is_never_made_in_clear(
    make_settings: MakeSettings, start_server: StartServer, tmp_path: Path
) -> None:
    """Where nothing is written and the server has no StartTLS, there is no bind by certificate, on loopback either."""
    own = make_client_certificate(make_certificates(tmp_path / "ca"), tmp_path / "own", "/CN=sync")
    server = start_server()
    settings = make_settings(
        addresses=(server.address,),
        encryption=Encryption.UNWRITTEN,
        authentication=Authentication.EXTERNAL,
        client_certificate=own.certificate_file,
        client_key=own.key_file,
    )
    with pytest.raises(DirectoryError, match="no StartTLS"):
        connect(settings)
    assert BIND not in server.received


def test_a_client_certificate_that_cannot_be_used(
    make_settings: MakeSettings, start_server: StartServer, tmp_path: Path
) -> None:
    """A missing file, a key of another certificate, a locked key: named before any connection; nobody is asked."""
    authority = make_certificates(tmp_path / "ca")
    own = make_client_certificate(authority, tmp_path / "own", "/CN=sync")
    locked = tmp_path / "locked.key"
    lock = ("openssl", "ec", "-aes256", "-passout", "pass:locked-secret", "-in", str(own.key_file), "-out", str(locked))
    subprocess.run(lock, check=True, capture_output=True)
    server = start_server()
    for key in (tmp_path / "missing.key", authority.key_file, locked):
        settings = make_settings(
            addresses=(server.address,),
            encryption=Encryption.START_TLS,
            client_certificate=own.certificate_file,
            client_key=key,
        )
        with pytest.raises(DirectoryError, match=f"client certificate in .*{key.name} cannot be used") as caught:
            connect(settings)
        assert "`client_key`" in caught.value.remedy
    assert server.octets == b""


def test_the_connection_is_kept_awake(make_settings: MakeSettings, start_server: StartServer) -> None:
    """The system asks an idle connection for signs of life after a minute, not after two hours."""
    with connect(make_settings(addresses=(start_server().address,), answer_timeout=7.5)) as session:
        assert session._main is not None
        wire = session._main.wire
        assert isinstance(wire, SocketWire)
        connected = wire._socket
        assert connected.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert connected.gettimeout() == 7.5
        options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        assert [connected.getsockopt(socket.IPPROTO_TCP, option) for option in options] == [60, 15, 4]


class Vanished:
    """A socket whose other side has stopped to answer keep-alive."""

    def settimeout(self, _seconds: float) -> None:
        """Nothing to do."""

    def setsockopt(self, *_option: int) -> None:
        """Nothing to do."""

    def recv(self, _size: int) -> bytes:
        """Say what the system says."""
        raise TimeoutError(errno.ETIMEDOUT, "Connection timed out")


def test_a_server_that_vanished_is_not_a_slow_one() -> None:
    """What keep-alive finds is a lost connection; raising the time-out would not help."""
    wire: Any = SocketWire(Vanished(), 1.0, lambda: None)  # type: ignore[arg-type] # as far as it is used
    conversation = Conversation(wire, "dc1:389")
    with pytest.raises(DirectoryUnavailable, match=r"was lost during .*: there is no sign of life"):
        conversation.receive()


@pytest.mark.parametrize("encryption", [Encryption.NONE, Encryption.START_TLS, Encryption.LDAPS])
def test_a_server_that_says_nothing_is_given_up(make_settings: MakeSettings, encryption: Encryption) -> None:
    """A server that accepts and is silent in bind, StartTLS or handshake is waited for as long as settings say."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        started = time.monotonic()
        with pytest.raises(DirectoryUnavailable) as caught:
            connect(make_settings(addresses=(address,), encryption=encryption, connect_timeout=1.0))
        assert time.monotonic() - started < 5
    assert address in caught.value.message
    assert "did not answer in time" in caught.value.message


def test_ipv6(make_settings: MakeSettings, start_server: StartServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """An IPv6 address is written in brackets with a port, and reached; where this machine has none, as if it had."""
    try:
        server = start_server(host="::1")
    except OSError:
        server = start_server()
        there = (socket.AF_INET, socket.SOCK_STREAM, 6, "", server.server_address)
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [there])
    port = server.server_address[1]
    for settings in (make_settings(addresses=(f"[::1]:{port}",)), make_settings(addresses=("::1",), port=port)):
        with connect(settings) as session:
            assert session.server == f"[::1]:{port}"
    assert server.received.count(BIND) == 2


@pytest.mark.parametrize(
    ("reason", "temporary"), [("TLSV13_ALERT_CERTIFICATE_REQUIRED", False), ("UNEXPECTED_EOF_WHILE_READING", True)]
)
def test_an_alert_against_our_certificate_says_what_to_set(
    make_settings: MakeSettings, reason: str, temporary: bool
) -> None:
    """The other side's word against our certificate, or the lack of one, names the setting."""
    failure = ssl.SSLError(1, "why")
    failure.reason = reason
    error = transport_errors.ended_at_bind(
        make_settings(encryption=Encryption.LDAPS), Address("ldap.example.com", 636), failure
    )
    assert isinstance(error, DirectoryUnavailable) is temporary
    assert "`client_certificate`" in error.remedy
