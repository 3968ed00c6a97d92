"""Reads the native form, `ldap2scim.yml`. No I/O but for files that hold a secret."""

from dataclasses import dataclass
from typing import Final

from ldap2scim.directory.settings import DirectoryKind, DirectorySettings, Encryption, MemberReference, Nesting
from ldap2scim.mapping.spec import Mappings
from ldap2scim.model import GuidForm, ResourceType
from ldap2scim.scim import profiles
from ldap2scim.scim.profiles import Profile
from ldap2scim.scim.profiles.generic import GENERIC
from ldap2scim.scim.settings import ProxySettings, ServiceSettings
from ldap2scim.settings.common import (
    ANSWER_TIMEOUT,
    CONNECT_TIMEOUT,
    FULL_READ_EVERY,
    LONGEST_LOCK,
    LONGEST_WITHOUT_FULL_READ,
    PAGE_SIZE,
    history,
    note_idle_lockout,
    read_schedule,
    source_anchor,
)
from ldap2scim.settings.composed import HISTORY, ConfiguredDirectory, LogLevel
from ldap2scim.settings.default_mappings import default_mappings
from ldap2scim.settings.dn_checks import dn
from ldap2scim.settings.drift import read_drift
from ldap2scim.settings.filter_checks import ldap_filter, scim_filter
from ldap2scim.settings.login import Naming, check_native, read_login
from ldap2scim.settings.mail import read_mail
from ldap2scim.settings.native_mapping import read_overlay
from ldap2scim.settings.own_rules import read_own_rules
from ldap2scim.settings.parts import Parts, finished_mapping
from ldap2scim.settings.phone_numbers import phone_country, with_phones
from ldap2scim.settings.reading import Section, Unfit
from ldap2scim.settings.rules import Overlay
from ldap2scim.settings.safety import read_safety
from ldap2scim.settings.secret_values import password, token
from ldap2scim.settings.service_parts import compose, read_transport, way_out
from ldap2scim.settings.state_place import read_state
from ldap2scim.settings.values import (
    addresses,
    boolean,
    duration,
    filled,
    ldap_attribute,
    named,
    number,
    one_of,
    readable,
    url,
    whole,
)

ROOTS: Final = (
    "directories",
    "service",
    "mapping",
    "safety",
    "state",
    "schedule",
    "log",
    "mail",
    "history",
    "rules",
    "drift",
)

WRITTEN_ENCRYPTION: Final = (Encryption.NONE, Encryption.START_TLS, Encryption.LDAPS)
ANCHORS: Final = {
    DirectoryKind.ACTIVE_DIRECTORY: "objectGUID",
    DirectoryKind.OPENLDAP: "entryUUID",
    DirectoryKind.GENERIC: "entryUUID",
}
_USER_CLASSES: Final = {DirectoryKind.ACTIVE_DIRECTORY: "user"}
_GROUP_CLASSES: Final = {DirectoryKind.ACTIVE_DIRECTORY: "group"}
_MEMBER_ATTRIBUTES: Final = {"groupofuniquenames": "uniqueMember", "posixgroup": "memberUid"}

