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
from tests.settings.texts import NATIVE, Failing, Loader


def with_directory(lines: str) -> str:
    """Return the least file with lines added to its directory."""
    return NATIVE.replace("    base_dn", "".join(f"    {line}\n" for line in lines.splitlines()) + "    base_dn")


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


def test_a_lockout_duration_without_locks_is_noted(native: Loader) -> None:
    """It is looked at where `active` is mapped from the locks alone."""
    (note,) = native(with_directory("lockout_duration: 15m")).notes
    assert "`directories.main.lockout_duration` has no effect: `active` is not mapped from pwdAccountLockedTime" in note
    mapped = "lockout_duration: 15m\nmapping: {user: {active: [pwdaccountlockedtime]}}"
    assert native(with_directory(mapped)).notes == ()


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


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("port: 0", "`directories.main.port` must be a whole number from 1 to 65535"),
        ("port: 1.5", "must be a whole number"),
        ("port: high", "must be a number, not a text"),
        ("verify_certificate: yes", "must be true or false, not a text"),
        ("encryption: unwritten", "`unwritten` is not known here; known are none, start_tls, ldaps"),
        ("users: inetOrgPerson", "`directories.main.users` must be a block of keys, not a text"),
        (
            "users: {filter: '(a=b'}",
            "ldap2scim.yml:6:21: `directories.main.users.filter` is no LDAP filter (RFC 4515): column 5",
        ),
        (
            "users: {filter: '(|(mail=*)(memberOf=idaas,dc=example))'}",
            "compares `memberOf` with `idaas,dc=example`, which is no DN (RFC 4514): column 1 of it: expected",
        ),
        (
            "groups: {filter: '!(memberOf:1.2.840.113556.1.4.1941:=cn=Sato\\2c T,dc=example)'}",
            "compares `memberOf` with `cn=Sato, T,dc=example`, which is no DN",
        ),
        ("users: {filter: 'manager=cn=\\ff,dc=example'}", "compares `manager` with a text that is not UTF-8"),
        ("bind_dn: cn=x", "`directories.main.bind_password` is missing beside `bind_dn`"),
        ("bind_password: ${LDAP_PASSWORD}", "`directories.main.bind_dn` is missing beside `bind_password`"),
        ("source_anchor: not a name", "is no LDAP name"),
        ("source_anchor: [mS-DS-ConsistencyGuid, objectGUID]", "must be one attribute: with a second one to fall back"),
        ("guid_form: guid", "known are hyphenated, base64"),
        ("groups: {nesting: deep}", "`deep` is not known; did you mean `keep`?"),
        ("full_read_every: 24", "must be a duration with its unit, from 0 to 31d"),
        ("full_read_every: 32d", "from 0 to 31d, such as `15m` or `24h`"),
        ("full_read_every: 999999999999d", "from 0 to 31d"),
        ("full_read_every: -1h", "must be a duration: a whole number and `s`, `m`, `h` or `d`"),
        ("lockout_duration: 15 minutes", "must be a duration"),
        ("lockout_duration: [15m]", "must be a text, not a list"),
        ("page_size: 0", "from 1 to 100000"),
        ("port: [1]", "must be a number, not a list"),
        ("source_anchor: {a: b}", "must be a text, not a block of keys"),
        ("source_anchor: true", "must be a text, not true or false"),
    ],
)
def test_what_is_wrong_with_a_directory(native: Loader, problems: Failing, lines: str, message: str) -> None:
    """A wrong type, range, word or half a bind is named with its key."""
    (problem,) = problems(native, with_directory(lines))
    assert message in problem


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ("ldap://dc1", "is a URL; write the host name alone"),
        ("dc1:99999", "has no usable port"),
        ("dc1:ldap", "has no usable port"),
        ("dc 1", "is neither a host name nor an IP address"),
        ("[::1", "is neither a host name nor an IP address"),
    ],
)
def test_addresses_that_nobody_can_reach(native: Loader, problems: Failing, address: str, complaint: str) -> None:
    """An address is a host name or IP address, perhaps with a port."""
    text = NATIVE.replace("[ldap.example.com]", f"[ldap.example.com, '{address}', 'x y']")
    (problem,) = problems(native, text)
    assert complaint in problem
    assert "`x y`" in problem


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("profile: iij", "did you mean `iij-id`?"),
        ("leavers: remove", "known are delete, deactivate"),
        ("filter: {user: 'userName is x'}", "is no SCIM filter (RFC 7644 §3.4.2.2): column 10 of its text"),
        ("proxy: {url: 'http://me:secret@proxy'}", "must not hold a user or password"),
        ("proxy: {user: me}", "`service.proxy.url` is missing"),
        ("token: 'a b'", "must be one line of visible ASCII"),
        ("tokn: x", "did you mean `token`?"),
        ("concurrency: 1000", "from 1 to 256"),
    ],
)
def test_what_is_wrong_with_the_service(native: Loader, problems: Failing, line: str, message: str) -> None:
    """Each wrong key of the service is one problem on its line."""
    (problem,) = problems(native, f"{NATIVE}  {line}\n")
    assert problem.startswith("ldap2scim.yml:9:")
    assert message in problem


