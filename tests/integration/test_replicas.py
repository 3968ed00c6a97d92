"""Two slapd replicas: what a read of the one that lags behind may lead to."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ldap2scim.sandbox.service import embedded_service
from ldap2scim.sandbox.world import BASE_DN, GROUPS_DN, PEOPLE_DN, Size
from tests.integration.comparing import differences
from tests.integration.days import hire
from tests.integration.pairs import Pair, paired, world
from tests.servers.available import require
from tests.servers.certificates import Certificates
from tests.servers.replicas import Replicas, running_replicas
from tests.servers.slapd import SlapdOptions

pytestmark = pytest.mark.slapd


@pytest.fixture
def replicas(tmp_path: Path, server_certificates: Certificates) -> Iterator[Replicas]:
    """A provider and its consumer, with 40 people in 10 groups."""
    require("slapd")
    ldif = world(Size(people=40, groups=10, largest_group=40))
    with running_replicas(tmp_path, ldif, SlapdOptions(BASE_DN), server_certificates) as running:
        yield running


@pytest.fixture
def pair(replicas: Replicas, tmp_path: Path) -> Iterator[Pair]:
    """Both addresses and the embedded service, in step; the provider is asked first."""
    with ExitStack() as running:
        service = running.enter_context(embedded_service())
        found = running.enter_context(paired(tmp_path / "installed", replicas.provider, service))
        servers = (replicas.provider, replicas.consumer)
        found.program.directory["addresses"] = [f"{server.host}:{server.port}" for server in servers]
        found.program.write()
        assert found.program("sync", "--apply").code == 0
        service.clear_requests()
        yield found


def day_at_the_provider(pair: Pair) -> str:
    """Hire somebody, put them into a group, and add a group; return the login."""
    login = hire(pair.administrator, 1)
    dn = f"uid={login},ou=research,{PEOPLE_DN}"
    pair.administrator.insert(pair.administrator.group("dept-sales").dn, "member", dn)
    pair.administrator.add(f"cn=moonlight,{GROUPS_DN}", ["groupOfNames"], cn="moonlight", member=dn)
    return login


def test_a_replica_that_is_behind_removes_nobody(pair: Pair, replicas: Replicas) -> None:
    """After a failover to a replica that lacks the last day, who came that day stays, and the report says why."""
    replicas.cut_off()
    login = day_at_the_provider(pair)
    assert pair.program("sync", "--apply").code == 0
    assert differences(pair) == []
    users, groups = pair.console.users(), pair.console.groups()
    assert login in users
    assert "moonlight" in groups

    replicas.provider.kill()
    for arguments in (("sync", "--apply"), ("recover", "--apply"), ("sync", "--apply")):
        said = pair.program(*arguments)
        assert said.code == 3, said.text
        assert f"127.0.0.1:{replicas.consumer.port}" in said.text
        assert "behind" in said.text
        assert pair.console.users() == users
        assert pair.console.groups() == groups

    replicas.provider.start()
    with pair.administrator.reconnected(replicas.provider):
        said = pair.program("sync", "--apply")
        assert said.code == 0, said.text
        assert differences(pair) == []


@pytest.mark.parametrize("leavers", ["deactivate", "delete"])
def test_a_replica_that_is_behind_brings_nobody_back(pair: Pair, replicas: Replicas, leavers: str) -> None:
    """It still shows who has left: who was just removed does not get the access back on its word, unless approved."""
    pair.program.service["leavers"] = leavers
    pair.program.write()
    replicas.cut_off()
    leaver = pair.administrator.people()[0]
    login = str(leaver.text("uid"))
    assert pair.program("sync", "--apply").code == 0
    pair.administrator.dismiss(leaver.dn)
    assert pair.program("sync", "--apply").code == 0
    left = pair.console.users()
    assert not left.get(login, {"active": False})["active"]

    replicas.provider.kill()
    for _ in range(2):
        said = pair.program("sync", "--apply", "--json")
        assert said.code == 3, said.text
        assert pair.console.users() == left
    approved = pair.program("sync", "--apply", "--approve", said.document["plan_id"])
    assert approved.code == 0, approved.text
    assert pair.console.users()[login]["active"]


def test_a_replica_that_is_behind_puts_nobody_back_into_a_group(pair: Pair, replicas: Replicas) -> None:
    """It still lists who was taken out: she stays out on its word, unless approved."""
    group = pair.administrator.group("dept-sales")
    members = group.texts("member")
    replicas.cut_off()
    pair.administrator.take(group.dn, "member", members[0])
    assert pair.program("sync", "--apply").code == 0
    left = pair.console.groups()

    replicas.provider.kill()
    for command in ("sync", "recover", "sync"):
        said = pair.program(command, "--apply", "--json")
        assert said.code == 3, said.text
        assert pair.console.groups() == left
    assert "1 of the 1 who would enter left it in the last 24 hours" in said.text
    approved = pair.program("sync", "--apply", "--approve", said.document["plan_id"])
    assert approved.code == 0, approved.text
    assert len(pair.console.groups()["dept-sales"]["members"]) == len(members)


def test_a_replica_that_has_caught_up_is_as_good(pair: Pair, replicas: Replicas) -> None:
    """A leaver whom both servers know to have left is removed, whichever of them answers."""
    day_at_the_provider(pair)
    assert pair.program("sync", "--apply").code == 0
    leaver = pair.administrator.people()[0]
    login = str(leaver.text("uid"))
    pair.administrator.dismiss(leaver.dn)
    replicas.wait()
    replicas.provider.kill()
    said = pair.program("sync", "--apply")
    assert said.code == 0, said.text
    assert pair.console.users()[login]["active"] is False

    replicas.provider.start()
    with pair.administrator.reconnected(replicas.provider):
        assert pair.program("sync", "--apply").code == 0
        assert differences(pair, left=[login]) == []


def test_a_replica_that_has_followed_again(pair: Pair, replicas: Replicas) -> None:
    """Once the replica knows what it lacked, a read of it alone brings the service in step."""
    replicas.cut_off()
    day_at_the_provider(pair)
    assert pair.program("sync", "--apply").code == 0
    replicas.follow_again()
    replicas.provider.kill()
    said = pair.program("sync", "--apply")
    assert said.code == 0, said.text
    with pair.administrator.reconnected(replicas.consumer):
        assert differences(pair) == []


def test_a_replica_that_is_behind_is_named_though_it_shows_the_same(pair: Pair, replicas: Replicas) -> None:
    """What it lacks happened outside of the image, so that nothing differs: the report says it all the same."""
    assert pair.program("sync", "--apply").code == 0
    replicas.cut_off()
    pair.administrator.replace(PEOPLE_DN, description=["changed"])
    assert pair.program("sync", "--apply").code == 0
    assert pair.program("sync", "--apply").code == 0
    replicas.provider.kill()
    pair.service.clear_requests()

    said = pair.program("sync", "--apply", "--json")

    assert said.document["operations"] == []
    assert [one["rule"] for one in said.document["findings"]].count("server-behind") == 1
    again = pair.program("sync", "--apply", "--json").document["findings"]
    assert "server-behind" not in {one["rule"] for one in again}, "that read is the measure now"
    assert pair.writes() == 0
