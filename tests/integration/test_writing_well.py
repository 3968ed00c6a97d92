"""What reaches the service: how much, in which order, and how little of it for one small change."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from ldap2scim.model import Key, ResourceType
from ldap2scim.run.believe import believe
from ldap2scim.run.context import Mode, open_run
from ldap2scim.run.pipeline import look
from ldap2scim.sandbox.service import EmbeddedService, Fault, FaultKind, RecordedRequest, embedded_service
from ldap2scim.sandbox.world import BASE_DN, Size
from ldap2scim.settings import load
from ldap2scim.state.snapshot import replaced_snapshot
from ldap2scim.state.snapshot_rows import SnapshotRow
from tests.integration.comparing import differences
from tests.integration.conftest import StartPair
from tests.integration.days import day_of_changes
from tests.integration.installation import Installation
from tests.integration.pairs import Pair, paired, world
from tests.seed import LONG
from tests.servers.available import require
from tests.servers.certificates import Certificates
from tests.servers.slapd import SlapdOptions, running_slapd

MANY = 50_000 if LONG else 10_000
"""Members of the large group: 50,000 take a minute to get into a directory and a state."""
COMPANY = Size(people=60, groups=12, largest_group=40)


def take_as_loaded(program: Installation, service: EmbeddedService) -> None:
    """Write into state and service what a first load leaves there; as many requests would take a minute."""
    with open_run(load(program.settings, {}), Mode.APPLY) as run:
        reads, _ = look(run)
        desired = believe(run, reads).desired
        members = [Key(member) for member in desired.members.member]
        ids = {Key(key): f"id-{number}" for number, key in enumerate(desired.users["key"])}
        (group,) = desired.groups["key"]
        made = service.store.create(
            "Group", {"displayName": "everybody", "members": [{"value": ids[member]} for member in members]}
        )
        ids[Key(group)] = made.id
        essences = run.state.image.essences(list(ids))
        with replaced_snapshot(run.lease) as snapshot:
            for kind, frame in ((ResourceType.USER, desired.users), (ResourceType.GROUP, desired.groups)):
                snapshot.add(
                    SnapshotRow(
                        key=Key(str(row.key)),
                        resource_type=kind,
                        service_id=ids[Key(str(row.key))],
                        external_id=str(row.external_id),
                        login=str(row.login),
                        fingerprint=str(row.fingerprint),
                        essence=essences[Key(str(row.key))],
                    )
                    for row in frame.itertuples(index=False)
                )
            snapshot.add_members(Key(group), members)


@pytest.mark.slapd
def test_one_more_member_of_a_large_group(tmp_path: Path, server_certificates: Certificates) -> None:
    """One person joins a group of tens of thousands: one PATCH below 1 KB, and nobody asks for its members."""
    require("slapd")
    company = world(Size(people=MANY + 1, groups=1, largest_group=MANY))
    with (
        running_slapd(tmp_path / "slapd", company, SlapdOptions(BASE_DN), server_certificates) as slapd,
        embedded_service() as service,
        paired(tmp_path / "installed", slapd, service) as pair,
    ):
        take_as_loaded(pair.program, service)
        assert pair.program("sync", "--apply").code == 0
        assert pair.writes() == 0

        joins = next(line[4:] for line in company.splitlines() if re.match(rf"dn: uid=[^,]*{MANY},", line))
        pair.administrator.insert(f"cn=everybody,ou=groups,{BASE_DN}", "member", joins)
        said = pair.program("sync", "--apply")
        assert said.code == 0, said.text
        (patch,) = service.writes()
        assert (patch.method, patch.path) == ("PATCH", f"/Groups/{service.store.find('Group', 'everybody')['id']}")
        assert patch.body_size < 1024
        assert [request.path for request in service.requests if not request.is_write] == ["/ServiceProviderConfig"]
        assert len(service.store.find("Group", "everybody")["members"]) == MANY + 1


def order_of(writes: Sequence[RecordedRequest]) -> list[str]:
    """Return what a service was asked for, neighbours of one kind as one."""
    kinds: list[str] = []
    for write in writes:
        body = write.raw_body.decode()
        what = "members" if '"path":"members' in body else "attributes"
        kind = f"{write.method} {write.path.split('/')[1]}" + (f" {what}" if write.method == "PATCH" else "")
        if not kinds or kinds[-1] != kind:
            kinds.append(kind)
    return kinds


def test_the_order_of_a_load_and_of_a_day(start_embedded_pair: StartPair) -> None:
    """People before groups, groups empty before their members; memberships before removals."""
    pair = start_embedded_pair(COMPANY)
    assert pair.program("sync", "--apply").code == 0
    writes = pair.service.writes()
    assert order_of(writes) == ["POST Users", "POST Groups", "PATCH Groups members"]
    assert all("members" not in request.body for request in writes if request.method == "POST")
    pair.service.clear_requests()

    day_of_changes(pair.administrator)
    assert pair.program("sync", "--apply").code == 0
    order = order_of(pair.service.writes())
    assert order.index("POST Users") < order.index("POST Groups") < order.index("PATCH Groups members")
    last_members = max(number for number, kind in enumerate(order) if kind == "PATCH Groups members")
    removals = [kind for kind in order[last_members + 1 :] if kind != "PATCH Users attributes"]
    assert removals == ["DELETE Groups"]


def sizes(pair: Pair) -> list[int]:
    """Return how many members each PATCH of members added."""
    return [
        len(operation["value"])
        for request in pair.service.writes()
        if request.method == "PATCH" and request.path.startswith("/Groups")
        for operation in request.body["Operations"]
        if operation["op"] == "add" and operation["path"] == "members"
    ]


@pytest.mark.parametrize("status", [400, 413])
def test_member_requests_shrink_to_what_the_service_takes(start_embedded_pair: StartPair, status: int) -> None:
    """After a refusal for size the pieces are halved until they pass, and stay so for the other groups of the run."""
    pair = start_embedded_pair(Size(people=120, groups=4, largest_group=120), concurrency=1)
    assert isinstance(pair.service, EmbeddedService)
    pair.service.faults.add(Fault(FaultKind.STATUS, status, members=20))
    assert pair.program("sync", "--apply").code == 0
    asked = sizes(pair)
    too_large = [size for size in asked if size > 20]
    assert 1 < len(too_large) < 5, "each group found out for itself"
    assert max(asked[asked.index(too_large[-1]) + 1 :]) <= 20
    pair.service.faults.clear()
    assert differences(pair) == []


def test_an_attribute_that_is_ignored_is_told_once(start_embedded_pair: StartPair) -> None:
    """However many people it concerns, each attribute that the service drops is one finding."""
    pair = start_embedded_pair(COMPANY)
    assert isinstance(pair.service, EmbeddedService)
    pair.service.faults.add(Fault(FaultKind.IGNORE_ATTRIBUTE, attribute="preferredLanguage", path_prefix="/Users"))
    said = pair.program("sync", "--apply")
    assert said.code == 0
    assert said.out.count("(attribute-ignored)") == 1
    assert f"preferredLanguage as it was sent, in {COMPANY.people} writes" in said.out


def test_somebody_else_changes_another_attribute_meanwhile(start_embedded_pair: StartPair) -> None:
    """A version that moved is read again: what nobody of us manages may change, and the update goes through."""
    pair = start_embedded_pair(COMPANY)
    assert pair.program("sync", "--apply").code == 0
    person = pair.administrator.people()[0]
    pair.console.edit("Users", pair.console.users()[str(person.text("uid"))], nickName="Neko")
    pair.administrator.replace(person.dn, title=["本部長"])
    pair.service.clear_requests()
    assert pair.program("sync", "--apply").code == 0
    assert [request.status for request in pair.service.writes()] == [412, 200]
    assert pair.console.users()[str(person.text("uid"))]["nickName"] == "Neko"
    assert differences(pair) == []


def test_somebody_else_changes_the_same_attribute_meanwhile(start_embedded_pair: StartPair) -> None:
    """Where what we would overwrite is not what we knew, the run says so, and the next one decides afresh."""
    pair = start_embedded_pair(COMPANY)
    assert pair.program("sync", "--apply").code == 0
    person = pair.administrator.people()[0]
    pair.console.edit("Users", pair.console.users()[str(person.text("uid"))], title="Emperor")
    pair.administrator.replace(person.dn, title=["本部長"])
    said = pair.program("sync", "--apply")
    assert said.code == 1
    assert "412" in said.out
    assert pair.program("sync", "--apply").code == 0
    assert differences(pair) == []
