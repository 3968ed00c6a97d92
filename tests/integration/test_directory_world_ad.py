"""What happens to people and groups of a real domain (Samba), and what the service has of it after the next run.

Each test has a unit, a service and an installation of its own in one domain.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from ldap2scim.directory.client import connect
from ldap2scim.directory.reader import Search
from ldap2scim.directory.settings import DirectorySettings
from ldap2scim.model import ResourceType
from ldap2scim.run.context import Mode
from ldap2scim.run.pipeline import synchronise
from ldap2scim.sandbox.ldif import LdifEntry, write_ldif
from ldap2scim.sandbox.service import embedded_service
from ldap2scim.settings import load
from tests.contract.directory_world import ALL_BYTES, AWKWARD, dn_of
from tests.integration.ldap import Administrator
from tests.integration.pairs import Pair, paired
from tests.servers.available import require
from tests.servers.ldap_proxy import ldap_proxy
from tests.servers.samba import BASE_DN, Samba, running_samba

pytestmark = pytest.mark.samba

CROWD = f"OU=Crowd,{BASE_DN}"
CROWD_SIZE = 5000
ENABLED, DISABLED = "544", "546"
"""userAccountControl: a normal account that needs no password, and the same one disabled (MS-ADTS §2.2.16)."""
UNITS, LOGINS = count(1), count(1)
_FILETIME_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


def _crowd() -> Iterator[LdifEntry]:
    """Yield a group of 5,000; contacts, since an account of each would double the time to fill the domain."""
    yield CROWD, {"objectClass": ["organizationalUnit"], "ou": ["Crowd"]}
    names = [f"CN=contact {number:04d},{CROWD}" for number in range(CROWD_SIZE)]
    for dn in names:
        yield dn, {"objectClass": ["contact"]}
    yield f"CN=giant,{CROWD}", {"objectClass": ["group"], "sAMAccountName": ["giant"], "member": list(names)}


@pytest.fixture(scope="module")
def domain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Samba]:
    """The domain controller; filling it takes a minute, once for each machine (`cache`)."""
    require("samba")
    with running_samba(tmp_path_factory.mktemp("samba"), "".join(write_ldif(_crowd()))) as running:
        yield running


@pytest.fixture
def pair(domain: Samba, tmp_path: Path) -> Iterator[Pair]:
    """A unit of the domain and an empty service."""
    unit = f"OU=World {next(UNITS)},{BASE_DN}"
    connection = {
        "kind": "active-directory",
        "addresses": [domain.host],
        "port": domain.port,
        "encryption": "none",
        "bind_dn": domain.reader_dn,
        "bind_password": domain.reader_password,
        "base_dn": unit,
    }
    with ExitStack() as running:
        administrator = running.enter_context(Administrator.of(domain, unit))
        administrator.add(unit, ["organizationalUnit"])
        service = running.enter_context(embedded_service())
        yield running.enter_context(paired(tmp_path / "installed", domain, service, unit, connection))


def hire(pair: Pair, name: str, unit: str = "", **attributes: Any) -> str:
    """Add an account with a login of its own, and return its DN."""
    login = f"login{next(LOGINS)}"
    dn = dn_of(name, unit or pair.base)
    usual = {
        "sAMAccountName": login,
        "userPrincipalName": f"{login}@lab.test",
        "userAccountControl": ENABLED,
        "sn": "x",
        "displayName": name,
    }
    pair.administrator.add(dn, ["user"], **(usual | attributes))
    return dn


def group(pair: Pair, name: str, *members: str) -> str:
    """Add a group, and return its DN."""
    dn = dn_of(name, pair.base)
    login = f"group{next(LOGINS)}"
    listed = {"member": list(members)} if members else {}
    pair.administrator.add(dn, ["group"], sAMAccountName=login, **listed)
    return dn


def names_there(pair: Pair) -> dict[str, str]:
    """Return the service's ids by display name."""
    return {str(user["displayName"]): str(user["id"]) for user in pair.console.users().values()}


def members_there(pair: Pair, name: str) -> set[str]:
    """Return the display names of a group's members at the service."""
    names = {identifier: name for name, identifier in names_there(pair).items()}
    return {names[member["value"]] for member in pair.console.groups()[name].get("members", ())}


def active_there(pair: Pair) -> set[str]:
    """Return the display names of those who are active at the service."""
    return {str(user["displayName"]) for user in pair.console.users().values() if user["active"]}


