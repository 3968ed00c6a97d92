"""The safety policy from the settings to the requests that the service receives: held, waited, approved, sent."""

from datetime import UTC, datetime

import pytest

from ldap2scim.sandbox.service import EmbeddedService, Fault, FaultKind
from ldap2scim.sandbox.world import DEPARTMENTS, GROUPS_DN, PEOPLE_DN, Size
from tests.integration.comparing import differences
from tests.integration.conftest import StartPair
from tests.integration.pairs import Pair

COMPANY = Size(people=168, groups=12, largest_group=60)
"""Twenty-one people in each of eight departments, which are units as well."""
OFFICE = Size(people=32, groups=12, largest_group=20)
UNIT = f"ou={DEPARTMENTS[0][0]},{PEOPLE_DN}"
REFUSED = Fault(FaultKind.STATUS, 400, method="POST", path_prefix="/Users")


@pytest.fixture
def pair(start_embedded_pair: StartPair) -> Pair:
    """A company, nothing loaded yet; departments are mapped."""
    pair = start_embedded_pair(COMPANY, retry_budget=0.5)
    pair.program.others["mapping"] = {"user": {"department": "departmentNumber"}}
    pair.program.write()
    return pair


@pytest.fixture
def office(start_embedded_pair: StartPair) -> Pair:
    """Four people in each department, nothing loaded yet."""
    return start_embedded_pair(OFFICE)


def posts(pair: Pair) -> int:
    """Count the people whom the service was asked to create."""
    return sum(each.method == "POST" and each.path.endswith("/Users") for each in pair.service.writes())


def test_a_service_that_refuses_everybody_is_asked_for_five(pair: Pair) -> None:
    """The first load of a company stops after five, says why, and the next run makes all of them."""
    assert isinstance(pair.service, EmbeddedService)
    pair.service.faults.add(REFUSED)
    said = pair.program("sync", "--apply", "--json")
    assert (said.code, posts(pair)) == (1, 5)
    document = said.document
    (finding,) = [one for one in document["findings"] if one["rule"] == "rest-not-sent"]
    assert "163 users was not tried: 5 of the first 5 failed, more than 50 %" in finding["message"]
    results = [one["result"] for one in document["operations"] if one["type"] == "User"]
    assert (results.count("failed"), results.count("held back")) == (5, 163)
    assert len(pair.console.groups()) == COMPANY.groups, "groups are another kind"
    assert [line for line in document["summary"] if "do not add up" in line] == []
    assert any(line.startswith("Directory: ") and "163 held + " in line for line in document["summary"])

    pair.service.faults.clear()
    said = pair.program("sync", "--apply")
    assert (said.code, differences(pair)) == (0, []), said.text


def test_the_members_of_the_pilot_group_are_created_first(office: Pair) -> None:
    """Everybody else follows, as the pilots succeed."""
    group = f"dept-{DEPARTMENTS[2][0]}"
    office.program.others["safety"] = {"canary": {"pilot": f"CN={group}, {GROUPS_DN}"}}
    office.program.write()
    assert office.program("sync", "--apply").code == 0
    created = [each.raw_body for each in office.service.writes() if each.path.endswith("/Users")]
    pilots = office.administrator.group(group).texts("member")
    logins = {dn.partition(",")[0].partition("=")[2] for dn in pilots}
    assert len(logins) == 4
    assert all(any(f'"{login}"'.encode() in body for login in logins) for body in created[:4])
    assert len(created) == OFFICE.people


def test_one_department_that_leaves_waits_for_a_person(pair: Pair) -> None:
    """Seven of one unit's 21 are held, though eight of the company may go; the next leaver makes the pile eight."""
    assert pair.program("sync", "--apply").code == 0
    leavers = [person.dn for person in pair.administrator.people(UNIT)][:8]
    pair.administrator.dismiss(*leavers[:7])
    pair.service.clear_requests()
    first = pair.program("sync", "--apply", "--json")
    assert (first.code, pair.writes()) == (3, 0)
    removals = [one for one in first.document["held"] if one["type"] == "User"]
    assert len(removals) == 7
    for said in (f"7 users would be removed or deactivated of 21 managed in unit {UNIT}", "in department "):
        assert all(said in " ".join(one["reasons"]) for one in removals)

    pair.administrator.dismiss(leavers[7])
    second = pair.program("sync", "--apply", "--json").document
    today = datetime.now(UTC).date()
    pile = [one for one in second["held"] if one["type"] == "User"]
    assert min(one["held_since"] for one in pile) == removals[0]["held_since"]
    assert len({one["held_since"] for one in pile}) == 2
    assert any(f"have been held since {today} and " in line and "new." in line for line in second["summary"])

    assert pair.program("approve", second["plan_id"]).code == 0
    assert pair.program("sync", "--apply").code == 0
    assert sum(user["active"] for user in pair.console.users().values()) == COMPANY.people - 8


def test_a_protected_dn_holds_after_its_entry_has_gone(office: Pair) -> None:
    """The last name of somebody who has left the directory is known, and no approval gets past it."""
    assert office.program("sync", "--apply").code == 0
    dn = office.administrator.people(UNIT)[0].dn
    office.program.others["safety"] = {"protected": [dn]}
    office.program.write()
    office.administrator.dismiss(dn)
    for _ in range(2):
        said = office.program("sync", "--apply", "--json")
        (held,) = [one for one in said.document["held"] if one["type"] == "User"]
        assert "is protected" in held["reasons"][0]
        office.program("approve", said.document["plan_id"])
    assert all(user["active"] for user in office.console.users().values())


def test_nobody_enters_a_privileged_group_unseen(office: Pair) -> None:
    """The newcomer waits while the group's leaver goes; the approval sends one request for one member."""
    name = f"dept-{DEPARTMENTS[0][0]}"
    assert office.program("sync", "--apply").code == 0
    office.program.others["safety"] = {"privileged": {"groups": [name]}}
    office.program.write()
    group = office.administrator.group(name)
    stranger = office.administrator.people(f"ou={DEPARTMENTS[1][0]},{PEOPLE_DN}")[0].dn
    office.administrator.insert(group.dn, "member", stranger)
    office.administrator.take(group.dn, "member", group.texts("member")[0])
    office.service.clear_requests()
    said = office.program("sync", "--apply", "--json")
    assert (said.code, office.writes()) == (3, 1)
    (held,) = said.document["held"]
    assert held["changes"] == "+1 member"
    assert office.program("approve", said.document["plan_id"]).code == 0
    office.service.clear_requests()
    assert office.program("sync", "--apply").code == 0
    assert (office.writes(), differences(office)) == (1, [])
