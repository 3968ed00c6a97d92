"""TLS as the settings want it: authorities, our own certificate, and the names that a server's certificate bears.

Reads files; opens no connection.
"""

import ssl
from collections.abc import Mapping
from typing import Any

from ldap2scim.directory import transport_errors
from ldap2scim.directory.addresses import addresses, protection
from ldap2scim.directory.settings import DirectorySettings, Encryption


def context(settings: DirectorySettings) -> ssl.SSLContext | None:
    """Return how servers are checked; None where no address is reached with TLS.

    Raises:
        DirectoryError: a file named in the settings cannot be used.
    """
    if all(protection(settings.encryption, each.port) is Encryption.NONE for each in addresses(settings)):
        return None
    made = _trusting(settings)
    if not settings.verify_certificate:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    if settings.client_certificate is not None:
        try:
            # Without `password` OpenSSL would ask the terminal for the passphrase of a locked key.
            made.load_cert_chain(settings.client_certificate, settings.client_key, password=_no_passphrase)
        except (OSError, ValueError) as error:
            raise transport_errors.unusable_client_certificate(settings, error) from error
    return made


def context_for_any_name(settings: DirectorySettings) -> ssl.SSLContext:
    """Return a context that checks who signed a certificate but not whose it is; only to read the names in it."""
    made = _trusting(settings)
    made.check_hostname = False
    return made


def names(certificate: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return the host names and addresses in a certificate, as `SSLSocket.getpeercert` shows it (RFC 6125 §6.4)."""
    found: tuple[tuple[str, str], ...] = (certificate or {}).get("subjectAltName", ())
    return tuple(value for kind, value in found if kind in {"DNS", "IP Address"})


def _trusting(settings: DirectorySettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except (OSError, ValueError) as error:
        raise transport_errors.unusable_ca_file(settings.ca_file, error) from error


def _no_passphrase() -> str:
    raise ValueError("its key is locked with a passphrase")