def sync(pair: Pair, code: int = 0) -> str:
    """Synchronise, and return what was said."""
    said = pair.program("sync", "--apply")
    assert said.code == code, said.text
    return said.text


def directory_settings(pair: Pair) -> DirectorySettings:
    """Return the settings of the directory as the program reads them."""
    return load(pair.program.settings, os.environ).directories[0].settings


@pytest.mark.parametrize("asked", ["member", "member;range=0-1499"])
def test_a_group_of_five_thousand(pair: Pair, asked: str) -> None:
    """It is read whole; asked for in ranges of 1,500, as Active Directory sends them unasked, the ranges are joined."""
    search = Search(ResourceType.GROUP, CROWD, "(cn=giant)", ("cn", asked))
    with connect(directory_settings(pair)) as session:
        groups = [entry for page in session.read(search) for entry in page]
    assert len(groups) == 1
    assert len(set(groups[0].attributes["member"])) == CROWD_SIZE


def test_renamed_and_moved(pair: Pair) -> None:
    """A renamed user and a unit that was moved keep their accounts and their groups."""
    inner, outer = f"OU=Inner,{pair.base}", f"OU=Outer,{pair.base}"
    for unit in (inner, outer):
        pair.administrator.add(unit, ["organizationalUnit"])
    ida, moved = hire(pair, "Ida"), [hire(pair, name, inner) for name in ("Taro", "花子")]
    group(pair, "choir", ida, *moved)
    sync(pair)
    before = names_there(pair)
    pair.writes()

    pair.administrator.rename(ida, "CN=Ida Jürgens\\, née Müller")
    pair.administrator.rename(inner, "OU=Inner", outer)
    sync(pair)
    assert pair.writes() == 0
    assert names_there(pair) == before
    assert members_there(pair, "choir") == {"Ida", "Taro", "花子"}
    assert active_there(pair) == {"Ida", "Taro", "花子"}


def test_a_unit_is_moved_between_the_searches(pair: Pair, domain: Samba) -> None:
    """Somebody moves a unit after the user search: nobody leaves a group, and the next run is in step."""
    inner, outer = f"OU=Inner,{pair.base}", f"OU=Outer,{pair.base}"
    for unit in (inner, outer):
        pair.administrator.add(unit, ["organizationalUnit"])
    group(pair, "choir", hire(pair, "Ida"), *(hire(pair, name, inner) for name in ("Taro", "花子")))
    sync(pair)
    pair.writes()
    with ldap_proxy(domain.port, domain.host) as proxy:
        pair.program.directory.update(addresses=[proxy.host], port=proxy.port)
        pair.program.write()
        proxy.once_ended(b"person", lambda: _discard(pair.administrator.rename(inner, "OU=Inner", outer)))
        said = pair.program("sync", "--apply")
        assert proxy.failed == []
        assert pair.administrator.find("(displayName=Taro)", f"OU=Inner,{outer}")
        assert pair.writes() == 0, said.text
        sync(pair)
        assert pair.writes() == 0
    assert members_there(pair, "choir") == {"Ida", "Taro", "花子"}


def test_deleted_and_created_again(pair: Pair) -> None:
    """The same login with another objectGUID is shown to a person; until then nobody loses an account or a group."""
    bystander = hire(pair, "Taro")
    dn = hire(pair, "Ida")
    team = group(pair, "team", bystander, dn)
    sync(pair)
    before = pair.console.users()
    (found,) = pair.administrator.find("(displayName=Ida)")
    values = {name: found.text(name) for name in ("sAMAccountName", "userPrincipalName")}
    pair.administrator.delete(dn)
    pair.administrator.add(dn, ["user"], userAccountControl=ENABLED, sn="x", displayName="Ida", **values)
    pair.administrator.insert(team, "member", dn)
    (again,) = pair.administrator.find("(displayName=Ida)")
    assert again.attributes["objectguid"] != found.attributes["objectguid"]

    said = sync(pair, 3)
    assert str(values["userPrincipalName"]) in said
    assert pair.console.users() == before
    assert members_there(pair, "team") == {"Taro", "Ida"}


