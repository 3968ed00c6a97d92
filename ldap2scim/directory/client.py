"""Connections to LDAP servers: address, TLS, StartTLS, bind. The only importer of the LDAP library.

The library (ldap3) connects, starts TLS and binds. What follows is read from its socket by `conversation`, because
its own reader takes ten times as long; no bind may therefore end in a SASL security layer, and none is asked for.
"""

import math
import socket
import ssl
import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import ldap3
from ldap3.core.exceptions import LDAPExceptionError
from ldap3.operation.bind import bind_operation
from ldap3.protocol.sasl.sasl import send_sasl_negotiation
from ldap3.utils.ntlm import NtlmClient

from ldap2scim.directory import authentication, kerberos, results, tls, transport_errors
from ldap2scim.directory.addresses import Address, addresses, is_loopback, protection
from ldap2scim.directory.attempts import Attempts
from ldap2scim.directory.conversation import Conversation
from ldap2scim.directory.session import Session
from ldap2scim.directory.settings import Authentication, DirectorySettings, Encryption
from ldap2scim.directory.wire import SocketWire
from ldap2scim.errors import BindRefused, DirectoryError

Endpoint = tuple[Any, ...]
"""What `socket.getaddrinfo` returns for one address of a host."""
Answer = dict[str, Any]
"""What the library makes of a bind response."""


@dataclass(frozen=True, slots=True)
class Way:
    """How one server is reached."""

    settings: DirectorySettings
    address: Address
    endpoint: Endpoint
    tls: ssl.SSLContext | None

    def __str__(self) -> str:
        return self.address.place

    @property
    def protection(self) -> Encryption:
        """How the connection is protected."""
        return protection(self.settings.encryption, self.address.port)


def connect(settings: DirectorySettings) -> Session:
    """Connect and bind to the first server of the directory that can be used.

    Raises:
        DirectoryUnavailable: no server could be reached.
        BindRefused: name or password are wrong, or the server wants another kind of bind.
        DirectoryError: the protection asked for cannot be had; nothing was sent.
    """
    return attempts(settings, addresses(settings)).next()


def attempts(settings: DirectorySettings, order: Iterable[Address]) -> Attempts[Way, Session]:
    """Return the servers that will be tried, after a look at what does not depend on any of them.

    Raises:
        BindRefused: name, password, certificate or package for the bind are missing.
        DirectoryError: a file named in the settings cannot be used.
    """
    authentication.check(settings)
    if settings.authentication is Authentication.KERBEROS:
        kerberos.load()
    return Attempts(settings.name, order, partial(_ways, settings, tls.context(settings)), _session)


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

    def __init__(self, way: Way, how: Encryption) -> None:
        host = way.address.host
        use_ssl = how is Encryption.LDAPS
        super().__init__(
            f"ldap://[{host}]" if ":" in host else host,
            way.address.port,
            use_ssl,
            get_info=ldap3.NONE,
            tls=None if how is Encryption.NONE or way.tls is None else _Tls(way.tls, host),
            connect_timeout=way.settings.connect_timeout,
        )
        self.ssl = use_ssl
        self._endpoint = way.endpoint

    def candidate_addresses(self) -> list[list[Any]]:
        return [[*self._endpoint, None, None]]


def _ways(settings: DirectorySettings, context: ssl.SSLContext | None, address: Address) -> tuple[Way, ...]:
    """Resolve a name; every address it has is a server of its own (the name of an AD domain means all controllers)."""
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise transport_errors.unknown_host(address, str(error)) from error
    endpoints = tuple(dict.fromkeys(found))
    if len(endpoints) == 1:
        return (Way(settings, address, endpoints[0], context),)
    return tuple(Way(settings, replace(address, ip=str(endpoint[4][0])), endpoint, context) for endpoint in endpoints)


def _session(way: Way) -> Session:
    return Session(way.settings, way.address, _conversation(way), partial(_conversation, way))


def _conversation(way: Way) -> Conversation:
    connection = _protected(way)
    try:
        _bind(way, connection)
        wire = SocketWire(connection.socket, way.settings.answer_timeout, partial(_close, connection))
        return Conversation(wire, way.address.place)
    except BaseException:
        _close(connection)
        raise


def _protected(way: Way) -> ldap3.Connection:
    """Return an open connection that a password may be sent over."""
    how = way.protection
    connection = _open(way, how)
    if how in {Encryption.NONE, Encryption.LDAPS}:
        return connection
    refusal = _start_tls(way, connection)
    if refusal is None:
        return connection
    _close(connection)
    wanted = how is Encryption.START_TLS or authentication.needs_tls(way.settings)
    if wanted or not is_loopback(way.endpoint[4][0]):
        raise transport_errors.no_start_tls(way.settings, way.address, refusal)
    return _open(way, Encryption.NONE)


