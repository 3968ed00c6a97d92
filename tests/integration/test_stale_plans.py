"""A plan waits while the world moves on: what moved is refused by name, the rest runs, and nothing else does."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from ldap2scim.essence import from_essence
from ldap2scim.planning.approvals import Release
from ldap2scim.planning.operations import ChangeMembers, Update
from ldap2scim.planning.plan import Plan
from ldap2scim.run import carry_out as exactly
from ldap2scim.run.believe import believe
from ldap2scim.run.conclusion import rebuild
from ldap2scim.run.context import Mode, open_run
from ldap2scim.run.pipeline import carry_out, look, plan_to_keep, synchronise
from ldap2scim.run.plan_file import read_plan, write_plan
from ldap2scim.run.report import Report
from ldap2scim.run.survey import survey
from ldap2scim.settings import Settings, load
from tests.integration.conftest import StartPair
from tests.integration.ldap import Administrator, Found
from tests.integration.pairs import Pair
from tests.seed import SEED
from tests.waiting import until

pytestmark = pytest.mark.slapd
NOW = datetime.now(UTC).replace(microsecond=0)
MIDNIGHT = datetime(NOW.year, NOW.month, NOW.day, tzinfo=UTC) + timedelta(days=1)
SOMEBODY = Release("the head of the service desk", "seen and right")


@pytest.fixture
def pair(start_real_pair: StartPair) -> Pair:
    """Slapd and a service that we did not write, in step; whoever is `gone` is outside of the filter."""
    pair = start_real_pair()
    pair.program.directory["users"] = {"filter": "(&(objectClass=inetOrgPerson)(!(employeeType=gone)))"}
    pair.program.directory["mapping"] = {"user": {"active": "shadowExpire"}}
    pair.program.write()
    report = synchronise(settings(pair), Mode.APPLY)
    assert report.exit_code == 0, report.findings
    pair.service.clear_requests()
    return pair


def settings(pair: Pair) -> Settings:
    """Return the settings of the installation."""
    return load(pair.program.settings, {})


def login(person: Found) -> str:
    """Return the login of an entry."""
    return str(person.text("uid"))


def written(pair: Pair) -> dict[str, list[str]]:
    """Return what the service was asked to change: the path of the resource, and the bodies, in their order."""
    bodies: dict[str, list[str]] = {}
    for request in pair.service.writes():
        bodies.setdefault(f"{request.method} {request.path}", []).append(request.raw_body.decode())
    return bodies


def seen_again(pair: Pair) -> None:
    """Let a run read the service, remember what it saw, and die: what a person did there by hand is known now."""
    with open_run(settings(pair), Mode.APPLY) as run:
        reads, _ = look(run)
        rebuild(run, survey(run, believe(run, reads)))


def refusals(report: Report) -> dict[str, str]:
    """Return why operations were refused, by the name of what they are about."""
    return {
        str(finding.subjects[0]): finding.message for finding in report.findings if finding.rule == "operation-refused"
    }


def refused_for(report: Report, name: str) -> str:
    """Return why the operation on a DN or login was refused."""
    return next(message for subject, message in refusals(report).items() if name in subject)


def test_each_way_to_move_is_refused_by_name(pair: Pair, tmp_path: Path) -> None:
    """Entry changed, entry left, entry back, clock, service: five refusals, each with its reason; the rest runs."""
    people = pair.administrator.people()
    ids = {name: user["id"] for name, user in pair.console.users().items()}
    edited, leavers = people[:10], people[20:28]
    for person in edited:
        pair.administrator.replace(person.dn, title=["reviewed"])
    expiring = people[10]
    pair.administrator.insert(expiring.dn, "objectClass", "shadowAccount")
    days = (MIDNIGHT - datetime(1970, 1, 1, tzinfo=UTC)).days
    pair.administrator.replace(expiring.dn, shadowExpire=[str(days)], title=["reviewed"])
    for person in leavers:
        pair.administrator.replace(person.dn, employeeType=["gone"])
    group = pair.administrator.groups()[0]
    outsiders = [one for one in people[40:] if one.dn not in group.texts("member")]
    pair.administrator.insert(group.dn, "member", outsiders[0].dn)

    file = tmp_path / "plan.json"
    made = plan_to_keep(settings(pair), now=NOW)
    assert made.plan is not None
    assert made.plan.held
    write_plan(made.plan, file)
    plan = read_plan(file)
    assert plan == made.plan

    # One edit more, one who leaves after all, one who comes back, one hour later, and one edit at the service.
    pair.administrator.replace(edited[0].dn, title=["changed again"])
    pair.administrator.replace(edited[1].dn, employeeType=["gone"])
    pair.administrator.replace(leavers[0].dn, employeeType=[])
    by_hand = pair.console.users()[login(edited[2])]
    pair.console.edit("Users", by_hand, title="by hand")
    seen_again(pair)
    pair.administrator.replace(people[50].dn, title=["after the plan"])
    pair.administrator.insert(group.dn, "member", outsiders[1].dn)
    pair.service.clear_requests()

    report = carry_out(settings(pair), plan, SOMEBODY, now=MIDNIGHT + timedelta(hours=1))
    assert report.exit_code == 3, report.findings
    assert "entry moved" in refused_for(report, edited[0].dn)
    assert "entry left" in refused_for(report, edited[1].dn)
    assert "in scope again" in refused_for(report, login(leavers[0]))
    assert "clock moved on" in refused_for(report, expiring.dn)
    assert "service moved" in refused_for(report, edited[2].dn)
    of_people = {name for name in refusals(report) if "ou=groups" not in name}
    assert len(of_people) == 5

    asked = written(pair)
    users = {line.rpartition("/")[2] for line in asked if "/Users/" in line}
    assert users == {ids[login(one)] for one in (*edited[3:], *leavers[1:])}
    assert len(asked) == len(users) + len([line for line in asked if "/Groups/" in line])
    assert not any("after the plan" in body or "changed again" in body for many in asked.values() for body in many)
    entering = pair.console.groups()[str(group.text("cn"))]["members"]
    assert ids[login(outsiders[0])] in {member["value"] for member in entering}
    assert ids[login(outsiders[1])] not in {member["value"] for member in entering}

    pair.service.clear_requests()
    again = carry_out(settings(pair), plan, None, now=MIDNIGHT + timedelta(hours=1))
    assert written(pair) == {}
    assert any(finding.rule == "done-already" for finding in again.findings)


@contextmanager
def never_still(pair: Pair, people: list[Found], chance: random.Random) -> Iterator[list[str]]:
    """Change people all the time, one every few milliseconds, until the block ends; gives who was changed."""
    changed: list[str] = []
    over = threading.Event()

    def change() -> None:
        with Administrator.of(pair.directory, pair.base) as somebody:
            while not over.wait(0.02):
                person = chance.choice(people)
                somebody.replace(person.dn, title=[f"change {len(changed)}"])
                changed.append(person.dn)

    thread = threading.Thread(target=change)
    thread.start()
    try:
        yield changed
    finally:
        over.set()
        thread.join()


def test_a_directory_that_is_never_still(pair: Pair) -> None:
    """Every operation is carried out as it was seen, or refused by name; the service is asked for nothing else."""
    chance = random.Random(SEED)
    people = pair.administrator.people()
    chance.shuffle(people)
    ids = {name: user["id"] for name, user in pair.console.users().items()}
    edited, restless, leavers = people[:30], [*people[:15], *people[60:90]], people[50:58]
    for person in edited:
        pair.administrator.replace(person.dn, title=[f"reviewed {login(person)}"])
    for person in leavers:
        pair.administrator.replace(person.dn, employeeType=["gone"])
    with never_still(pair, restless, chance) as changed:
        made = plan_to_keep(settings(pair))
        assert made.plan is not None
        plan = made.plan
        until(lambda: len(changed) >= 40, "40 changes of people")
        report = carry_out(settings(pair), plan, SOMEBODY)
        at_the_end = len(changed)
    assert at_the_end > 40, f"seed {SEED}: the directory stood still"

    of_plan = {one.name for one in (*plan.operations, *(held.operation for held in plan.held))}
    applied = {outcome.operation.name for outcome in report.outcomes if outcome.result.is_done}
    refused = set(refusals(report))
    assert applied | refused == of_plan, f"seed {SEED}"
    assert applied & refused == set()
    moved = {one.dn for one in restless} & set(changed)
    assert refused, f"seed {SEED}: nothing moved"
    assert refused <= moved
    assert {one.dn for one in edited} - moved <= applied

    titles = {
        one.service_id: str(from_essence(one.essence).get("title")) for one in _all(plan) if isinstance(one, Update)
    }
    gone = {ids[login(one)] for one in leavers}
    for line, bodies in written(pair).items():
        identifier = line.rpartition("/")[2]
        if "/Groups/" in line:
            assert any(isinstance(one, ChangeMembers) and one.service_id == identifier for one in _all(plan))
        elif identifier not in gone:
            assert all(titles[identifier] in body for body in bodies), f"seed {SEED}: {line}"
    assert len(written(pair)) == len(report.outcomes)


def _all(plan: Plan) -> Iterator[object]:
    yield from plan.operations
    yield from (one.operation for one in plan.held)


def test_other_settings_or_another_version_refuse_the_whole_plan(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the setting, or both versions; the service is asked nothing at all."""
    person = pair.administrator.people()[0]
    pair.administrator.replace(person.dn, title=["reviewed"])
    file = tmp_path / "plan.json"
    assert pair.program("plan", "--out", str(file)).code == 2
    assert file.stat().st_mode & 0o777 == 0o600

    pair.service.clear_requests()
    pair.program.service["leavers"] = "delete"
    pair.program.write()
    said = pair.program("sync", "--apply", "--plan", str(file))
    assert (said.code, pair.service.requests) == (3, ())
    assert "service.leavers" in said.err

    pair.program.service.pop("leavers")
    pair.program.write()
    with monkeypatch.context() as patched:
        patched.setattr(exactly, "__version__", "9.9.9")
        said = pair.program("sync", "--apply", "--plan", str(file))
        assert (said.code, pair.service.requests) == (3, ())
        assert "9.9.9" in said.err

    document = orjson.loads(file.read_bytes())
    document["decision"]["operations"] = []
    file.write_bytes(orjson.dumps(document))
    said = pair.program("sync", "--apply", "--plan", str(file))
    assert (said.code, pair.service.requests) == (1, ())
    assert "was changed since it was written" in said.err
