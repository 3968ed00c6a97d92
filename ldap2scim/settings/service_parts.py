"""Reads the service: both forms write its profile and transport alike, the rest in their own places. No I/O."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from ldap2scim.scim.assumptions import Assumptions
from ldap2scim.scim.profiles import Profile, corrected
from ldap2scim.scim.profiles.iij_id import IIJ_ID
from ldap2scim.scim.settings import Leavers, ProxySettings, ReadBack, ServiceSettings
from ldap2scim.secret import Secret
from ldap2scim.settings.assumed import check_leavers, read_assumptions
from ldap2scim.settings.common import profile
from ldap2scim.settings.no_proxy import exceptions, goes_direct
from ldap2scim.settings.reading import Field, Section, Unfit
from ldap2scim.settings.values import boolean, filled, is_loopback, number, one_of, path, readable, texts, url, whole


@dataclass(frozen=True, slots=True)
class Transport:
    """What `service` says in either form."""

    profile: Profile
    """Named by the settings, and corrected by them."""
    assume: Assumptions
    base_url: str
    leavers: Leavers
    ca_file: Path | None
    verify_certificate: bool
    timeout: float
    concurrency: int
    retry_budget: float
    quota_percent: float | None
    read_back: ReadBack
    token_expires: datetime | None
    client_certificate: Path | None
    client_key: Path | None


def read_transport(section: Section, usual: Profile) -> Transport:
    """Return profile, address and habits of the service; what the profile knows need not be written."""
    assume = read_assumptions(section.section("assume"))
    named = corrected(_profile(section, usual), assume)
    origin = f"profile {named.name}"
    if named.base_url is None:
        base_url = section.require("base_url", url, "https://scim.invalid", ", such as https://scim.example.com/v2")
    else:
        base_url = section.take("base_url", url, named.base_url, origin)
    _note_clear_http(section, base_url)
    certificate = section.take("client_certificate", readable, None)
    leavers = section.take("leavers", one_of(Leavers), named.leavers, origin)
    check_leavers(section, leavers, named)
    return Transport(
        profile=named,
        assume=assume,
        base_url=base_url,
        leavers=leavers,
        ca_file=section.take("ca_file", path, None),
        verify_certificate=section.take("verify_certificate", boolean, default=True),
        timeout=section.take("timeout", number(1, 3600), 60.0),
        concurrency=section.take("concurrency", whole(1, 256), 8),
        retry_budget=section.take("retry_budget", number(0, 86400), 120.0),
        quota_percent=section.take("quota_percent", number(1, 100), None),
        read_back=section.take("read_back", one_of(ReadBack), ReadBack.SAMPLE),
        token_expires=section.take("token_expires", last_moment, None),
        client_certificate=certificate,
        client_key=_client_key(section, certificate),
    )


def compose(
    transport: Transport, token: Secret | None, filters: tuple[str, str], proxy: ProxySettings | None
) -> ServiceSettings:
    """Put the service's settings together; `filters` are those of users and of groups."""
    return ServiceSettings(
        profile=transport.profile.name,
        assume=transport.assume,
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
        quota_share=None if transport.quota_percent is None else transport.quota_percent / 100,
        read_back=transport.read_back,
        token_expires=transport.token_expires,
        client_certificate=transport.client_certificate,
        client_key=transport.client_key,
    )


def last_moment(field: Field) -> datetime:
    """Return the moment at which something ends: a time with its zone, or the end of a day in UTC."""
    written = filled(field)
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise Unfit("must be a date such as `2027-03-31`, or a time such as `2027-03-31T09:00+09:00`.") from None
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    if "T" in written.upper() or ":" in written:
        raise Unfit("has a time without its zone; write `+09:00` or `Z` behind it.")
    return moment.replace(tzinfo=UTC) + timedelta(days=1)


def way_out(proxy: ProxySettings | None, base_url: str, section: Section, name: str) -> ProxySettings | None:
    """Return the proxy, or None where the service is among the hosts that are reached without it.

    `name` is the key of `section` with those hosts; where it is not written, the environment's `NO_PROXY` counts.
    """
    hosts = section.take(name, texts, None)
    named = f"`{section.path_of(name)}`" if hosts is not None else "NO_PROXY of the environment"
    found = goes_direct(base_url, exceptions(section.reading.environ) if hosts is None else hosts)
    if proxy is None or found is None:
        return proxy
    section.note(name, f"keeps the proxy out of the way to {base_url}: {named} has `{found}`.")
    return None


def _client_key(section: Section, certificate: Path | None) -> Path | None:
    key = section.take("client_key", readable, None)
    if key is not None and certificate is None:
        section.problem("client_key", "is written without `client_certificate`, which it belongs to.")
    private = key or certificate
    if private is not None:
        section.reading.clear_files.add(str(private))
    return key


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
