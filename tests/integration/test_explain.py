"""Explain answers for every kind of person, on slapd and a service that we did not write, and writes nothing."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.installation import Said, openldap
from tests.integration.pairs import Pair, paired
from tests.servers.available import require
from tests.servers.certificates import Certificates
from tests.servers.scim import scim2_server
from tests.servers.slapd import SlapdOptions, running_slapd

SUFFIX = "dc=example,dc=com"
BASE = f"ou=company,{SUFFIX}"
STAFF, ELSEWHERE, GROUPS = f"ou=staff,{BASE}", f"ou=elsewhere,{SUFFIX}", f"ou=groups,{BASE}"
TOP = f"dn: {SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n"
MAPPING = {
    "user": {
        "userName": "uid",
        "displayName": "cn",
        "name.familyName": "sn",
        "active": {"from": ["shadowExpire", "carLicense"]},
        "title": {"from": "title", "default": "Employee"},
        "emails": [{"value": "mail", "type": "work", "primary": True}],
    },
    "group": {"displayName": "cn", "exclude": {"displayName": ["secret-project"]}},
}
CROWD = tuple(f"crowd{number}" for number in range(12))
"""So that one leaver is no short read (DESIGN §6)."""

pytestmark = pytest.mark.slapd


@dataclass(frozen=True, slots=True)
class World:
    """The pair, and what both sides were asked."""

    pair: Pair
    changes: Path
    """Every change that slapd was asked for (slapo-auditlog(5))."""

    def explain(self, who: str, *more: str) -> Said:
        """Ask, and see that nothing was written on either side or in the state."""
        state, log = self.pair.program.state, self.changes
        before = (state.read_bytes(), log.read_bytes())
        self.pair.service.clear_requests()
        said = self.pair.program("explain", who, *more)
        assert (state.read_bytes(), log.read_bytes()) == before
        assert self.pair.service.writes() == ()
        return said

    def answer(self, who: str) -> str:
        """Return what is said of somebody who is known, in one line."""
        said = self.explain(who)
        assert said.code == 0, said.text
        return " ".join(said.out.split())


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, server_certificates: Certificates) -> Iterator[World]:
    """All twelve kinds of person, after a first load, a day of changes, and a plan that was not applied."""
    require("slapd")
    folder = tmp_path_factory.mktemp("explain")
    changes = folder / "changes.ldif"
    with ExitStack() as running:
        options = SlapdOptions(SUFFIX, overlays=("auditlog",), database_lines=(f"auditlog {changes}",))
        slapd = running.enter_context(running_slapd(folder / "slapd", TOP, options, server_certificates))
        service = running.enter_context(scim2_server(folder / "scim2"))
        connection = openldap(
            slapd,
            BASE,
            users={"filter": "(|(employeeType=staff)(&(employeeType=guest)(!(title=Visitor))))"},
            groups={"nesting": "flatten"},
        )
        pair = running.enter_context(
            paired(folder / "installed", slapd, service, SUFFIX, connection, leavers="deactivate")
        )
        pair.program.others |= {"mapping": MAPPING, "safety": {"protected": ["paula"]}}
        pair.program.write()
        first_load(pair)
        later(pair)
        yield World(pair, changes)


def first_load(pair: Pair) -> None:
    """Fill the directory and bring the service in step."""
    admin = pair.administrator
    for unit in (BASE, STAFF, ELSEWHERE, GROUPS):
        admin.add(unit, ["organizationalUnit"])
    for name in ("alice", "nora", "paula", "rita", "leo", *CROWD):
        add(pair, name)
    add(pair, "filippa", employeeType="guest", title="Visitor")
    add(pair, "erik", shadowExpire="10000")
    add(pair, "uma", uid=[])
    add(pair, "hana", carLicense="maybe")
    add(pair, "olga", unit=ELSEWHERE)
    add(pair, "dora")
    add(pair, "dora2", uid="DORA")
    everybody = [f"cn={name},{STAFF}" for name in CROWD]
    admin.add(f"cn=team-x,{GROUPS}", ["groupOfNames"], member=[f"cn=nora,{STAFF}", *everybody[:2]])
    admin.add(f"cn=dept-y,{GROUPS}", ["groupOfNames"], member=[f"cn=team-x,{GROUPS}", f"cn=alice,{STAFF}"])
    admin.add(f"cn=secret-project,{GROUPS}", ["groupOfNames"], member=[f"cn=alice,{STAFF}"])
    said = pair.program("sync", "--apply")
    assert said.code == 3, said.text


def later(pair: Pair) -> None:
    """Let people leave and come back; the last of it is only planned."""
    admin = pair.administrator
    admin.dismiss(f"cn=leo,{STAFF}")
    assert pair.program("sync", "--apply").code == 3
    admin.dismiss(f"cn=rita,{STAFF}", f"cn=paula,{STAFF}")
    add(pair, "rita")
    admin.replace(f"cn=alice,{STAFF}", title=["Captain"])
    pair.console.create("Users", userName="ines", displayName="Ines of another instance")
    assert pair.program("plan").code == 3


def add(pair: Pair, name: str, unit: str = STAFF, **more: str | list[str]) -> None:
    """Add a person; an empty list leaves an attribute out."""
    values: dict[str, str | list[str]] = {
        "sn": "Family",
        "uid": name,
        "mail": f"{name}@example.jp",
        "employeeType": "staff",
    }
    given = {key: value for key, value in (values | more).items() if value != []}
    classes = ["inetOrgPerson", "shadowAccount"] if "shadowExpire" in given else ["inetOrgPerson"]
    pair.administrator.add(f"cn={name},{unit}", classes, **given)


def test_in_scope(world: World) -> None:
    """Who is in scope is shown with the clause that let her in, sources of attributes, groups, plan and history."""
    said = world.answer("alice@example.jp")
    assert "In scope; the next run would update it." in said
    assert "holds (employeeType=staff)" in said
    assert "title a text of 7 characters (Latin letters) from title [ldap2scim.yml:" in said
    assert "member alice → dept-y" in said
    assert "not synchronised: the group is out of scope alice → secret-project" in said
    assert "status managed, managed since" in said
    assert "create, applied (run" in said
    assert "Captain" not in said


def test_filtered_out(world: World) -> None:
    """Of somebody whom the filter keeps out every clause is answered by the server, and the decisive ones are named."""
    said = world.answer("filippa")
    assert "Not synchronised: the user filter does not select it." in said
    assert "What does not hold: (employeeType=staff) and (!(title=Visitor))" in said
    assert "holds (employeeType=guest)" in said
    assert "there; the last read did not have it" in said
    assert world.answer("olga").startswith(
        f"cn=olga,{ELSEWHERE} Not synchronised: the entry lies outside of the base DN."
    )


def test_held(world: World) -> None:
    """Somebody who is held is found by her login, though it was never mapped, with the finding and what to do."""
    said = world.answer("hana")
    assert "Held, and left alone on both sides." in said
    assert "neither true nor false" in said
    assert "hold: unreadable-value" in said


def test_duplicate(world: World) -> None:
    """A login that two entries share leads to both of them."""
    said = world.answer("dora")
    assert said.startswith("2 entries or resources go by dora.")
    assert f"cn=dora2,{STAFF} Held" in said
    assert "hold: duplicate-login" in said


def test_expired(world: World) -> None:
    """An account that has expired is at the service and disabled, and the attribute that says so is named."""
    said = world.answer("erik")
    assert "The account is disabled: the directory says so, or it has expired." in said
    assert "active false from shadowExpire" in said


def test_nested_only(world: World) -> None:
    """Who is in a group only through another one is shown with the whole way."""
    assert "member nora → team-x → dept-y" in world.answer("nora")


def test_pending(world: World) -> None:
    """Who has left, and whose account is disabled until it comes back, is told so; nothing is to be done."""
    said = world.answer("leo")
    assert "Has left: no directory has its entry any more, and its resource was removed" in said
    assert "status left" in said
    assert "deactivate, applied (run" in said


def test_recreated(world: World) -> None:
    """Of a re-created account both sides are shown: the new entry with what a person must decide, and the old one."""
    said = world.answer("rita")
    assert said.startswith("2 entries or resources go by rita.")
    assert "Waits for a person: to create is held." in said
    assert "re-created" in said
    assert "The next run would deactivate it at the service." in said


def test_of_another_instance(world: World) -> None:
    """A resource of the service that no entry of ours explains is shown as not ours."""
    assert "it is not ours: our state does not know it" in world.answer("ines")


def test_unmapped(world: World) -> None:
    """An entry without a required attribute, and a group that the mapping excludes, are told by the rule."""
    assert "userName from uid, which the entry has not" in world.answer(f"CN=uma, {STAFF}")
    said = world.answer("secret-project")
    assert "Not synchronised: the mapping's `exclude` of displayName drops it." in said


def test_protected(world: World) -> None:
    """Who has left and is protected stays, and the setting that keeps her is named."""
    said = world.answer("paula")
    assert "To deactivate it at the service is held. paula is protected" in said


def test_unknown(world: World) -> None:
    """Of a name that nobody has nothing is known, whatever characters are in it; the exit code is 1."""
    for who in ("*", "a)(uid=*", "cn=nobody,dc=example,dc=com"):
        said = world.explain(who)
        assert (said.code, said.out) == (
            1,
            f"Nothing is known of {who}: neither the state, nor a directory, nor the service has it.\n",
        )


def test_groups(world: World) -> None:
    """A group is answered for by its name: its members, wanted and confirmed."""
    said = world.answer("dept-y")
    assert "In scope and in step with the service." in said
    assert "wanted 4 at the service 4, as last confirmed" in said


def test_every_name_leads_to_the_same_person(world: World) -> None:
    """Login, e-mail, DN, entryUUID, id at the service and externalId lead to one answer, also as JSON."""
    found = world.explain("alice", "--json").document["answers"][0]
    rows = {row["label"]: row["text"] for one in found["sections"] for row in one["rows"]}
    for who in ("ALICE", f"CN=alice, {STAFF}", rows["source anchor"], rows["id"]):
        assert world.explain(who, "--json").document["answers"] == [found]


def test_values_are_shown_when_they_are_asked_for(world: World) -> None:
    """With `--values` the values stand beside their sources, in the plan too."""
    said = " ".join(world.explain("alice", "--values").out.split())
    assert 'title "Captain" from title' in said
    assert 'title: "Employee" → "Captain"' in said


def test_without_directory_and_service_the_state_answers(world: World) -> None:
    """What cannot be asked is noted, and the state says what it knows."""
    program = world.pair.program
    directory, service = dict(program.directory), dict(program.service)
    program.directory["port"], program.service["base_url"] = 1, "http://127.0.0.1:1/v2"
    program.write()
    try:
        said = world.answer("alice")
    finally:
        program.directory, program.service = directory, service
        program.write()
    assert "Directory main could not be asked" in said
    assert "The service could not be asked" in said
    assert "now not asked" in said
    assert "member alice → dept-y" in said
