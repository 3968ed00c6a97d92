"""Which credentials each way to authenticate needs, and how a bind is spoken of. Pure."""

from ldap2scim.directory.addresses import addresses, protection
from ldap2scim.directory.settings import Authentication, DirectorySettings, Encryption
from ldap2scim.errors import BindRefused, DirectoryError


def check(settings: DirectorySettings) -> None:
    """Find what is missing before any connection is made.

    Raises:
        BindRefused: a name or a password is missing, or has another form than this bind needs.
        DirectoryError: the connection would not be protected as this bind needs it.
    """
    match settings.authentication:
        case Authentication.SIMPLE:
            if settings.bind_dn is not None:
                _need_password(settings, settings.bind_dn)
        case Authentication.NTLM:
            domain, separator, user = (settings.bind_dn or "").partition("\\")
            if not (domain and separator and user):
                raise BindRefused(
                    f"NTLM needs a name like DOMAIN\\user, and the bind DN is {settings.bind_dn or 'not set'}.",
                    "Write `bind_dn: 'DOMAIN\\user'` (the short name of the domain), or use `authentication: simple`.",
                )
            _need_password(settings, settings.bind_dn or "")
        case Authentication.EXTERNAL:
            _need_certificate(settings)
        case Authentication.KERBEROS:
            pass  # the ticket is looked for when the bind is made


def needs_tls(settings: DirectorySettings) -> bool:
    """Say whether the bind makes no sense in clear, on loopback either."""
    return settings.authentication is Authentication.EXTERNAL


def described(settings: DirectorySettings) -> str:
    """Return the bind in words, without any secret."""
    name = settings.bind_dn
    match settings.authentication:
        case Authentication.SIMPLE:
            return "the anonymous bind" if name is None else f"the bind as {name}"
        case Authentication.NTLM:
            return f"the NTLM bind as {name}"
        case Authentication.EXTERNAL:
            claimed = "" if name is None else f" as {name}"
            return f"the bind by certificate (SASL EXTERNAL){claimed} with {settings.client_certificate}"
        case Authentication.KERBEROS:
            return f"the Kerberos bind{'' if name is None else f' as {name}'}"


def _need_password(settings: DirectorySettings, name: str) -> None:
    # RFC 4513 §5.1.2: servers take a name without a password for an anonymous bind.
    if not (settings.bind_password and settings.bind_password.reveal()):
        raise BindRefused(f"There is no password for {name}.", "Set the bind password, or leave out the bind DN.")


def _need_certificate(settings: DirectorySettings) -> None:
    if settings.client_certificate is None:
        raise BindRefused(
            "The bind by certificate (SASL EXTERNAL) needs a certificate to show, and none is set.",
            "Set `client_certificate` to a PEM file, and `client_key` where the key is in a file of its own.",
        )
    for address in addresses(settings):
        if protection(settings.encryption, address.port) is Encryption.NONE:
            raise DirectoryError(
                f"The bind by certificate (SASL EXTERNAL) needs TLS, and the connection to {address} would be in "
                "clear (`encryption: none`).",
                "Write `encryption: start_tls`, or `encryption: ldaps` with port 636.",
            )
