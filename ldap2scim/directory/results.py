"""What a server's refusal means, and what an administrator can do about it. Pure."""

from ldap2scim.directory import authentication
from ldap2scim.directory.decoder import Done, Notice
from ldap2scim.directory.settings import Authentication, DirectorySettings
from ldap2scim.errors import BindRefused, DirectoryError, DirectoryUnavailable, ReadIncomplete

SUCCESS, REFERRAL, BIND_GOES_ON, NO_SUCH_OBJECT = 0, 10, 14, 32
_BUSY, _UNAVAILABLE = 51, 52
_LONGEST_DIAGNOSTIC = 300

_NAMES = {
    1: "operationsError",
    2: "protocolError",
    3: "timeLimitExceeded",
    4: "sizeLimitExceeded",
    7: "authMethodNotSupported",
    8: "strongerAuthRequired",
    10: "referral",
    11: "adminLimitExceeded",
    12: "unavailableCriticalExtension",
    13: "confidentialityRequired",
    14: "saslBindInProgress",
    18: "inappropriateMatching",
    32: "noSuchObject",
    34: "invalidDNSyntax",
    48: "inappropriateAuthentication",
    49: "invalidCredentials",
    50: "insufficientAccessRights",
    51: "busy",
    52: "unavailable",
    53: "unwillingToPerform",
    54: "loopDetect",
    80: "other",
    4096: "e-syncRefreshRequired",
}
"""RFC 4511 appendix A.1; RFC 4533 §2.1."""

_READ_REMEDIES = {
    1: "Active Directory answers so to an anonymous search: set the bind DN and its password.",
    3: "Raise the server's time limit for the bind DN (OpenLDAP: `limits … time=unlimited`; Active Directory: "
    "MaxQueryDuration), or index the attributes of the filter.",
    4: 'Raise the server\'s size limit for the bind DN. OpenLDAP: `limits dn.exact="<bind DN>" size=unlimited` '
    "(olcLimits). Active Directory: keep `page_size` at or below MaxPageSize (1000). 389 Directory Server: "
    "nsSizeLimit and nsPagedSizeLimit.",
    8: "The server wants an encrypted or signed connection: use `encryption: start_tls` or `ldaps`.",
    10: "The base DN belongs to another server. Write that server into `addresses`, or correct `base_dn`.",
    11: "Raise the server's administrative limit for the bind DN (389 Directory Server: nsLookThroughLimit; OpenLDAP: "
    "`limits … size.unchecked=unlimited`), or index the attributes of the filter.",
    13: "The server wants an encrypted connection: use `encryption: start_tls` or `ldaps`.",
    32: "Check `base_dn`: the server has no such entry, or the bind DN may not see it.",
    34: "Check `base_dn`: the server does not take it for a DN.",
    50: "Give the bind DN the right to read all users and groups below the base DN.",
}
_BIND_REMEDIES = {
    8: "The server wants an encrypted connection: use `encryption: start_tls` or `ldaps`.",
    13: "The server wants an encrypted connection: use `encryption: start_tls` or `ldaps`.",
    34: "Check the bind DN in the settings: the server does not take it for a DN.",
    49: "Check the bind DN and its password in the settings.",
}
_METHOD_CODES = frozenset({2, 7, 48, 49, 50, 53, 80})
"""What servers answer to a way to bind that they do not know or have not been set up for."""
METHOD_REMEDIES = {
    Authentication.EXTERNAL: "The server must ask for client certificates, trust the authority that signed "
    "`client_certificate`, and know whom it stands for. OpenLDAP: `TLSVerifyClient`, `TLSCACertificateFile`, "
    "`authz-regexp`. Active Directory: an account mapped to it (altSecurityIdentities). A `bind_dn` beside "
    "it is a claim; leave it out to be whom the certificate stands for.",
    Authentication.NTLM: "NTLM is for Active Directory alone (Samba has it not in this form), and may be forbidden "
    "there. Check DOMAIN\\user and its password, or use `authentication: kerberos`, or `simple` over TLS.",
    Authentication.KERBEROS: "The server must take SASL GSSAPI and know the name in the ticket (`klist` shows it). "
    "Otherwise use `authentication: simple` over TLS.",
}
_NO_CHANNEL_BINDING = "80090346"
"""SEC_E_BAD_BINDINGS (winerror.h): LdapEnforceChannelBinding is on."""
_CHANNEL_BINDING_REMEDY = "Use `authentication: kerberos`, which does that, or `simple` over TLS."
_NO_LAYER_REMEDY = (
    "The server wants the connection protected: use `encryption: start_tls` or `ldaps`. Samba must also allow Kerberos "
    "over TLS: `ldap server require strong auth = allow_sasl_over_tls`."
)
_AGAIN = "Run again later; if it stays so, look into the server's log."

