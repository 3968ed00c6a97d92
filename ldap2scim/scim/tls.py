"""Certificates: the trust that a connection to the service is checked with."""

import socket
import ssl
from pathlib import Path

from ldap2scim.errors import SettingsError


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


def permanent_cause(error: BaseException) -> str | None:
    """Return why a connection will fail next time as well, or None where it may not."""
    cause: BaseException | None = error
    while cause is not None:
        match cause:
            case ssl.SSLCertVerificationError():
                return f"its certificate is not trusted ({getattr(cause, 'verify_message', None) or cause.strerror})"
            case ssl.SSLError():
                return "it does not speak TLS as it should on this port"
            case socket.gaierror(errno=socket.EAI_NONAME):
                return "there is no host of that name"
            case _:
                cause = cause.__cause__ or cause.__context__
    return None
