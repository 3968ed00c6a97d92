"""The native form, `ldap2scim.yml`."""

from datetime import timedelta
from pathlib import Path

import pytest

from ldap2scim.directory.settings import (
    Authentication,
    DirectoryKind,
    DirectorySettings,
    Encryption,
    MemberReference,
    Nesting,
)
from ldap2scim.model import GuidForm
from ldap2scim.planning.policy import (
    Canary,
    DimensionLimit,
    Dimensions,
    ErrorRate,
    KindLimits,
    Limit,
    Privileged,
    RemovalLimit,
    SafetyPolicy,
)
from ldap2scim.scim.settings import Leavers, ProxySettings, ServiceSettings
from ldap2scim.secret import Secret
from ldap2scim.settings import LogLevel, Schedule
from ldap2scim.state.location import StateFile
from tests.settings.texts import NATIVE, Loader, with_directory


def test_the_least_file_gets_careful_defaults(native: Loader, tmp_path: Path) -> None:
    """What is not written has the defaults of the types, verified TLS and a state file beside the settings."""
    settings = native()
    (directory,) = settings.directories
    assert directory.settings == DirectorySettings(
        name="main",
        kind=DirectoryKind.OPENLDAP,
        addresses=("ldap.example.com",),
        port=389,
        encryption=Encryption.UNWRITTEN,
        verify_certificate=True,
        ca_file=None,
        bind_dn=None,
        bind_password=None,
        base_dn="dc=example,dc=com",
        user_filter="",
        group_filter="",
        user_object_class="inetOrgPerson",
        group_object_class="groupOfNames",
        member_attribute="member",
        member_reference=MemberReference.DN,
        source_anchor="entryUUID",
    )
    assert settings.service == ServiceSettings(
        "generic", "https://scim.example.com/v2", None, Leavers.DEACTIVATE, "", ""
    )
    assert settings.safety == SafetyPolicy()
    assert settings.state == StateFile(tmp_path / "state" / "ldap2scim.db")
    assert settings.schedule == Schedule()
    assert settings.log_level is LogLevel.INFO
    assert settings.notes == ()


