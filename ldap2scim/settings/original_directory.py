"""Reads `ad` of the original's form: the one directory. No I/O but for files that hold a secret."""

from typing import Final

from ldap2scim.directory.addresses import protection
from ldap2scim.directory.settings import DirectoryKind, DirectorySettings, Encryption, MemberReference, Nesting
from ldap2scim.model import GuidForm
from ldap2scim.scim.profiles import Profile
from ldap2scim.settings.common import (
    ANSWER_TIMEOUT,
    CONNECT_TIMEOUT,
    FULL_READ_EVERY,
    LONGEST_LOCK,
    LONGEST_WITHOUT_FULL_READ,
    PAGE_SIZE,
    source_anchor,
)
from ldap2scim.settings.dn_checks import dn
from ldap2scim.settings.filter_checks import ldap_filter
from ldap2scim.settings.login import Naming, check_original, read_login
from ldap2scim.settings.native import ANCHORS, WRITTEN_ENCRYPTION
from ldap2scim.settings.reading import Field, Section, Unfit
from ldap2scim.settings.values import (
    addresses,
    boolean,
    duration,
    filled,
    ldap_attribute,
    number,
    one_of,
    readable,
    split_address,
    whole,
)

NAME: Final = "ad"
"""The original has one directory, and no name for it."""

_AD_CLASSES: Final = frozenset({"user", "group", "person", "organizationalperson"})
_AD_ATTRIBUTES: Final = frozenset(
    {"objectguid", "useraccountcontrol", "accountexpires", "samaccountname", "userprincipalname", "objectsid"}
)
_AD_PREFIXES: Final = ("ms-ds-", "msds-", "msexch", "extensionattribute")
_LDAP_ATTRIBUTES: Final = frozenset({"entryuuid", "entrydn", "uid", "uidnumber"})


def read_directory(
    ad: Section, ours: Section, sources: frozenset[str], profile: Profile, secret_hint: str | None
) -> DirectorySettings:
    """Return the directory; `ours` is our block about it, `sources` are the LDAP attributes that the mapping reads."""
    ldap = ad.section("ldap")
    server, filters, search = ldap.section("server"), ldap.section("filter"), ldap.section("search")
    users, groups = search.section("user"), search.section("group")
    member_attribute = groups.take("member_attribute", ldap_attribute, "member")
    user_class = users.take("object_class", ldap_attribute, "user")
    group_class = groups.take("object_class", ldap_attribute, "group")
    likely = edition(frozenset({user_class, group_class}), member_attribute, sources)
    kind = ours.take("kind", one_of(DirectoryKind), likely, "told by classes and attributes")
    ldap.take("cache_disabled", boolean, None)
    written = server.take("encryption", one_of(WRITTEN_ENCRYPTION), Encryption.UNWRITTEN)
    port = server.take("port", whole(1, 65535), 636 if written is Encryption.LDAPS else 389)
    encryption = _encryption(server, written, port)
    naming = Naming(server, "user", "password")
    login = check_original(naming, read_login(ours, naming, kind, encryption), secret_hint)
    settings = DirectorySettings(
        name=NAME,
        kind=kind,
        addresses=server.require("addresses", addresses, ("directory.invalid",)),
        port=port,
        encryption=encryption,
        verify_certificate=server.take("verify_mode", boolean, default=True),
        ca_file=ours.take("ca_file", readable, None),
        bind_dn=login.bind_dn,
        bind_password=login.bind_password,
        base_dn=ldap.require("base_dn", dn, ""),
        user_filter=filters.take("user", ldap_filter, ""),
        group_filter=filters.take("group", ldap_filter, ""),
        user_object_class=user_class,
        group_object_class=group_class,
        member_attribute=member_attribute,
        member_reference=_member_reference(groups, member_attribute),
        source_anchor=ours.take("source_anchor", source_anchor, ANCHORS[kind]),
        page_size=ours.take("page_size", whole(1, 100_000), PAGE_SIZE),
        connect_timeout=ours.take("connect_timeout", number(0.1, 600), CONNECT_TIMEOUT),
        answer_timeout=server.take("timeout", number(1, 36000), ANSWER_TIMEOUT),
        authentication=login.authentication,
        client_certificate=login.client_certificate,
        client_key=login.client_key,
        nesting=ours.take("nesting", one_of(Nesting), Nesting.IGNORE),
        guid_form=ours.take("guid_form", one_of(GuidForm), profile.guid_form, f"profile {profile.name}"),
        full_read_every=ours.take("full_read_every", duration(LONGEST_WITHOUT_FULL_READ), FULL_READ_EVERY),
        lockout_duration=ours.take("lockout_duration", duration(LONGEST_LOCK), None),
    )
    _note_safer_defaults(server, written)
    for section in (users, groups, search, filters, server, ldap, ad, ours):
        section.finish()
    return settings


def edition(classes: frozenset[str], member_attribute: str, sources: frozenset[str]) -> DirectoryKind:
    """Say which edition of the original a file was written for. Pure.

    The two share every root. `search.*` exists in the OpenLDAP edition alone, where the defaults (`User`, `Group`,
    `member`) fit no OpenLDAP: so a class or member attribute that Active Directory does not have decides. Else
    the attributes of the mapping do; a file that shows neither is taken for Active Directory's, as the samples
    of that edition have no `search`.
    """
    if not {name.lower() for name in classes} <= _AD_CLASSES or member_attribute.lower() != "member":
        return DirectoryKind.OPENLDAP
    read = {source.lower() for source in sources}
    if read & _AD_ATTRIBUTES or any(name.startswith(_AD_PREFIXES) for name in read):
        return DirectoryKind.ACTIVE_DIRECTORY
    return DirectoryKind.OPENLDAP if read & _LDAP_ATTRIBUTES else DirectoryKind.ACTIVE_DIRECTORY


def _encryption(server: Section, written: Encryption, port: int) -> Encryption:
    """Return the protection: users of LDAPS write `start_tls` in the original, and a port that speaks TLS at once."""
    node = server.get("addresses")
    own_ports = {split_address(getattr(item, "text", ""))[1] for item in getattr(node, "items", ())}
    if written is not Encryption.START_TLS or own_ports - {None, port}:
        return written  # addresses with ports of their own are judged one by one when they are tried
    return protection(written, port)


def _member_reference(groups: Section, member_attribute: str) -> MemberReference:
    """Return what the member values are. Of the key's name the published table shows `member_user_attr…` only."""
    usual = MemberReference.UID if member_attribute.lower() == "memberuid" else MemberReference.DN
    names = [entry.name for entry in groups.node.entries] if groups.node else []
    found = [name for name in names if name.startswith("member_user_attr")]
    name = found[0] if found else "member_user_attribute"
    return groups.take(name, _reference, usual)


def _reference(field: Field) -> MemberReference:
    value = filled(field).lower()
    if value in {"dn", "entrydn", "distinguishedname"}:
        return MemberReference.DN
    if value == "uid":
        return MemberReference.UID
    raise Unfit("must be `dn` or `uid`: members are found by the DN or by the uid of a user.")


def _note_safer_defaults(server: Section, written: Encryption) -> None:
    if server.get("encryption") is None:
        text = "is not written: StartTLS is tried, and where the server has none the run stops before the bind."
        server.note("encryption", text + " Write `encryption: none` for a password in clear.")
    if server.get("verify_mode") is None and written is not Encryption.NONE:
        server.note("verify_mode", "is not written: the server's certificate is verified.")
