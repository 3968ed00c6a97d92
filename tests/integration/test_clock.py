"""Accounts that expire, and locks that end, by the clock alone: nothing changes in the directory."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import ldap3
import pytest

from ldap2scim.run.context import Mode
from ldap2scim.run.pipeline import synchronise
from ldap2scim.run.report import Report
from ldap2scim.sandbox.directory import ACTIVE_DIRECTORY, OPENLDAP, embedded_directory
from ldap2scim.sandbox.ldif import LdifEntry, write_ldif
from ldap2scim.sandbox.service import EmbeddedService, embedded_service
from ldap2scim.settings import Settings, load
from tests.contract.directories import Addressed
from tests.servers.fixtures import StartSlapd
from tests.servers.scim import scim_client
from tests.servers.slapd import SlapdOptions

NOW = datetime(2026, 4, 1, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
SUFFIX = "dc=corp,dc=example"
STAY = {f"stays{number}" for number in range(6)}


def _filetime(instant: datetime) -> str:
    return str((instant - datetime(1601, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 10)


def _domain() -> list[LdifEntry]:
    """Return a domain with people who are enabled, disabled, expired, and about to expire."""
    people = {
        "stays": ("512", "9223372036854775807"),
        "disabled": ("514", "0"),
        "expired": ("512", _filetime(NOW - HOUR)),
        "expires": ("512", _filetime(NOW + HOUR)),
        "both": ("514", _filetime(NOW + HOUR)),
    }
    return [
        (SUFFIX, {"objectClass": ["domain"], "dc": ["corp"]}),
        *(
            (
                f"CN={name},{SUFFIX}",
                {
                    "objectClass": ["user"],
                    "objectCategory": [f"CN=Person,CN=Schema,CN=Configuration,{SUFFIX}"],
                    "cn": [name],
                    "sAMAccountName": [name],
                    "userPrincipalName": [name],
                    "userAccountControl": [control],
                    "accountExpires": [expires],
                },
            )
            for name, (control, expires) in people.items()
        ),
    ]


def _policy() -> list[LdifEntry]:
    """Return people of a directory with a password policy: one locked just now, one by an administrator."""
    just_now = f"{NOW - timedelta(minutes=5):%Y%m%d%H%M%SZ}"
    locked = {"mistyped": [just_now], "barred": ["000001010000Z"]}
    people: dict[str, list[str]] = {**{name: [] for name in sorted(STAY)}, **locked}
    return [
        (SUFFIX, {"objectClass": ["domain"], "dc": ["corp"]}),
        *(
            (
                f"uid={name},{SUFFIX}",
                {
                    "objectClass": ["inetOrgPerson"],
                    "uid": [name],
                    "cn": [name],
                    "sn": [name],
                    **({"pwdAccountLockedTime": since} if since else {}),
                },
            )
            for name, since in people.items()
        ),
    ]


def _settings(folder: Path, directory: Addressed, service: EmbeddedService, kind: str, more: str) -> Settings:
    file = folder / "ldap2scim.yml"
    file.write_text(
        f"directories:\n  main:\n    kind: {kind}\n    addresses: ['{directory.host}:{directory.port}']\n"
        f"    encryption: none\n    bind_dn: '{directory.reader_dn}'\n"
        f"    bind_password: '{directory.reader_password}'\n    base_dn: '{SUFFIX}'\n{more}"
        f"service:\n  base_url: {service.base_url}\n  token: {service.token}\n",
        encoding="utf-8",
    )
    return load(file, {})


def _enabled(service: EmbeddedService) -> set[str]:
    """Return the logins of the users that are active at the service."""
    http = scim_client(service)
    try:
        users = http.get("/Users").raise_for_status().json()["Resources"]
    finally:
        http.close()
    return {user["userName"] for user in users if user["active"]}


def _sync(settings: Settings, now: datetime) -> Report:
    report = synchronise(settings, Mode.APPLY, now=now)
    assert not report.plan or not report.plan.held
    return report


@pytest.fixture
def service() -> Iterator[EmbeddedService]:
    """An empty service."""
    with embedded_service() as running:
        yield running


def test_an_account_of_active_directory_expires(tmp_path: Path, service: EmbeddedService) -> None:
    """Both attributes must say enabled; at its instant the account is disabled, and before it nothing is sent."""
    with embedded_directory("".join(write_ldif(_domain())), ACTIVE_DIRECTORY) as directory:
        settings = _settings(tmp_path, directory, service, "active-directory", "")
        _sync(settings, NOW)
        assert _enabled(service) == {"stays", "expires"}
        service.clear_requests()
        _sync(settings, NOW + HOUR - timedelta(seconds=1))
        assert service.writes() == ()
        _sync(settings, NOW + HOUR)
        assert _enabled(service) == {"stays"}
        assert len(service.writes()) == 1


def test_a_clock_that_was_ahead_disables_nobody_for_good(tmp_path: Path, service: EmbeddedService) -> None:
    """Once the clock is right again, who had not expired is enabled, though nothing has changed in the directory."""
    with embedded_directory("".join(write_ldif(_domain())), ACTIVE_DIRECTORY) as directory:
        settings = _settings(tmp_path, directory, service, "active-directory", "")
        _sync(settings, NOW)
        _sync(settings, NOW + 9 * HOUR)
        assert _enabled(service) == {"stays"}
        _sync(settings, NOW + timedelta(minutes=10))
        assert _enabled(service) == {"stays", "expires"}


def test_a_lock_of_the_password_policy_ends(tmp_path: Path, service: EmbeddedService) -> None:
    """Who is locked is disabled until the lock ends; by default a lock disables nobody."""
    mapped = "    lockout_duration: 15m\n    mapping: {user: {active: pwdAccountLockedTime}}\n"
    with embedded_directory("".join(write_ldif(_policy())), OPENLDAP) as directory:
        settings = _settings(tmp_path, directory, service, "openldap", "")
        _sync(settings, NOW)
        assert _enabled(service) == STAY | {"mistyped", "barred"}
        settings = _settings(tmp_path, directory, service, "openldap", mapped)
        _sync(settings, NOW)
        assert _enabled(service) == STAY
        service.clear_requests()
        _sync(settings, NOW + timedelta(minutes=9))
        assert service.writes() == ()
        _sync(settings, NOW + timedelta(minutes=10))
        assert _enabled(service) == STAY | {"mistyped"}
        assert len(service.writes()) == 1


@pytest.mark.slapd
def test_a_real_lock_is_seen_by_the_next_run(tmp_path: Path, service: EmbeddedService, start_slapd: StartSlapd) -> None:
    """After wrong passwords OpenLDAP locks the account, which is a change that a read of changes meets."""
    policy = {
        "objectClass": ["organizationalRole", "pwdPolicy"],
        "cn": ["policy"],
        "pwdAttribute": ["userPassword"],
        "pwdLockout": ["TRUE"],
        "pwdMaxFailure": ["2"],
        "pwdLockoutDuration": ["900"],
    }
    people = [
        (f"uid={name},{SUFFIX}", {"objectClass": ["inetOrgPerson"], "uid": [name], "cn": [name], "sn": [name]})
        for name in sorted(STAY | {"mistyped"})
    ]
    secret = {"userPassword": ["right"]}
    world: list[LdifEntry] = [
        (SUFFIX, {"objectClass": ["domain"], "dc": ["corp"]}),
        (f"cn=policy,{SUFFIX}", policy),
        *((dn, {**attributes, **secret}) for dn, attributes in people),
    ]
    lines = (f'ppolicy_default "cn=policy,{SUFFIX}"',)
    slapd = start_slapd(
        "".join(write_ldif(world)), SlapdOptions(SUFFIX, overlays=("syncprov", "ppolicy"), database_lines=lines)
    )
    settings = _settings(
        tmp_path,
        slapd,
        service,
        "openldap",
        "    lockout_duration: 15m\n    mapping: {user: {active: pwdAccountLockedTime}}\n",
    )
    now = datetime.now(UTC)
    _sync(settings, now)
    assert _enabled(service) == STAY | {"mistyped"}
    for _ in range(2):
        with_wrong = ldap3.Connection(ldap3.Server(slapd.host, slapd.port), f"uid=mistyped,{SUFFIX}", "wrong")
        assert not with_wrong.bind()
        with_wrong.unbind()
    _sync(settings, now + timedelta(minutes=1))
    assert _enabled(service) == STAY
    _sync(settings, now + timedelta(minutes=17))
    assert _enabled(service) == STAY | {"mistyped"}