def _open(way: Way, how: Encryption) -> ldap3.Connection:
    settings = way.settings
    server = _Server(way, how)
    simple = settings.authentication is Authentication.SIMPLE and settings.bind_dn is not None
    connection = ldap3.Connection(
        server,
        user=settings.bind_dn if simple else None,
        password=settings.bind_password.reveal() if simple and settings.bind_password else None,
        authentication=ldap3.SIMPLE if simple else ldap3.ANONYMOUS,
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
        raise _not_connected(way, server.tls, error) from error
    return connection


def _start_tls(way: Way, connection: ldap3.Connection) -> str | None:
    """Start TLS; return None when it is on, or the server's answer when it has none."""
    library_tls: _Tls = connection.server.tls
    try:
        if connection.start_tls(read_server_info=False):
            return None
    except (LDAPExceptionError, OSError) as error:
        result = connection.result
        if library_tls.failure is None and result and result["result"] != results.SUCCESS:
            return results.name_of(result["result"])
        _close(connection)
        raise _not_connected(way, library_tls, error) from error
    return "no answer"


def _not_connected(way: Way, library_tls: _Tls | None, error: BaseException) -> DirectoryError:
    if library_tls is None or library_tls.failure is None:
        return transport_errors.not_connected(way.address, _origin(error))
    failure = library_tls.failure
    names = _names_in_certificate(way) if transport_errors.is_name_mismatch(failure) else ()
    return transport_errors.refused_tls(way.settings, way.address, failure, names)


def _names_in_certificate(way: Way) -> tuple[str, ...]:
    """Look which names a server shows whose certificate was refused for its name; nothing is sent to it."""
    try:
        connection = _protected(replace(way, tls=tls.context_for_any_name(way.settings)))
    except DirectoryError:
        return ()
    try:
        return tls.names(connection.socket.getpeercert())
    finally:
        _close(connection)


def _bind(way: Way, connection: ldap3.Connection) -> None:
    try:
        match way.settings.authentication:
            case Authentication.SIMPLE:
                connection.bind(read_server_info=False)
                _expect(way, connection.result, results.SUCCESS)
            case Authentication.EXTERNAL:
                name = way.settings.bind_dn  # RFC 4513 §5.2.1.8: whom we claim to be; none: whom the certificate says
                claimed = b"" if name is None else f"dn:{name}".encode()
                _sasl(way, connection, ldap3.EXTERNAL, claimed, results.SUCCESS)
            case Authentication.KERBEROS:
                _bind_kerberos(way, connection)
            case Authentication.NTLM:
                _bind_ntlm(way, connection)
    except (LDAPExceptionError, OSError) as error:
        raise transport_errors.ended_at_bind(way.settings, way.address, _origin(error)) from error
    connection.bound = True


def _bind_kerberos(way: Way, connection: ldap3.Connection) -> None:
    certificate = connection.socket.getpeercert(binary_form=True) if _is_tls(connection) else None
    step = partial(_sasl, way, connection, ldap3.KERBEROS)
    kerberos.bind(
        way.address.host,
        way.settings.bind_dn,
        certificate,
        lambda token: step(token, results.BIND_GOES_ON),
        lambda token: step(token, results.SUCCESS),
    )


def _sasl(way: Way, connection: ldap3.Connection, mechanism: str, token: bytes, expected: int) -> bytes:
    connection.authentication, connection.sasl_mechanism = ldap3.SASL, mechanism
    answer = send_sasl_negotiation(connection, None, token)
    _expect(way, answer, expected)
    return answer["saslCreds"] or b""


def _bind_ntlm(way: Way, connection: ldap3.Connection) -> None:
    """Bind in the three steps of [MS-ADTS] §5.1.1.1.3 (Sicily); neither signing nor sealing is offered.

    The library's own way takes a server that has no NTLM, and answers the first step with success, for bound.
    """
    settings = way.settings
    domain, _, user = (settings.bind_dn or "").partition("\\")
    password = settings.bind_password.reveal() if settings.bind_password else ""
    client: Any = NtlmClient(domain, user, password)
    connection.authentication = ldap3.NTLM
    packages = _sicily(way, connection, bind_operation(3, "SICILY_PACKAGE_DISCOVERY", client))
    if b"NTLM" not in packages.split(b";"):
        raise BindRefused(
            f"{way} has no NTLM bind.", "Use `authentication: kerberos`, or `authentication: simple` over TLS."
        )
    challenge = _sicily(way, connection, bind_operation(3, "SICILY_NEGOTIATE_NTLM", client))
    nonsense = f"{way} sent an NTLM challenge that makes no sense."
    try:
        proof = bind_operation(3, "SICILY_RESPONSE_NTLM", client, challenge)
    except (ValueError, struct.error) as error:
        if "MD4" not in str(error):
            raise DirectoryError(nonsense, results.METHOD_REMEDIES[Authentication.NTLM]) from error
        raise BindRefused(
            "The NTLM bind needs MD4, which this Python has not, and the package pycryptodome is not installed.",
            "`pip install 'ldap2scim[ntlm]'`; better, use `authentication: kerberos`.",
        ) from error
    if proof is None:
        raise DirectoryError(nonsense, results.METHOD_REMEDIES[Authentication.NTLM])
    _sicily(way, connection, proof)


def _sicily(way: Way, connection: ldap3.Connection, request: Any) -> bytes:  # noqa: ANN401 - the library's type
    answers: list[Answer] = connection.post_send_single_response(connection.send("bindRequest", request, None))
    _expect(way, answers[0], results.SUCCESS)
    return bytes(answers[0].get("server_creds", b""))


def _expect(way: Way, answer: Answer, code: int) -> None:
    if answer["result"] == code:
        return
    diagnostic = answer.get("message") or answer.get("error_message") or ""
    raise results.refused_bind(answer["result"], diagnostic, way.settings, way.address.place)


def _is_tls(connection: ldap3.Connection) -> bool:
    return isinstance(connection.socket, ssl.SSLSocket)


def _origin(error: BaseException) -> BaseException:
    """Return the socket's own error: the library raises one of its own while it handles it, without its details."""
    context = error.__context__
    return _origin(context) if isinstance(context, OSError) else error


def _close(connection: ldap3.Connection) -> None:
    try:
        if connection.bound:
            connection.unbind()
    except (LDAPExceptionError, OSError):
        pass  # it is closed below, whatever the other side still hears
    if connection.socket is not None:
        connection.socket.close()
