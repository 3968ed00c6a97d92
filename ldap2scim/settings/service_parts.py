"""Reads the service: both forms write its profile and transport alike, the rest in their own places. No I/O."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ldap2scim.scim.profiles import Profile
from ldap2scim.scim.profiles.iij_id import IIJ_ID
from ldap2scim.scim.settings import Leavers, ProxySettings, ServiceSettings
from ldap2scim.secret import Secret
from ldap2scim.settings.common import profile
from ldap2scim.settings.reading import Section
from ldap2scim.settings.values import boolean, is_loopback, number, one_of, path, url, whole


@dataclass(frozen=True, slots=True)
class Transport:
    """What `service` says in either form."""

    profile: Profile
    base_url: str
    leavers: Leavers
    ca_file: Path | None
    verify_certificate: bool
    timeout: float
    concurrency: int
    retry_budget: float


def read_transport(section: Section, usual: Profile) -> Transport:
    """Return profile, address and habits of the service; what the profile knows need not be written."""
    named = _profile(section, usual)
    origin = f"profile {named.name}"
    if named.base_url is None:
        base_url = section.require("base_url", url, "https://scim.invalid", ", such as https://scim.example.com/v2")
    else:
        base_url = section.take("base_url", url, named.base_url, origin)
    _note_clear_http(section, base_url)
    return Transport(
        profile=named,
        base_url=base_url,
        leavers=section.take("leavers", one_of(Leavers), named.leavers, origin),
        ca_file=section.take("ca_file", path, None),
        verify_certificate=section.take("verify_certificate", boolean, default=True),
        timeout=section.take("timeout", number(1, 3600), 60.0),
        concurrency=section.take("concurrency", whole(1, 256), 8),
        retry_budget=section.take("retry_budget", number(0, 86400), 120.0),
    )


def compose(
    transport: Transport, token: Secret | None, filters: tuple[str, str], proxy: ProxySettings | None
) -> ServiceSettings:
    """Put the service's settings together; `filters` are those of users and of groups."""
    return ServiceSettings(
        profile=transport.profile.name,
        base_url=transport.base_url,
        token=token,
        leavers=transport.leavers,
        user_filter=filters[0],
        group_filter=filters[1],
        proxy=proxy,
        ca_file=transport.ca_file,
        verify_certificate=transport.verify_certificate,
        timeout=transport.timeout,
        concurrency=transport.concurrency,
        retry_budget=transport.retry_budget,
    )


def _profile(section: Section, usual: Profile) -> Profile:
    written = section.get("profile")
    # Where the written one cannot be used, IIJ_ID stands in: it lacks nothing that would be a second problem.
    found = section.read("profile", profile, IIJ_ID if written else usual)
    origin = f"{written.place.file}:{written.place.line}" if written else "default"
    section.show("profile", found.name, origin)
    return found


def _note_clear_http(section: Section, base_url: str) -> None:
    parts = urlsplit(base_url)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        section.note("base_url", "is not https: the token and everybody's data go in clear.")