def test_every_key_reaches_its_setting(native: Loader, tmp_path: Path) -> None:
    """Each key of directory, service, safety, state, schedule and log is read to its place."""
    text = r"""
directories:
  main:
    kind: generic
    addresses: [a.example.com, '[2001:db8::1]:3890', 'b.example.com:1389']
    port: 1636
    encryption: ldaps
    verify_certificate: false
    ca_file: ca.pem
    bind_dn: cn=sync
    bind_password: ${LDAP_PASSWORD}
    base_dn: dc=example
    client_certificate: client.pem
    client_key: client.key
    users: {filter: (uid=*), object_class: account}
    groups: {filter: cn=*, object_class: posixGroup, nesting: flatten}
    source_anchor: nsUniqueId
    guid_form: base64
    full_read_every: 36h
    lockout_duration: 15m
    mapping: {user: {active: pwdAccountLockedTime}}
    page_size: 500
    timeouts: {connect: 2.5, answer: 60}
service:
  profile: generic
  base_url: https://scim.example.com/v2/
  token: ${SCIM_TOKEN}
  leavers: delete
  filter: {user: userName pr, group: displayName sw "x"}
  proxy: {url: 'http://proxy:8080', user: me, password: "${LDAP_PASSWORD}"}
  ca_file: /etc/ca.pem
  verify_certificate: false
  timeout: 5
  concurrency: 3
  retry_budget: 7
safety:
  users: {least: 1, percent: 2.5%, most: 3}
  groups: {least: 4, percent: 5, most: 6}
  short_read_percent: 80
  update_percent: 20
  update_minimum: 5
  member_loss_percent: 10
  member_loss_minimum: 2
  attribute_percent: 40
  attribute_minimum: 3
  protected: [admin, 'cn=boss,dc=example']
  attributes: {title: 20, department: 30 %, emails: 40}
  limits:
    create: {percent: 250, minimum: 7, most: 8}
    rename: {percent: 1}
    delete: {most: 0}
    leave: {percent: 9, minimum: 11}
  by:
    directory: {population: 1, minimum: 2, remove: 3, rename: 4, update: 5, restore: 6, create: 700}
    department: {attribute: costCenter, remove: 10}
    group: {remove: 11}
  privileged: {groups: [admins, 'cn=root,dc=example'], entering: 1, leaving: 0}
  canary: {above: 9, first: 3, pilot: pilots, error_percent: 10}
  errors: {percent: 5, window: 50}
state: {path: /var/lib/x.db}
schedule: {cron: '0 */2 * * *', timezone: Asia/Tokyo}
log: {level: debug}
"""
    for name in ("ca.pem", "client.pem", "client.key"):
        (tmp_path / name).touch(0o600)
    settings = native(text)
    assert settings.directories[0].settings == DirectorySettings(
        name="main",
        kind=DirectoryKind.GENERIC,
        addresses=("a.example.com", "[2001:db8::1]:3890", "b.example.com:1389"),
        port=1636,
        encryption=Encryption.LDAPS,
        verify_certificate=False,
        ca_file=tmp_path / "ca.pem",
        bind_dn="cn=sync",
        bind_password=Secret("open sesame"),
        base_dn="dc=example",
        user_filter="(uid=*)",
        group_filter="cn=*",
        user_object_class="account",
        group_object_class="posixGroup",
        member_attribute="memberUid",
        member_reference=MemberReference.UID,
        source_anchor="nsUniqueId",
        page_size=500,
        connect_timeout=2.5,
        answer_timeout=60,
        authentication=Authentication.SIMPLE,
        client_certificate=tmp_path / "client.pem",
        client_key=tmp_path / "client.key",
        nesting=Nesting.FLATTEN,
        guid_form=GuidForm.BASE64,
        full_read_every=timedelta(hours=36),
        lockout_duration=timedelta(minutes=15),
    )
    assert settings.service == ServiceSettings(
        profile="generic",
        base_url="https://scim.example.com/v2",
        token=Secret("t0ken"),
        leavers=Leavers.DELETE,
        user_filter="userName pr",
        group_filter='displayName sw "x"',
        proxy=ProxySettings("http://proxy:8080", "me", Secret("open sesame")),
        ca_file=Path("/etc/ca.pem"),
        verify_certificate=False,
        timeout=5,
        concurrency=3,
        retry_budget=7,
    )
    assert settings.safety == SafetyPolicy(
        RemovalLimit(1, 2.5, 3),
        RemovalLimit(4, 5, 6),
        80,
        20,
        5,
        10,
        2,
        40,
        3,
        ("admin", "cn=boss,dc=example"),
        {"title": 20, "enterprise.department": 30, "emails": 40},
        KindLimits(
            create=Limit(250, 7, 8),
            rename=Limit(1, 10, None),
            delete=Limit(None, 10, 0),
            leave=Limit(9, 11, None),
        ),
        Dimensions(
            directory=DimensionLimit(1, 2, 3, 4, 5, 6, 700),
            department=DimensionLimit(remove=10),
            group=DimensionLimit(remove=11, rename=None),
            department_attribute="enterprise.cost_center",
        ),
        Privileged(("admins", "cn=root,dc=example"), 1, 0),
        Canary(9, 3, "pilots", 10),
        ErrorRate(5, 50),
    )
    assert settings.state == StateFile(Path("/var/lib/x.db"))
    assert settings.schedule == Schedule("0 */2 * * *", "Asia/Tokyo")
    assert settings.log_level is LogLevel.DEBUG


def test_defaults_fit_the_kind_of_directory(native: Loader) -> None:
    """Active Directory is read by objectGUID, its classes, and both attributes that disable an account."""
    (directory,) = native(NATIVE.replace("openldap", "active-directory")).directories
    found = directory.settings
    assert (found.source_anchor, found.user_object_class, found.group_object_class) == ("objectGUID", "user", "group")
    assert directory.mappings.user.single["external_id"].sources == ("objectGUID",)
    assert directory.mappings.user.single["active"].sources == ("userAccountControl", "accountExpires")