def test_disabled_and_expired(pair: Pair) -> None:
    """`userAccountControl` and `accountExpires` both feed `active`; 0 and the greatest number mean never."""
    hire(pair, "enabled")
    hire(pair, "disabled", userAccountControl=DISABLED)
    hire(pair, "expired", accountExpires=_filetime(datetime.now(UTC) - timedelta(days=1)))
    hire(pair, "expires later", accountExpires=_filetime(datetime.now(UTC) + timedelta(days=30)))
    hire(pair, "never", accountExpires="0")
    hire(pair, "never either", accountExpires=str(2**63 - 1))
    sync(pair)
    assert active_there(pair) == {"enabled", "expires later", "never", "never either"}


def test_expires_by_the_clock(pair: Pair) -> None:
    """Somebody expires with no change in the directory, and nobody else is asked for anything."""
    now = datetime.now(UTC)
    hire(pair, "Ida", accountExpires=_filetime(now + timedelta(days=30)))
    others = {"Taro", "Hanako", "Jiro"}  # of whom one leaver is no third (DESIGN §6)
    for name in others:
        hire(pair, name)
    sync(pair)
    pair.writes()
    report = synchronise(load(pair.program.settings, os.environ), Mode.APPLY, now=now + timedelta(days=31))
    assert report.exit_code == 0
    assert pair.writes() == 1
    assert active_there(pair) == others


def test_only_the_primary_group(pair: Pair) -> None:
    """Who belongs to a group by `primaryGroupID` alone is a member of it, though the group does not list them."""
    ida, taro = hire(pair, "Ida"), hire(pair, "Taro")
    staff = group(pair, "staff", ida, taro)
    (found,) = pair.administrator.find("(cn=staff)")
    relative = int.from_bytes(found.attributes["objectsid"][0][-4:], "little")
    pair.administrator.replace(ida, primaryGroupID=[str(relative)])
    (found,) = pair.administrator.find("(cn=staff)")
    assert [member.lower() for member in found.texts("member")] == [taro.lower()]
    sync(pair)
    assert members_there(pair, "staff") == {"Ida", "Taro"}

    pair.administrator.replace(ida, primaryGroupID=["513"])
    pair.administrator.take(staff, "member", ida)
    sync(pair)
    assert members_there(pair, "staff") == {"Taro"}


@pytest.mark.parametrize(
    ("nesting", "inner_has", "outer_has"),
    [("ignore", {"Ida"}, {"Taro"}), ("flatten", {"Ida", "Taro"}, {"Ida", "Taro"})],
)
def test_groups_in_groups(pair: Pair, nesting: str, inner_has: set[str], outer_has: set[str]) -> None:
    """Groups that contain each other in a circle are read; they have what they list, or also what is in the other."""
    pair.program.directory["groups"] = {"nesting": nesting}
    pair.program.write()
    ida, taro = hire(pair, "Ida"), hire(pair, "Taro")
    inner = group(pair, "inner", ida)
    outer = group(pair, "outer", taro, inner)
    pair.administrator.insert(inner, "member", outer)
    sync(pair)
    assert members_there(pair, "inner") == inner_has
    assert members_there(pair, "outer") == outer_has
    pair.writes()
    sync(pair)
    assert pair.writes() == 0


def test_awkward_names(pair: Pair) -> None:
    """Names with commas, plus, quotes, backslashes, umlauts and Japanese arrive as they are, in their groups."""
    group(pair, "all of them", *(hire(pair, name) for name in AWKWARD))
    sync(pair)
    assert members_there(pair, "all of them") == set(names_there(pair))
    assert {name.strip() for name in names_there(pair)} == {name.strip() for name in AWKWARD}
    anchors = {str(UUID(bytes_le=one.attributes["objectguid"][0])) for one in pair.administrator.find("(sn=x)")}
    assert {user["externalId"] for user in pair.console.users().values()} == anchors
    assert pair.program("drift").code == 0


def test_a_binary_value_where_text_is_wanted(pair: Pair) -> None:
    """A mapped value that is no text holds its entry by name; the others are synchronised."""
    ida = hire(pair, "Ida", thumbnailPhoto=ALL_BYTES)
    hire(pair, "Taro")
    pair.program.others["mapping"] = {"user": {"title": {"from": "thumbnailPhoto"}}}
    pair.program.write()
    assert ida.lower() in sync(pair, 3).lower()
    assert names_there(pair).keys() == {"Taro"}


def _filetime(instant: datetime) -> str:
    """Return a time as Windows counts it: in 100 ns since 1601 (MS-DTYP §2.3.3)."""
    return str((instant - _FILETIME_EPOCH) // timedelta(microseconds=1) * 10)


def _discard(_: object) -> None:
    """Take what a hook need not return."""