@pytest.mark.parametrize("url", ["scim.example.com", "ftp://x/", "https://", "https://x:99999/", "https://x/?a=b"])
def test_a_base_url_must_be_one(native: Loader, problems: Failing, url: str) -> None:
    """A URL that no client could use is refused."""
    (problem,) = problems(native, NATIVE.replace("https://scim.example.com/v2", f"'{url}'"))
    assert "`service.base_url`" in problem


def test_a_clear_base_url_is_noted(native: Loader) -> None:
    """Over http to another machine the token goes in clear; to this machine nothing is said."""
    (note,) = native(NATIVE.replace("https", "http")).notes
    assert "is not https" in note
    assert native(NATIVE.replace("https://scim.example.com", "http://127.0.0.1:8080")).notes == ()


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("safety: {users: {percent: 101}}", "`safety.users.percent` must be a number from 0 to 100"),
        ("safety: {users: {least: 9, most: 8}}", "is 9 and above `most`"),
        ("safety: {protect: [x]}", "did you mean `protected`?"),
        ("safety: {attributes: {titel: 5}}", "`safety.attributes.titel` is not known; did you mean `title`?"),
        ("safety: {attributes: {title: 101}}", "`safety.attributes.title` must be a number from 0 to 100"),
        ("safety: {attributes: 5}", "`safety.attributes` must be a block of attributes and shares"),
        ("safety: {limits: {creates: {most: 5}}}", "did you mean `create`?"),
        ("safety: {limits: {rename: {most: -1}}}", "`safety.limits.rename.most` must be a whole number"),
        ("safety: {by: {unit: {removed: 5}}}", "did you mean `remove`?"),
        ("safety: {by: {group: {rename: 5}}}", "`safety.by.group.rename` "),
        ("safety: {by: {department: {attribute: emails}}}", "`safety.by.department.attribute` `emails` is not known"),
        ("safety: {privileged: {group: [x]}}", "did you mean `groups`?"),
        ("safety: {canary: {first: x}}", "`safety.canary.first` must be a number"),
        ("safety: {errors: {window: 0}}", "`safety.errors.window` must be a whole number from 1"),
        ("schedule: {cron: daily}", "five fields"),
        ("schedule: {timezone: Mars/North}", "is no time zone"),
        ("log: {level: verbose}", "known are error, warn, info, debug"),
        ("safty: {}", "did you mean `safety`?"),
        ("state: {path: [x]}", "must be a text, not a list"),
        ("mapping: [a]", "`mapping` must be a block of keys, not a list"),
    ],
)
def test_what_is_wrong_elsewhere(native: Loader, problems: Failing, block: str, message: str) -> None:
    """Each wrong key of the other blocks is one problem on its line."""
    (problem,) = problems(native, f"{NATIVE}{block}\n")
    assert problem.startswith("ldap2scim.yml:9:")
    assert message in problem


def test_all_problems_come_at_once_in_reading_order(native: Loader, problems: Failing) -> None:
    """An administrator corrects a file once, from the top."""
    text = NATIVE.replace("kind: openldap", "kind: x").replace("base_dn:", "base:") + "log: {levle: info}\n"
    places = [problem.split(" ", 1)[0] for problem in problems(native, text)]
    assert places == ["ldap2scim.yml:3:3:", "ldap2scim.yml:4:11:", "ldap2scim.yml:6:5:", "ldap2scim.yml:9:7:"]


@pytest.mark.parametrize("name", ["Main", "a:b", "a b", "-a", "a_b"])
def test_a_directory_name_is_part_of_keys(native: Loader, problems: Failing, name: str) -> None:
    """Only lower-case letters, digits and hyphens are taken."""
    (problem,) = problems(native, NATIVE.replace("  main:", f"  '{name}':"))
    assert "is no directory name" in problem


def test_a_file_of_neither_form_says_what_is_missing(native: Loader, problems: Failing) -> None:
    """Any other YAML file is told what settings need."""
    found = problems(native, "services:\n  web: {image: nginx}\n")
    assert any("must name at least one directory" in problem for problem in found)
    assert any("did you mean `service`?" in problem for problem in found)
