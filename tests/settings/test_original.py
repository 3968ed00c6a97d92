"""The original's form: `config.yml` with `secret.yml` beside it (DESIGN P7)."""

from datetime import timedelta
from pathlib import Path

import pytest

from ldap2scim.directory.settings import DirectoryKind, Encryption, MemberReference, Nesting
from ldap2scim.mapping.spec import ValueRule
from ldap2scim.model import GuidForm
from ldap2scim.planning.policy import SafetyPolicy
from ldap2scim.scim.settings import Leavers, ProxySettings
from ldap2scim.secret import Secret
from ldap2scim.settings import LogLevel
from ldap2scim.settings.original_directory import edition
from ldap2scim.state.location import StateFile
from tests.settings.texts import CONFIG, SECRET, Loader, server, user_mapping


def test_the_least_pair_of_files(original: Loader, tmp_path: Path) -> None:
    """One directory called `ad`, the IIJ ID Service, and nothing mapped but what is written."""
    settings = original()
    (directory,) = settings.directories
    assert (directory.settings.name, directory.settings.kind) == ("ad", DirectoryKind.ACTIVE_DIRECTORY)
    assert directory.settings.bind_password == Secret("open sesame")
    assert directory.settings.answer_timeout == 3600
    assert (directory.settings.user_object_class, directory.settings.group_object_class) == ("user", "group")
    assert directory.mappings.user.single == {
        "external_id": ValueRule(("objectGUID",)),
        "user_name": ValueRule(("userPrincipalName",)),
        "active": ValueRule(default=True),
    }
    assert ("iid.scim.attribute.user.active", "always true", "default") in [
        (row.path, row.shown, row.origin) for row in settings.rows
    ]
    assert settings.service.profile == "iij-id"
    assert settings.service.base_url == "https://scim.auth.iij.jp/scim/v2"
    assert settings.service.token == Secret("t0ken")
    assert settings.service.leavers is Leavers.DELETE
    assert settings.state == StateFile(tmp_path / "state" / "ldap2scim.db")
    assert settings.notes == ()


def test_unwritten_protection_is_the_safe_one(original: Loader) -> None:
    """An unwritten `encryption` is not `none`, an unwritten `verify_mode` means verified; both are noted."""
    settings = original(server("      encryption: start_tls\n      verify_mode: true\n", ""))
    found = settings.directories[0].settings
    assert (found.encryption, found.verify_certificate) == (Encryption.UNWRITTEN, True)
    assert ["encryption: none" in note for note in settings.notes] == [True, False]
    plain = original(server("      encryption: start_tls\n      verify_mode: true\n", "      encryption: none\n"))
    assert plain.notes == (), "there is no certificate to verify"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("encryption: start_tls", Encryption.START_TLS),
        ("encryption: start_tls\n      port: 389", Encryption.START_TLS),
        ("encryption: start_tls\n      port: 636", Encryption.LDAPS),
        ("encryption: start_tls\n      port: 3269", Encryption.LDAPS),
        ("encryption: none\n      port: 636", Encryption.NONE),
        ("encryption: none", Encryption.NONE),
    ],
)
def test_start_tls_on_a_tls_port_means_ldaps(original: Loader, lines: str, expected: Encryption) -> None:
    """The original has no word for LDAPS; its users write `start_tls` and the port."""
    assert original(server("encryption: start_tls", lines)).directories[0].settings.encryption is expected


@pytest.mark.parametrize(
    ("lines", "port"), [("encryption: ldaps", 636), ("encryption: ldaps\n      port: 389", 389), ("timeout: 9", 389)]
)
def test_our_word_for_ldaps_brings_its_port(original: Loader, lines: str, port: int) -> None:
    """As in the native form: TLS from the first octet is nowhere spoken on 389, where none is written."""
    assert original(server("encryption: start_tls", lines)).directories[0].settings.port == port


