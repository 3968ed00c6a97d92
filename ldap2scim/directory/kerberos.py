"""The Kerberos bind: SASL GSSAPI (RFC 4752) with the package gssapi, which is an extra. Never a security layer.

The LDAP library has this bind too, but refuses every server that offers *no security layer* alone, which is what we
need: what follows the bind is read from the socket as it is.
"""

import importlib
from collections.abc import Callable
from typing import Any

from ldap2scim.errors import BindRefused, DirectoryError, DirectoryUnavailable

_NO_LAYER = 1
"""RFC 4752 §3.3: the bit mask of security layers."""
_KDC_UNREACHABLE = -1765328228 % 2**32
"""KRB5_KDC_UNREACH of MIT Kerberos (krb5.h)."""
Send = Callable[[bytes], bytes]
"""Sends a token in a bind request and returns the server's, or raises what the server's refusal means."""


def load() -> Any:  # noqa: ANN401 - the package has no types
    """Return the package gssapi.

    Raises:
        BindRefused: it is not installed, or the system's Kerberos library is missing.
    """
    try:
        return importlib.import_module("gssapi")
    except (ImportError, OSError) as error:
        raise BindRefused(
            f"The Kerberos bind needs the package gssapi, which cannot be loaded: {error}.",
            "As root: `apt-get install gcc python3-dev libkrb5-dev` (Red Hat: `dnf install gcc python3-devel "
            "krb5-devel`). Then: `pip install 'ldap2scim[kerberos]'`.",
        ) from error


def bind(host: str, principal: str | None, certificate: bytes | None, send: Send, send_last: Send) -> None:
    """Bind with a ticket of this process's user: from its credential cache, or by KRB5_CLIENT_KTNAME.

    Args:
        host: name of the server, as in its service principal `ldap/host`.
        principal: whose ticket; None: the default one.
        certificate: of the server where TLS is on, in DER.
        send: sends a token while the server asks for more.
        send_last: sends the last token, which the server answers with success.

    Raises:
        BindRefused: there is no ticket, or it has expired.
        DirectoryUnavailable: no key distribution centre answers.
        DirectoryError: there is no such service, or the server insists on a security layer.
    """
    gssapi = load()
    try:
        own = gssapi.Credentials(name=gssapi.Name(principal), usage="initiate") if principal else None
        context = gssapi.SecurityContext(
            name=gssapi.Name(f"ldap@{host}", gssapi.NameType.hostbased_service),
            mech=gssapi.MechType.kerberos,
            creds=own,
            usage="initiate",
            channel_bindings=_channel_bindings(gssapi, certificate),
        )
        negotiate(context, host, send, send_last)
    except gssapi.exceptions.GSSError as error:
        raise _explained(gssapi, host, error) from error


def negotiate(context: Any, host: str, send: Send, send_last: Send) -> None:  # noqa: ANN401 - gssapi has no types
    """Exchange tokens until both sides know each other, and choose no security layer (RFC 4752 §3.1).

    Raises:
        DirectoryError: the server insists on a security layer.
    """
    answer = send(context.step(None) or b"")
    while not context.complete:
        answer = send(context.step(answer) or b"")
    offered: bytes = context.unwrap(answer).message
    if len(offered) != 4 or not offered[0] & _NO_LAYER:
        raise DirectoryError(
            f"{host} insists on signed or sealed messages inside of the Kerberos bind, which is not supported.",
            "Use `encryption: start_tls` or `ldaps`: over TLS servers do without. Nothing was read.",
        )
    send_last(context.wrap(bytes([_NO_LAYER, 0, 0, 0]), False).message)


def end_point(certificate: bytes) -> bytes:
    """Return the channel binding `tls-server-end-point` of a certificate in DER (RFC 5929 §4.1).

    Raises:
        BindRefused: the package cryptography is not installed.
    """
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
    except ImportError as error:
        raise BindRefused(
            "The Kerberos bind over TLS needs the package cryptography, which is not installed.",
            "`pip install 'ldap2scim[kerberos]'`",
        ) from error
    algorithm = x509.load_der_x509_certificate(certificate).signature_hash_algorithm
    if algorithm is None or algorithm.name in {"md5", "sha1"}:
        algorithm = hashes.SHA256()
    digest = hashes.Hash(algorithm)
    digest.update(certificate)
    return b"tls-server-end-point:" + digest.finalize()


def _channel_bindings(gssapi: Any, certificate: bytes | None) -> Any:  # noqa: ANN401 - gssapi has no types
    if certificate is None:
        return None
    return gssapi.raw.ChannelBindings(application_data=end_point(certificate))


def _explained(gssapi: Any, host: str, error: Any) -> DirectoryError:  # noqa: ANN401 - gssapi has no types
    reason = " ".join(str(error).split())
    if isinstance(error, gssapi.exceptions.MissingCredentialsError | gssapi.exceptions.ExpiredCredentialsError):
        return BindRefused(
            f"The Kerberos bind to {host} needs a ticket, and there is none that can be used: {reason}.",
            "Get one as the user who runs ldap2scim: `kinit NAME@REALM`; `klist` shows it. A service gets its own "
            "from a key table: set KRB5_CLIENT_KTNAME to it.",
        )
    if error.min_code == _KDC_UNREACHABLE:
        return DirectoryUnavailable(
            f"No key distribution centre answers, so there is no ticket for {host}: {reason}.",
            "Check the realm in krb5.conf, and that its domain controllers can be reached on port 88.",
        )
    return DirectoryError(
        f"The Kerberos bind to {host} did not come about: {reason}.",
        f"`addresses` must name the server as its service principal does (ldap/{host}), not by an IP address; "
        f"`kvno ldap/{host}` says whether a ticket for it can be had. Check krb5.conf and the clock as well.",
    )