_WINDOWS_REASONS = {
    "525": "there is no such user",
    "52e": "the password is wrong",
    "530": "the account may not log on at this time",
    "531": "the account may not log on from this machine",
    "532": "the password has expired",
    "533": "the account is disabled",
    "701": "the account has expired",
    "773": "the password must be changed first",
    "775": "the account is locked",
}
"""Logon errors of Windows (winerror.h), in hexadecimal behind `data` in Active Directory's diagnostic message."""


def name_of(code: int) -> str:
    """Return the name of a result code as the RFCs have it."""
    return _NAMES.get(code, f"result code {code}")


def refused_read(done: Done, what: str, server: str) -> DirectoryError:
    """Return the error for a search that ended with anything but success.

    Args:
        done: the end of the search.
        what: the search in the administrator's words.
        server: `host:port`.
    """
    message = f"{server} ended {what} with {name_of(done.code)}{_said(done.diagnostic)}."
    if done.referral:
        message += f" It refers to {', '.join(done.referral)}."
    if done.code in {_BUSY, _UNAVAILABLE}:
        return DirectoryUnavailable(message, _AGAIN)
    remedy = _READ_REMEDIES.get(done.code, "Look into the server's log for the reason, then run again.")
    return ReadIncomplete(f"{message} Nothing can be concluded from what it sent.", remedy)


def disconnected(notice: Notice, what: str, server: str) -> DirectoryUnavailable:
    """Return the error for a server that takes its leave in the middle of a search (RFC 4511 §4.4.1)."""
    return DirectoryUnavailable(
        f"{server} closed the connection during {what}: {name_of(notice.code)}{_said(notice.diagnostic)}.", _AGAIN
    )


def refused_bind(code: int, diagnostic: str, settings: DirectorySettings, server: str) -> DirectoryError:
    """Return the error for a bind that did not succeed."""
    message = f"{server} refused {authentication.described(settings)}: {name_of(code)}{_said(diagnostic)}"
    if code in {_BUSY, _UNAVAILABLE}:
        return DirectoryUnavailable(f"{message}.", _AGAIN)
    method = settings.authentication
    if code in {48, 50, 53} and method is Authentication.SIMPLE and settings.bind_dn is None:
        return BindRefused(f"{message}.", "The server takes no anonymous bind: set the bind DN and its password.")
    reason = diagnostic.partition("data ")[2].partition(",")[0].strip().lower()
    if code == 49 and reason in _WINDOWS_REASONS:
        remedy = "Correct the account, or its password in the settings."
        return BindRefused(f"{message}: {_WINDOWS_REASONS[reason]}.", remedy)
    if code == 49 and reason == _NO_CHANNEL_BINDING:
        return BindRefused(f"{message}: the server wants the bind tied to the TLS connection.", _CHANNEL_BINDING_REMEDY)
    if code == 8 and method is Authentication.KERBEROS:
        return BindRefused(f"{message}.", _NO_LAYER_REMEDY)
    if code in _METHOD_CODES and method in METHOD_REMEDIES:
        return BindRefused(f"{message}.", METHOD_REMEDIES[method])
    return BindRefused(f"{message}.", _BIND_REMEDIES.get(code, "Look into the server's log for the reason."))


def _said(diagnostic: str) -> str:
    text = " ".join(diagnostic.replace("\0", " ").split())
    if len(text) > _LONGEST_DIAGNOSTIC:
        text = text[:_LONGEST_DIAGNOSTIC] + "…"
    return f" ({text.rstrip('.')})" if text else ""
