"""A smoke run on a real Active Directory domain controller (Samba) and a SCIM service that we did not write."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from ldap2scim.sandbox.ldif import LdifEntry, write_ldif
from tests.integration.conftest import Scim2Servers
from tests.integration.pairs import Pair, paired
from tests.servers.available import require
from tests.servers.samba import BASE_DN, Samba, running_samba

pytestmark = pytest.mark.samba

WORLD = f"OU=World,{BASE_DN}"
OFFICE = f"OU=Office,{BASE_DN}"
IN_CHAIN = f"(memberOf:1.2.840.113556.1.4.1941:=CN=outer,{OFFICE})"
"""Members of members too (MS-ADTS §3.1.1.3.4.4.3)."""
FILTER = f"(&{IN_CHAIN}(!(userAccountControl:1.2.840.113556.1.4.803:=2)))"
PEOPLE = 30
ENABLED, DISABLED = "544", "546"
"""userAccountControl: a normal account that needs no password, and the same one disabled (MS-ADTS §2.2.16)."""


def _world() -> Iterator[LdifEntry]:
    yield WORLD, {"objectClass": ["organizationalUnit"], "ou": ["World"]}
    for number in range(PEOPLE):
        login = f"person{number}"
        yield (
            _dn(number),
            {
                "objectClass": ["user"],
                "sAMAccountName": [login],
                "userPrincipalName": [f"{login}@lab.test"],
                "userAccountControl": [ENABLED],
                "sn": ["山田"],
                "givenName": [f"太郎{number}"],
                "displayName": [f"山田 太郎{number}"],
                "mail": [f"{login}@lab.test"],
            },
        )
    for name, members in (("everybody", range(PEOPLE)), ("team", range(5))):
        group = {"objectClass": ["group"], "sAMAccountName": [name], "member": [_dn(number) for number in members]}
        yield f"CN={name},{WORLD}", group


def _dn(number: int) -> str:
    return f"CN=山田 太郎{number},{WORLD}"


def _office() -> Iterator[LdifEntry]:
    """Yield three people: one in the group, one in a group inside of it alone, and one in neither."""
    yield OFFICE, {"objectClass": ["organizationalUnit"], "ou": ["Office"]}
    for login, title in (("anna", "Boss"), ("nina", "Clerk"), ("gast", "Visitor")):
        yield (
            f"CN={login},{OFFICE}",
            {
                "objectClass": ["user"],
                "sAMAccountName": [login],
                "userPrincipalName": [f"{login}@lab.test"],
                "userAccountControl": [ENABLED],
                "sn": [login],
                "title": [title],
            },
        )
    for name, members in (("inner", ["nina"]), ("outer", ["anna", "inner"])):
        group = {"sAMAccountName": [name], "member": [f"CN={member},{OFFICE}" for member in members]}
        yield f"CN={name},{OFFICE}", {"objectClass": ["group"], **group}


@pytest.fixture(scope="module")
def samba(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Samba]:
    """One domain with both worlds."""
    require("samba")
    ldif = "".join(write_ldif(chain(_world(), _office())))
    with running_samba(tmp_path_factory.mktemp("samba"), ldif) as running:
        yield running


def _connection(samba: Samba, base: str) -> dict[str, Any]:
    return {
        "kind": "active-directory",
        "addresses": [samba.host],
        "port": samba.tls_port,
        "encryption": "ldaps",
        "ca_file": str(samba.ca_file),
        "bind_dn": samba.reader_dn,
        "bind_password": samba.reader_password,
        "base_dn": base,
    }


@pytest.fixture
def pair(samba: Samba, scim2_servers: Scim2Servers, tmp_path: Path) -> Iterator[Pair]:
    """Samba over LDAPS, and scim2-server."""
    service = scim2_servers.get("standard")
    with paired(tmp_path / "installed", samba, service, WORLD, _connection(samba, WORLD)) as found:
        yield found


@pytest.fixture
def office(samba: Samba, scim2_servers: Scim2Servers, tmp_path: Path) -> Iterator[Pair]:
    """The same of the office: its members in whatever depth are in scope, and groups are made flat."""
    connection = _connection(samba, OFFICE) | {"users": {"filter": FILTER}, "groups": {"nesting": "flatten"}}
    with paired(tmp_path / "installed", samba, scim2_servers.get("standard"), OFFICE, connection) as found:
        yield found


def assert_same(pair: Pair) -> None:
    """Both sides hold the same people, with the same keys and activity, and the same members."""
    people = {entry.dn: entry for entry in pair.administrator.find("(objectClass=user)")}
    users, groups = pair.console.users(), pair.console.groups()
    there = {name: (user["externalId"], user["active"]) for name, user in users.items()}
    assert there == {
        entry.text("userPrincipalName"): (
            str(UUID(bytes_le=entry.attributes["objectguid"][0])),
            entry.text("userAccountControl") == ENABLED,
        )
        for entry in people.values()
    }
    logins = {user["id"]: name for name, user in users.items()}
    for group in pair.administrator.find("(objectClass=group)"):
        members = {logins[member["value"]] for member in groups[str(group.text("cn"))].get("members", ())}
        assert members == {people[dn].text("userPrincipalName") for dn in group.texts("member")}


def test_a_domain_is_brought_in_step_and_kept_so(pair: Pair) -> None:
    """First load over LDAPS, then somebody is disabled and the members of a group change, then StartTLS and nothing."""
    assert pair.program("plan").code == 2
    assert pair.program("sync", "--apply").code == 0
    assert pair.program("drift").code == 0
    assert_same(pair)

    pair.administrator.replace(_dn(3), userAccountControl=[DISABLED])
    pair.administrator.take(f"CN=team,{WORLD}", "member", _dn(0))
    pair.administrator.insert(f"CN=team,{WORLD}", "member", _dn(20))
    pair.service.clear_requests()
    assert pair.program("sync", "--apply").code == 0
    assert 2 <= pair.writes() <= 3
    assert_same(pair)
    assert pair.program("drift").code == 0

    pair.program.directory.update(port=389, encryption="start_tls")
    pair.program.write()
    assert pair.program("sync", "--apply").code == 0
    assert pair.writes() == 0


def test_explain_answers_from_a_domain(office: Pair) -> None:
    """The controller answers clause by clause, its own matching rules included; nothing is written to the service."""

    def explained(who: str) -> str:
        said = office.program("explain", who)
        assert said.code == 0, said.text
        return " ".join(said.out.split())

    assert office.program("sync", "--apply").code == 0
    office.service.clear_requests()

    inside = explained("anna@lab.test")
    assert inside.startswith(f"CN=anna,{OFFICE} In scope and in step with the service.")
    assert f"holds {IN_CHAIN}" in inside
    assert "active true from userAccountControl and accountExpires" in inside
    assert "member anna → outer" in inside
    outside = explained(f"cn=Gast, {OFFICE}")
    assert "Not synchronised: the user filter does not select it." in outside
    assert f"What does not hold: {IN_CHAIN} Directory" in outside
    assert "none that our state knows" in outside
    nested = explained("nina@lab.test")
    assert "In scope and in step with the service." in nested
    assert "member nina → inner member nina → inner → outer" in nested
    assert "entered the group outer" in nested
    assert office.writes() == 0
