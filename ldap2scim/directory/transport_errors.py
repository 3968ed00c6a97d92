"""Why a connection could not be made, in words, with what to do. Pure."""

import ssl
from pathlib import Path

from ldap2scim.directory import results
from ldap2scim.directory.addresses import Address
from ldap2scim.directory.authentication import described
from ldap2scim.directory.settings import Authentication, DirectorySettings, Encryption
from ldap2scim.errors import DirectoryError, DirectoryUnavailable

_NAME_MISMATCH = frozenset({62, 64})  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH (OpenSSL)
_UNKNOWN_ISSUER = frozenset({18, 19, 20, 21})  # self-signed, self-signed in chain, no issuer, cannot be verified
_OUT_OF_DATE = frozenset({9, 10})  # not yet valid, expired
_ALERT_REMEDY = (
    "The server may want a certificate from us, or does not trust the one it got: set `client_certificate` (and "
    "`client_key`) to one that an authority of the server has signed and that is in date."
)
_USUAL_PORTS = "LDAPS is usually port 636, StartTLS port 389."
_LDAPS_PORT = "A port for LDAPS hangs up on whoever begins without TLS: `encryption: ldaps` then."


def unknown_host(address: Address, why: str) -> DirectoryUnavailable:
    """Return the error for a name that does not resolve."""
    return DirectoryUnavailable(
        f"The directory server {address.host} is not known by that name: {why}.",
        "Check `addresses` in the settings, and this machine's name service.",
    )


def not_connected(address: Address, failure: BaseException) -> DirectoryError:
    """Return the error for a connection that was not made."""
    if isinstance(failure, ConnectionRefusedError):
        return DirectoryUnavailable(
            f"{address.place} refuses the connection: nothing listens there.",
            "Check that the directory server runs, and `addresses` and `port` in the settings.",
        )
    alert = _alert(failure)
    if alert is not None:
        return DirectoryError(f"{address.place} refused our side of TLS: {alert}.", _ALERT_REMEDY)
    if isinstance(failure, TimeoutError):
        return DirectoryUnavailable(
            f"{address.place} did not answer in time.",
            "Check the address, the firewall between here and there, and whether the server is up.",
        )
    return DirectoryUnavailable(
        f"{address.place} cannot be reached: {failure}.",
        f"Check `addresses` and `port` in the settings, and the network. {_LDAPS_PORT}",
    )


def ended_at_bind(settings: DirectorySettings, address: Address, failure: BaseException) -> DirectoryError:
    """Return the error for a connection that broke where the server should have answered the bind.

    In TLS 1.3 the handshake is over for us before the server has looked at our certificate, and some servers end the
    connection without an alert (OpenLDAP with GnuTLS). Samba ends it when it is asked for NTLM.
    """
    if isinstance(failure, TimeoutError) or _alert(failure) is not None:
        return not_connected(address, failure)
    remedy = results.METHOD_REMEDIES.get(settings.authentication)
    if settings.encryption is Encryption.NONE:
        remedy = remedy or _LDAPS_PORT
    elif remedy is None or settings.authentication is Authentication.EXTERNAL:
        remedy = f"Over TLS some servers refuse a certificate of ours, or the lack of one, in this way. {_ALERT_REMEDY}"
    return DirectoryUnavailable(
        f"{address.place} ended the connection instead of answering {described(settings)}: {failure}.",
        f"See the server's log. {remedy}",
    )


def is_name_mismatch(failure: BaseException) -> bool:
    """Say whether a certificate was refused only because it is made out to another name."""
    return isinstance(failure, ssl.SSLCertVerificationError) and failure.verify_code in _NAME_MISMATCH


def refused_tls(
    settings: DirectorySettings, address: Address, failure: BaseException, names: tuple[str, ...] = ()
) -> DirectoryError:
    """Return the error for a TLS handshake that failed; nothing was sent to the server.

    Args:
        settings: of the directory.
        address: of the server.
        failure: as the standard library raised it.
        names: in the server's certificate, where it was refused for its name.
    """
    if isinstance(failure, ssl.SSLCertVerificationError):
        return _untrusted(settings, address, failure, names)
    alert = _alert(failure)
    if alert is not None:
        return DirectoryError(f"{address.place} refused our side of TLS: {alert}.", _ALERT_REMEDY)
    if isinstance(failure, TimeoutError):
        return not_connected(address, failure)
    if isinstance(failure, ssl.SSLEOFError | ConnectionError):
        return DirectoryUnavailable(
            f"{address.place} ended the TLS handshake: {failure}.",
            f"Check that the server has a certificate and offers TLS on this port. {_USUAL_PORTS}",
        )
    return DirectoryError(
        f"{address.place} does not speak TLS as expected: {failure}.",
        f"Check port and `encryption`. {_USUAL_PORTS}",
    )