def test_addresses_with_their_own_port_are_judged_later(original: Loader) -> None:
    """Where one address has another port, StartTLS stays written and each connection decides."""
    config = server("dc1.corp.example", "dc1.corp.example:389").replace("start_tls", "start_tls\n      port: 636")
    assert original(config).directories[0].settings.encryption is Encryption.START_TLS


def test_verify_mode_is_read(original: Loader) -> None:
    """`verify_mode: false` is taken where it is written out."""
    assert (
        original(server("verify_mode: true", "verify_mode: false")).directories[0].settings.verify_certificate is False
    )


def test_the_openldap_edition_is_recognised(original: Loader) -> None:
    """Classes and member attribute of `search` make it OpenLDAP, anchored by entryUUID."""
    config = server(
        "    base_dn:",
        "    search:\n      user:\n        object_class: posixAccount\n"
        "      group:\n        object_class: posixGroup\n        member_attribute: memberUid\n"
        "        member_user_attribute: uid\n    base_dn:",
    ).replace("objectGUID", "entryUUID")
    found = original(config).directories[0].settings
    assert (found.kind, found.source_anchor) == (DirectoryKind.OPENLDAP, "entryUUID")
    assert (found.user_object_class, found.group_object_class) == ("posixAccount", "posixGroup")
    assert (found.member_attribute, found.member_reference) == ("memberUid", MemberReference.UID)


@pytest.mark.parametrize(
    ("classes", "member", "sources", "kind"),
    [
        ({"User", "Group"}, "member", {"objectGUID"}, DirectoryKind.ACTIVE_DIRECTORY),
        ({"user", "group"}, "member", {"mail"}, DirectoryKind.ACTIVE_DIRECTORY),
        ({"user", "group"}, "member", {"mail", "msDS-PhoneticLastName"}, DirectoryKind.ACTIVE_DIRECTORY),
        ({"user", "group"}, "member", {"uid", "mail"}, DirectoryKind.OPENLDAP),
        ({"inetOrgPerson", "group"}, "member", {"objectGUID"}, DirectoryKind.OPENLDAP),
        ({"user", "group"}, "uniqueMember", set(), DirectoryKind.OPENLDAP),
    ],
)
def test_the_rule_of_the_editions(classes: set[str], member: str, sources: set[str], kind: DirectoryKind) -> None:
    """A class that Active Directory does not have decides; else the attributes that are read."""
    assert edition(frozenset(classes), member, frozenset(sources)) is kind


@pytest.mark.parametrize("key", ["member_user_attr", "member_user_attribute", "member_user_attribute_name"])
def test_the_half_known_key_is_taken_by_its_beginning(original: Loader, key: str) -> None:
    """Of `member_user_attr…` the manual shows the beginning only."""
    config = server("    base_dn:", f"    search:\n      group:\n        {key}: dn\n    base_dn:")
    assert original(config).directories[0].settings.member_reference is MemberReference.DN


def test_name_active_is_understood(original: Loader) -> None:
    """An FAQ of the original prints `name.active`; it means `active`."""
    mapping = user_mapping(original, "  name:\n    familyName: sn\n    active:\n      - userAccountControl")
    assert mapping.single["active"].sources == ("userAccountControl",)
    assert mapping.single["name.family_name"].sources == ("sn",)


def test_the_proxy(original: Loader) -> None:
    """It is used where `use` is true, and its password comes from `secret.yml`."""
    keys = ("use: {}", "address: proxy.example.jp", "port: 8080", "user: me")
    proxy = "    http:\n      proxy:\n" + "".join(f"        {key}\n" for key in keys)
    secret = SECRET + "    http:\n      proxy:\n        password: let me in\n"
    used = original(CONFIG + proxy.format("true"), secret).service.proxy
    assert used == ProxySettings("http://proxy.example.jp:8080", "me", Secret("let me in"))
    assert original(CONFIG + proxy.format("false"), secret).service.proxy is None
    empty = "    http:\n      proxy:\n        use: false\n        address: ''\n        port: ''\n        user: ''\n"
    unused = original(CONFIG + empty, SECRET + "    http:\n      proxy:\n        password: ''\n")
    assert unused.service.proxy is None