@pytest.mark.parametrize(
    ("written", "expected", "shown"),
    [
        ("0", timedelta(), "0"),
        ("0h", timedelta(), "0"),
        ("90s", timedelta(seconds=90), "90s"),
        ("30m", timedelta(minutes=30), "30m"),
        ("24h", timedelta(days=1), "1d"),
        ("1 D", timedelta(days=1), "1d"),
        ("36h", timedelta(hours=36), "36h"),
        ("'${HOURS}h'", timedelta(hours=2), "2h"),
    ],
)
def test_a_duration_has_a_unit(native: Loader, written: str, expected: timedelta, shown: str) -> None:
    """Seconds, minutes, hours or days; it is shown in the largest that it is a multiple of."""
    settings = native(with_directory(f"full_read_every: {written}"), {"HOURS": "2"})
    assert settings.directories[0].settings.full_read_every == expected
    (row,) = (row for row in settings.rows if row.path == "directories.main.full_read_every")
    assert row.shown == shown


def test_the_form_of_guids_comes_from_the_profile(native: Loader) -> None:
    """The IIJ ID Service hands them on to Microsoft 365, which wants base64; what is written counts more."""
    iij = NATIVE.replace("base_url: https://scim.example.com/v2", "profile: iij-id")
    written = iij.replace("    base_dn", "    guid_form: hyphenated\n    base_dn")
    forms = [native(text).directories[0].settings.guid_form for text in (NATIVE, iij, written)]
    assert forms == [GuidForm.HYPHENATED, GuidForm.BASE64, GuidForm.HYPHENATED]
    (row,) = (row for row in native(iij).rows if row.path == "directories.main.guid_form")
    assert (row.shown, row.origin) == ("base64", "profile iij-id")


@pytest.mark.parametrize(
    "written",
    [
        "memberOf=cn=Sato\\5c, T,dc=example",
        "(&(memberOf=*)(memberOf=*x)(cn=no dn)(memberOf>=a))",
        "memberOf:1.2.840.113556.1.4.1941:=CN=idaas,OU=G,DC=corp",
    ],
)
def test_names_in_a_filter(native: Loader, written: str) -> None:
    """What is no comparison of a name, or compares it with a DN, stays as it is written."""
    found = native(with_directory(f"users: {{filter: '{written}'}}")).directories[0].settings
    assert found.user_filter == written


def test_ldaps_has_its_own_port(native: Loader) -> None:
    """`encryption: ldaps` without a port means 636."""
    assert native(with_directory("encryption: ldaps")).directories[0].settings.port == 636


def test_the_profile_fills_what_is_not_written(native: Loader) -> None:
    """The IIJ ID Service has a known address, and leavers are deleted there (pending deletion)."""
    text = NATIVE.replace("base_url: https://scim.example.com/v2", "profile: iij-id")
    service = native(text).service
    assert (service.base_url, service.leavers) == ("https://scim.auth.iij.jp/scim/v2", Leavers.DELETE)


def test_several_directories_stand_side_by_side(native: Loader) -> None:
    """Each directory has its own kind, and its own mapping over the shared one."""
    text = NATIVE.replace(
        "service:",
        "  corp:\n    kind: active-directory\n    addresses: dc1\n    base_dn: dc=corp\n"
        "    mapping: {user: {title: position}}\n"
        "mapping: {user: {title: job, nickName: nick}}\nservice:",
    )
    first, second = native(text).directories
    assert [first.settings.name, second.settings.name] == ["main", "corp"]
    assert first.mappings.user.single["title"].sources == ("job",)
    assert second.mappings.user.single["title"].sources == ("position",)
    assert second.mappings.user.single["nick_name"].sources == ("nick",)
