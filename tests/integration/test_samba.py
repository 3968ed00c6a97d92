"""A smoke run on a real Active Directory domain controller (Samba) and a SCIM service that we did not write."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from ldap2scim.sandbox.ldif import LdifEntry, write_ldif
from tests.integration.conftest import Scim2Servers
from tests.integration.pairs import Pair, paired
from tests.servers.fixtures import StartSamba
from tests.servers.samba import BASE_DN

pytestmark = pytest.mark.samba

WORLD = f"OU=World,{BASE_DN}"
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


@pytest.fixture
def pair(start_samba: StartSamba, scim2_servers: Scim2Servers, tmp_path: Path) -> Iterator[Pair]:
    """Samba over LDAPS, and scim2-server."""
    samba = start_samba("".join(write_ldif(_world())))
    connection = {
        "kind": "active-directory",
        "addresses": [samba.host],
        "port": samba.tls_port,
        "encryption": "ldaps",
        "ca_file": str(samba.ca_file),
        "bind_dn": samba.reader_dn,
        "bind_password": samba.reader_password,
        "base_dn": WORLD,
    }
    with paired(tmp_path / "installed", samba, scim2_servers.get("standard"), WORLD, connection) as found:
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