_name = named("directory name", r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", "lower-case letters, digits and hyphens")


def read_native(root: Section) -> Parts:
    """Return everything that the file says; problems are in `root.reading`."""
    mapping = root.section("mapping")
    shared = (
        read_overlay(mapping.section("user"), ResourceType.USER),
        read_overlay(mapping.section("group"), ResourceType.GROUP),
    )
    country = mapping.take("phone_country", phone_country, "")
    mapping.finish()
    service = _service(root.section("service"))
    log = root.section("log")
    parts = Parts(
        directories=_directories(root.section("directories"), shared, profiles.by_name(service.profile), country),
        service=service,
        safety=read_safety(root.section("safety")),
        state=read_state(root),
        schedule=read_schedule(root.section("schedule")),
        log_level=log.take("level", one_of(LogLevel), LogLevel.INFO),
        mail=read_mail(root.section("mail")),
        history=root.take("history", history, HISTORY),
        rules=read_own_rules(root),
        drift=read_drift(root.section("drift")),
    )
    log.finish()
    root.finish()
    return parts


def _directories(
    section: Section, shared: tuple[Overlay, Overlay], profile: Profile, country: str
) -> tuple[ConfiguredDirectory, ...]:
    names = [entry.name for entry in section.node.entries] if section.node else []
    if not names:
        place = section.place
        section.reading.problem(place, section.path, "must name at least one directory, such as `main:`.")
    found: list[ConfiguredDirectory] = []
    for name in names:
        try:
            _name(name)
        except Unfit as error:
            section.problem(name, str(error))
        found.append(_directory(section.section(name), name, shared, profile, country))
    return tuple(found)


def _directory(
    section: Section, name: str, shared: tuple[Overlay, Overlay], profile: Profile, country: str
) -> ConfiguredDirectory:
    settings = _directory_settings(section, name, profile)
    mappings, own_country = _mappings(section, settings, shared, country)
    mappings = with_phones(mappings, profile, own_country)
    note_idle_lockout(section, settings, mappings)
    section.finish()
    return ConfiguredDirectory(settings, mappings)


def _directory_settings(section: Section, name: str, profile: Profile) -> DirectorySettings:
    kind = section.require("kind", one_of(DirectoryKind), DirectoryKind.GENERIC, f": one of {', '.join(DirectoryKind)}")
    encryption = section.take("encryption", one_of(WRITTEN_ENCRYPTION), Encryption.UNWRITTEN)
    users, timeouts = section.section("users"), section.section("timeouts")
    groups = _groups(section.section("groups"), kind)
    naming = Naming(section, "bind_dn", "bind_password")
    login = read_login(section, naming, kind, encryption)
    check_native(naming, login.authentication)
    settings = DirectorySettings(
        name=name,
        kind=kind,
        addresses=section.require("addresses", addresses, ("directory.invalid",)),
        port=section.take("port", whole(1, 65535), 636 if encryption is Encryption.LDAPS else 389),
        encryption=encryption,
        verify_certificate=section.take("verify_certificate", boolean, default=True),
        ca_file=section.take("ca_file", readable, None),
        bind_dn=login.bind_dn,
        bind_password=login.bind_password,
        base_dn=section.require("base_dn", dn, ""),
        user_filter=users.take("filter", ldap_filter, ""),
        group_filter=groups.filter,
        user_object_class=users.take("object_class", ldap_attribute, _USER_CLASSES.get(kind, "inetOrgPerson")),
        group_object_class=groups.object_class,
        member_attribute=groups.member_attribute,
        member_reference=groups.member_reference,
        source_anchor=section.take("source_anchor", source_anchor, ANCHORS[kind]),
        page_size=section.take("page_size", whole(1, 100_000), PAGE_SIZE),
        connect_timeout=timeouts.take("connect", number(0.1, 600), CONNECT_TIMEOUT),
        answer_timeout=timeouts.take("answer", number(1, 36000), ANSWER_TIMEOUT),
        authentication=login.authentication,
        client_certificate=login.client_certificate,
        client_key=login.client_key,
        nesting=groups.nesting,
        guid_form=section.take("guid_form", one_of(GuidForm), profile.guid_form, f"profile {profile.name}"),
        full_read_every=section.take("full_read_every", duration(LONGEST_WITHOUT_FULL_READ), FULL_READ_EVERY),
        lockout_duration=section.take("lockout_duration", duration(LONGEST_LOCK), None),
    )
    for part in (users, timeouts):
        part.finish()
    return settings


@dataclass(frozen=True, slots=True)
class _Groups:
    """What the file says of the groups of one directory."""

    filter: str
    object_class: str
    member_attribute: str
    member_reference: MemberReference
    nesting: Nesting


def _groups(section: Section, kind: DirectoryKind) -> _Groups:
    object_class = section.take("object_class", ldap_attribute, _GROUP_CLASSES.get(kind, "groupOfNames"))
    usual = _MEMBER_ATTRIBUTES.get(object_class.lower(), "member")
    member_attribute = section.take("member_attribute", ldap_attribute, usual)
    by = MemberReference.UID if member_attribute.lower() == "memberuid" else MemberReference.DN
    groups = _Groups(
        section.take("filter", ldap_filter, ""),
        object_class,
        member_attribute,
        section.take("member_reference", one_of(MemberReference), by),
        section.take("nesting", one_of(Nesting), Nesting.IGNORE),
    )
    section.finish()
    return groups


def _mappings(
    section: Section, settings: DirectorySettings, shared: tuple[Overlay, Overlay], country: str
) -> tuple[Mappings, str]:
    """Return the mappings of one directory, and the country of its telephone numbers."""
    usual = default_mappings(settings.kind, settings.source_anchor)
    own = section.section("mapping")
    layers = [
        (usual.user, shared[0], read_overlay(own.section("user"), ResourceType.USER)),
        (usual.group, shared[1], read_overlay(own.section("group"), ResourceType.GROUP)),
    ]
    own_country = own.take("phone_country", phone_country, country)
    own.finish()
    user, group = (
        finished_mapping(section, base, (root, mine), part, f"{section.path}.mapping.{part.value.lower()}")
        for (base, root, mine), part in zip(layers, ResourceType, strict=True)
    )
    return Mappings(user, group), own_country


def _service(section: Section) -> ServiceSettings:
    transport = read_transport(section, GENERIC)
    filters, proxy = section.section("filter"), section.section("proxy")
    service = compose(
        transport,
        section.take("token", token, None),
        (filters.take("user", scim_filter, ""), filters.take("group", scim_filter, "")),
        _proxy(proxy, transport.base_url),
    )
    filters.finish()
    section.finish()
    return service


def _proxy(section: Section, base_url: str) -> ProxySettings | None:
    if section.node is None:
        return None
    proxy = ProxySettings(
        section.require("url", url, "http://proxy.invalid"),
        section.take("user", filled, None),
        section.take("password", password, None),
    )
    used = way_out(proxy, base_url, section, "except")
    section.finish()
    return used
