"""Certificates: the trust that a connection to the service is checked with."""

import socket
import ssl
from pathlib import Path

from ldap2scim.errors import SettingsError
from ldap2scim.scim.settings import ServiceSettings


def trust(context: ssl.SSLContext, ca_file: Path | None) -> ssl.SSLContext:
    """Add the system's certificates and those of `ca_file` to what `context` trusts.

    Raises:
        SettingsError: the file cannot be read, or holds no certificate.
    """
    context.load_default_certs()
    if ca_file is None:
        return context
    try:
        context.load_verify_locations(ca_file)
    except OSError as error:  # ssl.SSLError is one
        reason = "it holds no certificate in PEM" if isinstance(error, ssl.SSLError) else error.strerror
        raise SettingsError((f"service.ca_file: {ca_file} cannot be used: {reason}.",)) from error
    return context


def show_certificate(context: ssl.SSLContext, settings: ServiceSettings) -> None:
    """Let `context` show our own certificate where the service asks for one (mutual TLS).

    Raises:
        SettingsError: certificate and key cannot be used.
    """
    if settings.client_certificate is None:
        return
    try:
        # Without `password` OpenSSL would ask the terminal for the passphrase of a locked key.
        context.load_cert_chain(settings.client_certificate, settings.client_key, password=_no_passphrase)
    except (OSError, ValueError) as error:
        reason = _why_unusable(error)
        raise SettingsError(
            (f"service.client_certificate: {settings.client_certificate} cannot be used: {reason}.",)
        ) from error


def our_certificate_refused(error: BaseException) -> str | None:
    """Return what an alert of the service says about our certificate, or its lack (RFC 8446 §6.2); None: nothing."""
    reason = str(getattr(error, "reason", None) or "") if isinstance(error, ssl.SSLError) else ""
    if "ALERT_CERTIFICATE_REQUIRED" in reason:
        return "it wants a certificate of ours: write `client_certificate`"
    if "ALERT" in reason and any(word in reason for word in ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED")):
        return f"it refuses our client certificate ({reason.partition('ALERT_')[2].lower().replace('_', ' ')})"
    return None


def permanent_cause(error: BaseException) -> str | None:
    """Return why a connection will fail next time as well, or None where it may not."""
    cause: BaseException | None = error
    while cause is not None:
        match cause:
            case ssl.SSLCertVerificationError():
                return f"its certificate is not trusted ({getattr(cause, 'verify_message', None) or cause.strerror})"
            case ssl.SSLError() if our_certificate_refused(cause):
                return our_certificate_refused(cause)
            case ssl.SSLError():
                return "it does not speak TLS as it should on this port"
            case socket.gaierror(errno=socket.EAI_NONAME):
                return "there is no host of that name"
            case _:
                cause = cause.__cause__ or cause.__context__
    return None


def _no_passphrase() -> str:
    raise ValueError("its key is locked with a passphrase")


def _why_unusable(error: OSError | ValueError) -> str:
    match error:
        case ssl.SSLError(reason="KEY_VALUES_MISMATCH"):
            return "the key is not that of the certificate"
        case ssl.SSLError():
            return "certificate and key must both be there, in PEM"
        case OSError():
            return error.strerror or "it cannot be read"
        case _:
            return str(error)
