"""How people who were created are written to. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ldap2scim.secret import Secret


class MailEncryption(StrEnum):
    """How the connection to the mail server is protected."""

    START_TLS = "start_tls"
    """RFC 3207; refused where the server has none."""
    TLS = "tls"
    """From the first byte (RFC 8314)."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class MailSettings:
    """How people who were created are written to."""

    server: str
    port: int
    encryption: MailEncryption
    user: str | None
    password: Secret | None
    sender: str
    """Address in `From`; a name may stand before it."""
    subject: str
    template: str
    """The text, with `$login` and the like."""
    ca_file: Path | None
    timeout: float
    """Seconds for one answer of the server."""
