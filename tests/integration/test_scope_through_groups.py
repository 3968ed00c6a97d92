"""Who is synchronised is chosen by groups in groups: a change of any of them is seen by the very next run, by changes.

Neither server stamps a person whose membership changed: only the group has changed, and perhaps not even the one that
the filter names.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from ldap2scim.sandbox.service import embedded_service
from tests.contract.directories import Addressed
from tests.integration.installation import openldap
from tests.integration.ldap import Administrator
from tests.integration.pairs import Pair, paired
from tests.servers.available import require
from tests.servers.certificates import Certificates
from tests.servers.samba import BASE_DN as DOMAIN
from tests.servers.samba import running_samba
from tests.servers.slapd import SlapdOptions, running_slapd

SUFFIX = "dc=example,dc=com"
TOP = f"dn: {SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n"
IN_CHAIN = "1.2.840.113556.1.4.1941"
NESTED_MEMBER_OF = ("dynlist-attrset groupOfURLs memberURL member+memberOf@groupOfNames*",)
"""Of slapo-dynlist(5): memberOf through groups in groups, made for each answer."""
SESSION_LOG = ("syncprov-sessionlog 1000",)
"""So that slapd names all that happened; otherwise the keys of everybody are compared in every run."""
FAMILY = tuple(f"person{number}" for number in range(12))
"""Who is in the scope all the time, so that a read with one leaver is not visibly short (DESIGN §6)."""


@dataclass(frozen=True, slots=True)
class World:
    """A pair whose scope is a group, in the words of its directory."""

    pair: Pair
    person_class: str
    group_class: str
    people: str
    groups: str

    def person(self, name: str) -> str:
        """Name a person."""
        return f"cn={name},{self.people}"

    def group(self, name: str) -> str:
        """Name a group."""
        return f"cn={name},{self.groups}"

    def add_person(self, name: str) -> None:
        """Add somebody."""
        if self.person_class == "user":
            more = {"sAMAccountName": name, "userPrincipalName": f"{name}@lab.test", "userAccountControl": "544"}
        else:
            more = {"uid": name}
        self.pair.administrator.add(self.person(name), [self.person_class], sn="x", **more)

    def add_group(self, name: str, *members: str) -> None:
        """Add a group with members."""
        more = {"sAMAccountName": name} if self.group_class == "group" else {}
        self.pair.administrator.add(self.group(name), [self.group_class], member=list(members), **more)

    def sync(self) -> set[str]:
        """Run by changes, and return who is active at the service."""
        said = self.pair.program("sync", "--apply")
        assert said.code == 0, said.text
        assert "read by changes" in said.text
        return self.active()

    def active(self) -> set[str]:
        """Return who is active at the service."""
        return {str(user["displayName"]) for user in self.pair.console.users().values() if user["active"]}


@pytest.fixture(
    params=[
        pytest.param("memberof", marks=pytest.mark.slapd),
        pytest.param("dynlist", marks=pytest.mark.slapd),
        pytest.param("groups-elsewhere", marks=pytest.mark.slapd),
        pytest.param("in-chain", marks=pytest.mark.samba),
        pytest.param("in-chain-groups-elsewhere", marks=pytest.mark.samba),
    ]
)
def world(request: pytest.FixtureRequest, tmp_path: Path, server_certificates: Certificates) -> Iterator[World]:
    """Twelve people in the scope, half of them by the inner group; Ida is outside."""
    how: str = request.param
    with ExitStack() as running:
        service = running.enter_context(embedded_service())
        server: Addressed
        if how.startswith("in-chain"):
            require("samba")
            server, top = running.enter_context(running_samba(tmp_path / "samba")), DOMAIN
            classes, kind = ("user", "group"), "active-directory"
        else:
            require("slapd")
            options = SlapdOptions(SUFFIX, overlays=("memberof", "syncprov"), database_lines=SESSION_LOG)
            if how == "dynlist":
                lines = (*SESSION_LOG, *NESTED_MEMBER_OF)
                options = SlapdOptions(SUFFIX, overlays=("syncprov", "dynlist"), database_lines=lines)
            server = running.enter_context(running_slapd(tmp_path / "slapd", TOP, options, server_certificates))
            top, classes, kind = SUFFIX, ("inetOrgPerson", "groupOfNames"), "openldap"
        people, groups = f"ou=staff,{top}", f"ou=choice,{top}"
        base = people if how.endswith("elsewhere") else top
        connection = {**openldap(server, base), "kind": kind, "users": {"filter": _filter(how, groups)}}
        # Who may see deleted objects is told by Samba of all that happened.
        connection |= {"bind_dn": server.admin_dn, "bind_password": server.admin_password}
        administrator = running.enter_context(Administrator.of(server, top))
        for unit in (people, groups):
            administrator.add(unit, ["organizationalUnit"])
        if base == top:
            connection["groups"] = {"filter": "(|(cn=outer)(cn=inner))"}
        pair = running.enter_context(paired(tmp_path / "installed", server, service, base, connection))
        found = World(pair, *classes, people, groups)
        for name in (*FAMILY, "Ida"):
            found.add_person(name)
        found.add_group("inner", *map(found.person, FAMILY[6:]))
        found.add_group("outer", *map(found.person, FAMILY[:6]), found.group("inner"))
        said = pair.program("sync", "--apply")
        assert said.code == 0, said.text
        assert found.active() == set(FAMILY)
        service.clear_requests()
        yield found


def _filter(how: str, groups: str) -> str:
    if how.startswith("in-chain"):
        return f"(memberOf:{IN_CHAIN}:=cn=outer,{groups})"
    if how == "dynlist":
        return f"(memberOf=cn=outer,{groups})"
    # The overlay memberof knows no nesting: a filter names every group.
    return f"(|(memberOf=cn=outer,{groups})(memberOf=cn=inner,{groups})(memberOf=cn=deeper,{groups}))"


def test_enters_and_leaves_by_the_inner_group(world: World) -> None:
    """A member of the inner group is in the scope with the next run, and out of it with the one after she has left."""
    world.pair.administrator.insert(world.group("inner"), "member", world.person("Ida"))
    assert world.sync() == {*FAMILY, "Ida"}
    world.pair.administrator.take(world.group("inner"), "member", world.person("Ida"))
    assert world.sync() == set(FAMILY)
    world.pair.writes()
    assert world.sync() == set(FAMILY)
    assert world.pair.writes() == 0


def test_enters_and_leaves_with_a_group(world: World) -> None:
    """A group that is put into the inner one brings its people, and takes them away when it is deleted."""
    world.add_group("deeper", world.person("Ida"))
    world.pair.administrator.insert(world.group("inner"), "member", world.group("deeper"))
    assert world.sync() == {*FAMILY, "Ida"}
    world.pair.administrator.take(world.group("inner"), "member", world.group("deeper"))
    world.pair.administrator.delete(world.group("deeper"))
    assert world.sync() == set(FAMILY)