def unusable_ca_file(path: Path | None, failure: BaseException) -> DirectoryError:
    """Return the error for a file of authorities that cannot be read."""
    return DirectoryError(
        f"The authorities in {path} cannot be used: {failure}.",
        "`ca_file` must name a readable PEM file with the certificate of the authority that signed the server's.",
    )


def no_start_tls(settings: DirectorySettings, address: Address, answer: str) -> DirectoryError:
    """Return the error for a server without StartTLS, where settings want it or say nothing (DESIGN P7)."""
    better = (
        "Best: give the server a certificate, and write `encryption: start_tls` (or `encryption: ldaps` with port 636)."
    )
    in_clear = "To send it in clear on a network that you trust, write: `encryption: none`."
    return DirectoryError(
        f"{address.place} has no StartTLS ({answer}), and the connection would be in clear. Stopped before the bind, "
        f"so that no password{f' of {settings.bind_dn}' if settings.bind_dn else ''} was sent.",
        f"{better}\n{in_clear}",
    )


def unusable_client_certificate(settings: DirectorySettings, failure: BaseException) -> DirectoryError:
    """Return the error for a certificate of ours, or its key, that cannot be used. The key is never shown."""
    files = " and ".join(str(path) for path in (settings.client_certificate, settings.client_key) if path is not None)
    return DirectoryError(
        f"The client certificate in {files} cannot be used: {failure}.",
        "`client_certificate` must name a readable PEM file, with its key in the same file or in `client_key`; the "
        "key must belong to it and must not be locked with a passphrase.",
    )


def all_failed(directory: str, failures: tuple[DirectoryError, ...]) -> DirectoryError:
    """Return the error for a directory of which no server could be used, each named with its reason."""
    if not failures:
        return DirectoryUnavailable(
            f"No server of {directory} is left to be asked.", "Add a server to `addresses`, or run again later."
        )
    # The addresses of one name may fail in the same words.
    different = list({failure.message: failure for failure in failures}.values())
    if len(different) == 1:
        return different[0]
    messages = "\n".join(f"- {failure.message}" for failure in different)
    remedies = "\n".join(dict.fromkeys(failure.remedy for failure in different))
    kind = DirectoryUnavailable if any(isinstance(each, DirectoryUnavailable) for each in different) else DirectoryError
    return kind(f"None of the directory's servers could be used:\n{messages}", remedies)


def _alert(failure: BaseException) -> str | None:
    """Return what the other side says against our certificate, or the lack of one (RFC 8446 §6.2)."""
    reason = failure.reason if isinstance(failure, ssl.SSLError) else None
    return reason.replace("_", " ").lower() if reason and "ALERT" in reason else None


def _untrusted(
    settings: DirectorySettings, address: Address, failure: ssl.SSLCertVerificationError, names: tuple[str, ...]
) -> DirectoryError:
    reason = failure.verify_message.rstrip(".")
    message = f"The certificate of {address.place} was refused: {reason}."
    if failure.verify_code in _NAME_MISMATCH:
        found = f", but names {', '.join(names)}" if names else ""
        return DirectoryError(
            f"{message} It was expected to name {address.host}{found}.",
            "Write into `addresses` a name that the certificate bears (subjectAltName), or get one for this name.",
        )
    if failure.verify_code in _UNKNOWN_ISSUER:
        used = f"{settings.ca_file} holds" if settings.ca_file else "this machine's authorities hold"
        return DirectoryError(
            f"{message} Its issuer is not among what {used}. It was expected to name {address.host}.",
            "Set `ca_file` to the PEM file with the certificate of the authority that signed it.",
        )
    if failure.verify_code in _OUT_OF_DATE:
        return DirectoryError(message, "Renew the server's certificate, or set this machine's clock.")
    return DirectoryError(message, "Mend the server's certificate; `openssl s_client -connect` shows it.")
