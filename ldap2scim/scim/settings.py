"""What is needed to reach a SCIM service. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ldap2scim.secret import Secret


class Leavers(StrEnum):
    """What is done at the service with a person who has left the directory or its scope."""

    DELETE = "delete"
    """DELETE; at the IIJ ID Service this means pending deletion."""
    DEACTIVATE = "deactivate"
    """`active` becomes false; the resource stays."""


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """An HTTP proxy on the way to the service."""

    url: str
    """`http://host:port`, without credentials."""
    user: str | None
    password: Secret | None


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """The service that is kept in step."""

    profile: str
    """Name of a profile in `ldap2scim.scim.profiles`: `generic`, `iij-id`."""
    base_url: str
    token: Secret | None
    """Bearer token (RFC 6750)."""
    leavers: Leavers
    user_filter: str
    """SCIM filter (RFC 7644 §3.4.2.2) that limits which users this instance sees; empty: all."""
    group_filter: str
    proxy: ProxySettings | None = None
    ca_file: Path | None = None
    verify_certificate: bool = True
    timeout: float = 60.0
    """Seconds for one answer."""
    concurrency: int = 8
    """Requests under way at once."""
    retry_budget: float = 120.0
    """Seconds that one request may spend on waiting and trying again."""
