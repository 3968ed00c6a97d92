"""What is needed to reach one directory and to ask it the right questions. Pure."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from ldap2scim.model import GuidForm
from ldap2scim.secret import Secret


class DirectoryKind(StrEnum):
    """Which vendor's habits a directory has."""

    ACTIVE_DIRECTORY = "active-directory"
    OPENLDAP = "openldap"
    GENERIC = "generic"
    """Any RFC 4511 server."""


class Encryption(StrEnum):
    """How a connection is protected."""

    NONE = "none"
    """Written out by the administrator: a password goes in clear (DESIGN §6)."""
    START_TLS = "start_tls"
    LDAPS = "ldaps"
    UNWRITTEN = "unwritten"
    """Nothing was written: StartTLS is tried; where the server has none, the run stops before the bind
    (unless the address is loopback)."""


class MemberReference(StrEnum):
    """What the values of a group's member attribute are."""

    DN = "dn"
    UID = "uid"
    """`memberUid` of posixGroup (RFC 2307 §5.1): the user's `uid`."""


class Authentication(StrEnum):
    """How we say who we are (RFC 4513 §5, [MS-ADTS] §5.1.1)."""

    SIMPLE = "simple"
    """Bind DN and password, or anonymous without a bind DN."""
    EXTERNAL = "external"
    """SASL EXTERNAL (RFC 4422 appendix A): by the client certificate of the TLS connection."""
    NTLM = "ntlm"
    """Of Active Directory: `DOMAIN\\user` as bind DN, and its password."""
    KERBEROS = "kerberos"
    """SASL GSSAPI (RFC 4752), with the ticket of the user who runs ldap2scim."""


class Nesting(StrEnum):
    """What a group in a group means."""

    IGNORE = "ignore"
    """Nothing: neither is it a member, nor are its members."""
    FLATTEN = "flatten"
    """Its members are members of the outer group, however deep."""
    KEEP = "keep"
    """It is a member as it is, where the service can hold groups in groups."""


@dataclass(frozen=True, slots=True)
class DirectorySettings:
    """One directory."""

    name: str
    """Part of every key; `[a-z0-9-]+`."""
    kind: DirectoryKind
    addresses: tuple[str, ...]
    """Host names or addresses, tried in order; an address may carry its own `:port`."""
    port: int
    encryption: Encryption
    verify_certificate: bool
    ca_file: Path | None
    """None: the system's authorities."""
    bind_dn: str | None
    """None: anonymous."""
    bind_password: Secret | None
    base_dn: str
    user_filter: str
    """The administrator's filter alone, with or without outer parentheses; empty: everybody of the class."""
    group_filter: str
    user_object_class: str
    group_object_class: str
    member_attribute: str
    member_reference: MemberReference
    source_anchor: str
    """Attribute that names an entry for life: `objectGUID`, `entryUUID`, or one of the administrator's."""
    page_size: int = 1000
    connect_timeout: float = 10.0
    """Seconds."""
    answer_timeout: float = 3600.0
    """Seconds to wait for one answer (`ad.ldap.server.timeout`)."""
    authentication: Authentication = Authentication.SIMPLE
    client_certificate: Path | None = None
    """PEM file of the certificate that we show to the server; with its key in `client_key` or in the same file."""
    client_key: Path | None = None
    nesting: Nesting = Nesting.IGNORE
    guid_form: GuidForm = GuidForm.HYPHENATED
    full_read_every: timedelta = timedelta(days=1)
    """How long only changes are read before everything is read again; zero: everything, every time."""
    lockout_duration: timedelta | None = None
    """How long a lock of the password policy lasts (`pwdLockoutDuration`); None: until it is taken away."""
