"""Connections to LDAP servers: address, TLS, StartTLS, bind. The only importer of the LDAP library.

The library (ldap3) connects, starts TLS and binds. What follows is read from its socket by `conversation`, because
its own reader takes ten times as long.
"""

import math
import socket
import ssl
from functools import partial
from typing import Any

import ldap3
from ldap3.core.exceptions import LDAPExceptionError

from ldap2scim.directory import results, transport_errors
from ldap2scim.directory.addresses import Address, addresses, is_loopback, protection
from ldap2scim.directory.conversation import Conversation
from ldap2scim.directory.session import Session
from ldap2scim.directory.settings import DirectorySettings, Encryption
from ldap2scim.errors import BindRefused, DirectoryError, DirectoryUnavailable

_CHUNK = 64 * 1024
_TLS_CHUNK = 16 * 1024
"""One TLS record; a larger buffer is allocated for each of them and stays empty."""
Endpoint = tuple[Any, ...]
"""What `socket.getaddrinfo` returns for one address of a host."""


def connect(settings: DirectorySettings) -> Session:
    """Connect and bind to the first server of the directory that can be used.

    Servers that cannot be reached or are busy are passed over; a refused bind or certificate is not.

    Raises:
        DirectoryUnavailable: no server could be reached.
        BindRefused: name or password are wrong, or the server wants another kind of bind.
        DirectoryError: the protection asked for cannot be had; nothing was sent.
    """
    if settings.bind_dn is not None and not (settings.bind_password and settings.bind_password.reveal()):
        # RFC 4513 §5.1.2: servers take a name without a password for an anonymous bind.
        raise BindRefused(
            f"There is no password for {settings.bind_dn}.", "Set the bind password, or leave out the bind DN."
        )
    failures: list[DirectoryError] = []
    for address in addresses(settings):
        try:
            return _session(settings, address)
        except DirectoryUnavailable as error:
            failures.append(error)
    raise transport_errors.all_failed(tuple(failures)) from failures[0]


class _Tls(ldap3.Tls):
    """TLS as the standard library checks it (name included), and the failure kept as it was raised."""

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        super().__init__()
        self._context = context
        self._host = host
        self.failure: BaseException | None = None

    def wrap_socket(self, connection: ldap3.Connection, do_handshake: bool = False) -> None:
        del do_handshake  # always
        try:
            connection.socket = self._context.wrap_socket(connection.socket, server_hostname=self._host)
        except (OSError, ValueError) as error:
            self.failure = error
            raise


class _Server(ldap3.Server):
    """A server at one of the addresses that its name resolves to, so that all connections reach the same one."""

    def __init__(self, address: Address, endpoint: Endpoint, how: Encryption, tls: _Tls | None, timeout: float) -> None:
        host = f"ldap://[{address.host}]" if ":" in address.host else address.host
        use_ssl = how is Encryption.LDAPS
        super().__init__(host, address.port, use_ssl, get_info=ldap3.NONE, tls=tls, connect_timeout=timeout)
        self.ssl = use_ssl
        self._endpoint = endpoint

    def candidate_addresses(self) -> list[list[Any]]:
        return [[*self._endpoint, None, None]]


class _LibraryWire:
    """The socket of a connection that the library has opened and bound."""

    def __init__(self, connection: ldap3.Connection, timeout: float) -> None:
        self._connection = connection
        self._socket: socket.socket = connection.socket
        self._socket.settimeout(timeout)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._chunk = _TLS_CHUNK if isinstance(self._socket, ssl.SSLSocket) else _CHUNK

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def receive(self) -> bytes:
        return self._socket.recv(self._chunk)

    def close(self) -> None:
        _close(self._connection)


