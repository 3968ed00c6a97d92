"""What is needed to reach a SCIM service. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from ldap2scim.scim.assumptions import NOTHING_SAID, Assumptions
from ldap2scim.secret import Secret


class Leavers(StrEnum):
    """What is done at the service with a person who has left the directory or its scope."""

    DELETE = "delete"
    """DELETE; at the IIJ ID Service this means pending deletion."""
    DEACTIVATE = "deactivate"
    """`active` becomes false; the resource stays."""


class ReadBack(StrEnum):
    """Which writes are read back, since services do answer with success and change nothing."""

    NONE = "none"
    SAMPLE = "sample"
    """The first three of each kind of write, and every hundredth."""
    ALL = "all"


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
    """None: the service is reached directly."""
    ca_file: Path | None = None
    verify_certificate: bool = True
    timeout: float = 60.0
    """Seconds for one answer."""
    concurrency: int = 8
    """Requests under way at once."""
    retry_budget: float = 120.0
    """Seconds that one request may spend on waiting and trying again."""
    quota_share: float | None = None
    """Part of the service's rate limits that may be used, above 0 and at most 1; None: as the profile says."""
    token_expires: datetime | None = None
    """When the token ends, as the settings say; one that says so itself is believed."""
    client_certificate: Path | None = None
    """PEM file of a certificate that we show to the service (mutual TLS)."""
    client_key: Path | None = None
    """PEM file of its key; None: the key is in the file of the certificate."""
    assume: Assumptions = NOTHING_SAID
    """What is known of the service beyond its profile."""
    read_back: ReadBack = ReadBack.SAMPLE
