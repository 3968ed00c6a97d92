"""Reads the original's form: `config.yml` with `secret.yml` laid over it. No I/O but for files that hold a secret.

The keys are those of the manual of Directory Sync (manual.iij.jp/iid/DirSync-WinAD_en/17896953.html and
manual.iij.jp/iid/DirSync-LinuxLDAP_en/17897222.html). One block of ours, `ldap2scim`, may stand beside them.
"""

from enum import StrEnum
from typing import Final

from ldap2scim.mapping.spec import Mappings
from ldap2scim.model import ResourceType
from ldap2scim.scim import profiles
from ldap2scim.scim.profiles.iij_id import IIJ_ID
from ldap2scim.scim.settings import ProxySettings, ServiceSettings
from ldap2scim.settings.common import history, note_idle_lockout, read_schedule
from ldap2scim.settings.composed import HISTORY, ConfiguredDirectory, LogLevel
from ldap2scim.settings.default_mappings import least_group_mapping, least_user_mapping
from ldap2scim.settings.drift import read_drift
from ldap2scim.settings.filter_checks import scim_filter
from ldap2scim.settings.mail import read_mail
from ldap2scim.settings.nodes import arrays_beside_keys
from ldap2scim.settings.original_directory import read_directory
from ldap2scim.settings.original_mapping import read_original_overlay
from ldap2scim.settings.own_rules import read_own_rules
from ldap2scim.settings.parts import Parts, finished_mapping
from ldap2scim.settings.phone_numbers import phone_country, with_phones
from ldap2scim.settings.reading import Field, Section, Unfit
from ldap2scim.settings.safety import read_safety
from ldap2scim.settings.secret_values import password, token
from ldap2scim.settings.service_parts import compose, read_transport, way_out
from ldap2scim.settings.state_place import read_state
from ldap2scim.settings.values import boolean, filled, one_of, split_address, whole
from ldap2scim.settings.yaml_problems import array_advice

ROOTS: Final = ("ad", "iid", "log", "ldap2scim")
SECRET_FILE: Final = "secret.yml"  # noqa: S105 # a file's name


class Logger(StrEnum):
    """Where the original wrote its messages; ours go to standard error, whatever stands here."""

    EVENTLOG = "eventlog"
    SYSLOG = "syslog"


def read_original(root: Section, secret_hint: str | None) -> Parts:
    """Return everything that the two files say; problems are in `root.reading`.

    `secret_hint` says where secrets are to be written, for messages; None: that file cannot be read, which is said
    already, and so nobody knows whether any is missing.
    """
    _refuse_arrays_beside_keys(root)
    iid, ours = root.section("iid"), root.section("ldap2scim")
    scim = iid.section("scim")
    attribute = scim.section("attribute")
    overlays = [read_original_overlay(attribute.section(kind.value.lower()), kind) for kind in ResourceType]
    sources = frozenset(
        source
        for overlay in overlays
        for rules in (
            [rule for rule in overlay.single.values() if rule],
            [rule for items in overlay.multi.values() for item in items for rule in item.sub_attributes.values()],
        )
        for rule in rules
        for source in rule.sources
    )
    service = _service(scim, ours.section("service"), secret_hint)
    own = ours.section("directory")
    profile = profiles.by_name(service.profile)
    country = own.take("phone_country", phone_country, "")
    directory = read_directory(root.section("ad"), own, sources, profile, secret_hint)
    bases = (least_user_mapping(directory.source_anchor), least_group_mapping(directory.source_anchor))
    user, group = (
        finished_mapping(attribute, base, (overlay,), kind, attribute.path_of(kind.value.lower()))
        for base, overlay, kind in zip(bases, overlays, ResourceType, strict=True)
    )
    mappings = with_phones(Mappings(user, group), profile, country)
    note_idle_lockout(own, directory, mappings)
    parts = Parts(
        directories=(ConfiguredDirectory(directory, mappings),),
        service=service,
        safety=read_safety(ours.section("safety")),
        state=read_state(ours),
        schedule=read_schedule(ours.section("schedule")),
        log_level=_log_level(root.section("log")),
        mail=read_mail(ours.section("mail")),
        history=ours.take("history", history, HISTORY),
        rules=read_own_rules(ours),
        drift=read_drift(ours.section("drift")),
    )
    for section in (attribute, scim, iid, ours, root):
        section.finish()
    return parts


def _refuse_arrays_beside_keys(root: Section) -> None:
    for entry, sequence in arrays_beside_keys(root.node) if root.node else ():
        items = tuple(item.text for item in sequence.items if hasattr(item, "text"))
        shown = () if entry.place.file in root.reading.secret_places else items[:3]
        root.reading.problem(sequence.place, entry.name, f"cannot be read: {array_advice(entry.name, shown)}")


def _log_level(section: Section) -> LogLevel:
    level = section.take("loglevel", one_of(LogLevel), LogLevel.INFO)
    section.take("logger", one_of(Logger), None)
    section.finish()
    return level


def _service(scim: Section, ours: Section, secret_hint: str | None) -> ServiceSettings:
    transport = read_transport(ours, IIJ_ID)
    proxy = way_out(_proxy(scim), transport.base_url, ours, "proxy_except")
    ours.finish()
    filters = scim.section("filter")
    service = compose(
        transport,
        scim.take("token", token, None) if secret_hint is None else scim.require("token", token, None, secret_hint),
        (filters.take("user", scim_filter, ""), filters.take("group", scim_filter, "")),
        proxy,
    )
    filters.finish()
    return service


def _proxy(scim: Section) -> ProxySettings | None:
    http = scim.section("http")
    section = http.section("proxy")
    used = section.take("use", boolean, default=False)
    if not used:
        # What is not used is not judged: it may be an empty text that nobody ever filled in.
        for name in ("address", "port", "user", "password"):
            section.get(name)
        proxy = None
    else:
        port = section.take("port", whole(1, 65535), None)
        user = section.take("user", filled, None)
        if port is None and not section.get("port"):
            section.problem("port", "is missing beside `use: true`; write the proxy's port, such as 8080.")
        address = section.require("address", _proxy_host, "proxy.invalid")
        proxy = ProxySettings(f"http://{address}:{port}", user, section.take("password", password, None))
    section.finish()
    http.finish()
    return proxy


def _proxy_host(field: Field) -> str:
    value = filled(field).removeprefix("http://").rstrip("/")
    host, port = split_address(value)
    if port is not None or not host or any(sign in host for sign in "/@ "):
        raise Unfit("must be a host name or an IP address alone.")
    return f"[{host}]" if ":" in host else host
