"""Two directories in one run: one that cannot be read leaves its own people alone, and the other goes on."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ldap2scim.sandbox.ldif import LdifEntry, write_ldif
from ldap2scim.sandbox.service import embedded_service
from tests.integration.installation import openldap
from tests.integration.ldap import Administrator
from tests.integration.pairs import Console, Pair, paired
from tests.servers.available import require
from tests.servers.certificates import Certificates
from tests.servers.ldap_proxy import REFERRAL, SIZE_LIMIT, Fault, LdapProxy, Plan, Refusal, ldap_proxy
from tests.servers.slapd import Slapd, SlapdOptions, running_slapd

pytestmark = pytest.mark.slapd

NORTH, SOUTH = "o=north", "o=south"
PEOPLE = 15


def _company(suffix: str) -> Iterator[LdifEntry]:
    name = suffix.removeprefix("o=")
    yield suffix, {"objectClass": ["organization"], "o": [name]}
    people = [f"uid={name}{number},{suffix}" for number in range(PEOPLE)]
    for number, dn in enumerate(people):
        login = f"{name}{number}"
        yield dn, {"objectClass": ["inetOrgPerson"], "uid": [login], "cn": [login], "sn": ["x"], "title": ["clerk"]}
    for group, members in (("everybody", people), ("team", people[:4])):
        yield f"cn={name}-{group},{suffix}", {"objectClass": ["groupOfNames"], "member": list(members)}


class Directories:
    """Both servers, the way to the one that fails, and the installation that reads them."""

    def __init__(self, pair: Pair, north: Slapd, proxy: LdapProxy, south: Administrator) -> None:
        self.pair = pair
        self.north = north
        self.proxy = proxy
        self.south = south

    def of_north(self) -> object:
        """Return all that the service has of the north."""
        return {name: each for name, each in everything(self.pair.console).items() if name.startswith("north")}


def everything(console: Console) -> dict[str, object]:
    """Return the service's users and groups by name, without what a service writes of them itself."""
    found = {**console.users(), **console.groups()}
    return {name: {key: value for key, value in one.items() if key != "meta"} for name, one in found.items()}


@pytest.fixture
def directories(tmp_path: Path, server_certificates: Certificates) -> Iterator[Directories]:
    """Fifteen people and two groups in each, in step with one service."""
    require("slapd")
    with ExitStack() as running:
        north, south = (
            running.enter_context(
                running_slapd(
                    tmp_path / suffix, "".join(write_ldif(_company(suffix))), SlapdOptions(suffix), server_certificates
                )
            )
            for suffix in (NORTH, SOUTH)
        )
        proxy = running.enter_context(ldap_proxy(north.port))
        service = running.enter_context(embedded_service())
        pair = running.enter_context(paired(tmp_path / "installed", north, service, NORTH))
        north_settings = openldap(north, NORTH, port=proxy.port, timeouts={"answer": 1})
        pair.program.others["directories"] = {"north": north_settings, "south": openldap(south, SOUTH)}
        pair.program.write()
        said = pair.program("sync", "--apply")
        assert said.code == 0, said.text
        service.clear_requests()
        yield Directories(pair, north, proxy, running.enter_context(Administrator.of(south, SOUTH)))


def a_day_in_the_south(south: Administrator) -> None:
    """One is hired, one is changed, one leaves, and the team changes."""
    south.add(f"uid=south-new,{SOUTH}", ["inetOrgPerson"], uid="south-new", cn="south-new", sn="x")
    south.replace(f"uid=south1,{SOUTH}", title=["chief"])
    south.dismiss(f"uid=south9,{SOUTH}")
    south.insert(f"cn=south-team,{SOUTH}", "member", f"uid=south-new,{SOUTH}")
    south.take(f"cn=south-team,{SOUTH}", "member", f"uid=south0,{SOUTH}")


def assert_south_is_in_step(console: Console) -> None:
    """The service has what that day made of the south."""
    users, team = console.users(), console.groups()["south-team"]
    assert users["south1"]["title"] == "chief"
    assert users["south9"]["active"] is False
    names = {user["id"]: name for name, user in users.items()}
    assert {names[member["value"]] for member in team["members"]} == {"south1", "south2", "south3", "south-new"}


def down(directories: Directories) -> None:
    """End the server."""
    directories.north.kill()


def silent(directories: Directories) -> None:
    """Let the server fall silent in the middle of its groups."""
    directories.proxy.spoil(Plan(Fault.STALL, b"groupOfNames", 1))


def limited(directories: Directories) -> None:
    """Let the server cut its answer."""
    directories.proxy.spoil(Plan(Refusal(SIZE_LIMIT), b"inetOrgPerson", 7))


def elsewhere(directories: Directories) -> None:
    """Let the server send us to another one."""
    directories.proxy.spoil(Plan(Refusal(REFERRAL, "ldap://elsewhere.example"), b"groupOfNames"))


@pytest.mark.parametrize(("fail", "code"), [(down, 1), (silent, 1), (limited, 3), (elsewhere, 3)])
def test_one_directory_cannot_be_read(directories: Directories, fail: Callable[[Directories], None], code: int) -> None:
    """The other is synchronised, nobody of the first is touched, and the report says so and adds up."""
    console, program = directories.pair.console, directories.pair.program
    program.others["directories"]["north"]["page_size"] = 5  # other settings: everything is read
    program.write()
    before = directories.of_north()
    fail(directories)
    a_day_in_the_south(directories.south)
    said = program("sync", "--apply")
    assert said.code == code, said.text
    assert "Traceback" not in said.text
    assert f"127.0.0.1:{directories.proxy.port}" in said.text
    assert "north" in said.text
    assert directories.of_north() == before
    assert_south_is_in_step(console)
    # 17 of either at first, one more in the south and one less.
    assert "Service: 34 managed before + 1 created = 34 managed after + 1 removed." in said.text
    assert program("sync", "--apply").code == code
    assert directories.of_north() == before

    directories.proxy.spoil(None)
    if fail is down:
        directories.north.start()
    directories.pair.writes()
    said = program("sync", "--apply")
    assert said.code == 0, said.text
    assert directories.pair.writes() == 0


def test_both_directories_are_down(directories: Directories) -> None:
    """Nothing is written, and both are named."""
    before = everything(directories.pair.console)
    south = directories.pair.program.others["directories"]["south"]
    south["port"] = directories.proxy.port
    directories.pair.program.write()
    directories.north.kill()
    said = directories.pair.program("sync", "--apply")
    assert said.code == 1, said.text
    assert "north" in said.text
    assert "south" in said.text
    assert directories.pair.writes() == 0
    assert everything(directories.pair.console) == before