def _session(settings: DirectorySettings, address: Address) -> Session:
    try:
        endpoints = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise transport_errors.unknown_host(address, str(error)) from error
    failures: list[DirectoryUnavailable] = []
    for endpoint in endpoints:
        try:
            main = _conversation(settings, address, endpoint)
        except DirectoryUnavailable as error:
            failures.append(error)
        else:
            return Session(settings, address, main, partial(_conversation, settings, address, endpoint))
    raise failures[-1]


def _conversation(settings: DirectorySettings, address: Address, endpoint: Endpoint) -> Conversation:
    connection = _protected(settings, address, endpoint)
    try:
        _bind(settings, address, connection)
        return Conversation(_LibraryWire(connection, settings.answer_timeout), str(address))
    except BaseException:
        _close(connection)
        raise


def _protected(settings: DirectorySettings, address: Address, endpoint: Endpoint) -> ldap3.Connection:
    """Return an open connection that a password may be sent over."""
    how = protection(settings.encryption, address.port)
    connection = _open(settings, address, endpoint, how)
    if how in {Encryption.NONE, Encryption.LDAPS}:
        return connection
    refusal = _start_tls(settings, address, connection)
    if refusal is None:
        return connection
    _close(connection)
    if how is Encryption.START_TLS or not is_loopback(endpoint[4][0]):
        raise transport_errors.no_start_tls(settings, address, refusal)
    return _open(settings, address, endpoint, Encryption.NONE)


def _open(settings: DirectorySettings, address: Address, endpoint: Endpoint, how: Encryption) -> ldap3.Connection:
    tls = None if how is Encryption.NONE else _Tls(_tls_context(settings), address.host)
    server = _Server(address, endpoint, how, tls, settings.connect_timeout)
    connection = ldap3.Connection(
        server,
        user=settings.bind_dn,
        password=settings.bind_password.reveal() if settings.bind_dn and settings.bind_password else None,
        authentication=ldap3.SIMPLE if settings.bind_dn is not None else ldap3.ANONYMOUS,
        auto_bind=ldap3.AUTO_BIND_NONE,
        client_strategy=ldap3.SYNC,
        read_only=True,
        auto_referrals=False,
        raise_exceptions=False,
        receive_timeout=math.ceil(settings.connect_timeout),
    )
    try:
        connection.open(read_server_info=False)
    except (LDAPExceptionError, OSError) as error:
        _close(connection)
        if tls is not None and tls.failure is not None:
            raise transport_errors.refused_tls(settings, address, tls.failure) from error
        raise transport_errors.not_connected(address, error) from error
    return connection


def _start_tls(settings: DirectorySettings, address: Address, connection: ldap3.Connection) -> str | None:
    """Start TLS; return None when it is on, or the server's answer when it has none."""
    tls: _Tls = connection.server.tls
    try:
        if connection.start_tls(read_server_info=False):
            return None
    except (LDAPExceptionError, OSError) as error:
        result = connection.result
        if tls.failure is None and result and result["result"] != results.SUCCESS:
            return results.name_of(result["result"])
        _close(connection)
        if tls.failure is not None:
            raise transport_errors.refused_tls(settings, address, tls.failure) from error
        raise transport_errors.not_connected(address, error) from error
    return "no answer"


def _bind(settings: DirectorySettings, address: Address, connection: ldap3.Connection) -> None:
    try:
        if connection.bind(read_server_info=False):
            return
    except (LDAPExceptionError, OSError) as error:
        raise transport_errors.not_connected(address, error) from error
    result: dict[str, Any] = connection.result or {"result": 80, "message": ""}
    raise results.refused_bind(result["result"], result["message"], settings.bind_dn, str(address))


def _tls_context(settings: DirectorySettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
    except (OSError, ValueError) as error:
        raise transport_errors.unusable_ca_file(settings.ca_file, error) from error
    if not settings.verify_certificate:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _close(connection: ldap3.Connection) -> None:
    try:
        if connection.bound:
            connection.unbind()
    except (LDAPExceptionError, OSError):
        pass  # it is closed below, whatever the other side still hears
    if connection.socket is not None:
        connection.socket.close()