def test_the_other_keys(original: Loader) -> None:
    """Log level, filters, timeout and the keys without effect here are all read."""
    config = (
        server("    base_dn", "    filter:\n      user: 'CN=IIJ Taro'\n      group: '!(cn=*)'\n    base_dn")
        .replace("      user: 'CN=sync", "      timeout: 10800\n      user: 'CN=sync")
        .replace("    base_dn", "    cache_disabled: true\n    base_dn")
    )
    settings = original(
        config + "    filter:\n      group: 'displayName eq \"\"'\n      user: 'userName pr'\n"
        "log:\n  loglevel: warn\n  logger: syslog\n"
    )
    found = settings.directories[0].settings
    assert (found.user_filter, found.group_filter, found.answer_timeout) == ("CN=IIJ Taro", "!(cn=*)", 10800)
    assert (settings.service.user_filter, settings.service.group_filter) == ("userName pr", 'displayName eq ""')
    assert settings.log_level is LogLevel.WARN


@pytest.mark.parametrize(
    ("ldap", "scim", "synchronises"),
    [
        ("!(cn=*)", 'displayName eq ""', False),
        ("(!(cn=*))", 'displayName  eq ""', False),
        ("!(cn=*)", 'displayName eq "x"', True),
        ("cn=*", 'displayName eq ""', True),
    ],
)
def test_only_the_pair_of_filters_means_no_groups(
    original: Loader, ldap: str, scim: str, *, synchronises: bool
) -> None:
    """The manual's two filters together say that groups are not synchronised; one alone does not."""
    config = server("    base_dn", f"    filter:\n      group: '{ldap}'\n    base_dn")
    assert original(f"{config}    filter:\n      group: '{scim}'\n").synchronises_groups is synchronises


def test_our_block(original: Loader, tmp_path: Path) -> None:
    """What the original has no key for stands below `ldap2scim`."""
    (tmp_path / "ca.pem").touch()
    settings = original(
        CONFIG + "ldap2scim:\n  service:\n    profile: generic\n    base_url: https://scim.example.com\n"
        "    leavers: delete\n  state: my.db\n  safety:\n    update_percent: 12\n"
        "  directory:\n    ca_file: ca.pem\n    kind: generic\n    page_size: 10\n"
        "    nesting: flatten\n    guid_form: base64\n    full_read_every: 12h\n    lockout_duration: 15m\n"
    )
    assert (settings.service.profile, settings.service.leavers) == ("generic", Leavers.DELETE)
    assert settings.state == StateFile(tmp_path / "my.db")
    assert settings.safety == SafetyPolicy(update_percent=12)
    found = settings.directories[0].settings
    assert (found.ca_file, found.kind, found.page_size) == (tmp_path / "ca.pem", DirectoryKind.GENERIC, 10)
    assert (found.nesting, found.guid_form) == (Nesting.FLATTEN, GuidForm.BASE64)
    assert (found.full_read_every, found.lockout_duration) == (timedelta(hours=12), timedelta(minutes=15))


def test_guids_are_for_microsoft_unless_written_otherwise(original: Loader) -> None:
    """The service of the original hands them on as immutable IDs; another profile has them hyphenated."""
    other = "ldap2scim:\n  service:\n    profile: generic\n    base_url: https://scim.example.com\n"
    written = "ldap2scim:\n  directory:\n    guid_form: hyphenated\n"
    forms = [original(CONFIG + added).directories[0].settings.guid_form for added in ("", other, written)]
    assert forms == [GuidForm.BASE64, GuidForm.HYPHENATED, GuidForm.HYPHENATED]
