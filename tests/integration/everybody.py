"""All kinds of person in one world, on slapd and a service that we did not write, for whatever only looks at them."""

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
STAFF, ELSEWHERE, GROUPS = f"ou=staff,{BASE}", f"ou=elsewhere,{SUFFIX}", f"ou=teams,{BASE}"
TOP = f"dn: {SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n"
MAPPING = {
    "user": {
        "userName": "uid",
        "displayName": "cn",
        "name.familyName": "sn",
        "active": {"from": ["shadowExpire", "carLicense"]},
        "title": {"from": "title", "default": "Mitarbeiter"},
        "emails": [{"value": "mail", "type": "work", "primary": True}],
    },
    "group": {"displayName": "cn", "exclude": {"displayName": ["secret-project"]}},
}
CROWD = tuple(f"crowd{number}" for number in range(12))
"""So that one leaver is no short read (DESIGN §6)."""


@dataclass(frozen=True, slots=True)
class Everybody:
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

    def tells(self, who: str, *words: str) -> str:
        """Return the answer about somebody, which has all of these words."""
        said = self.answer(who)
        assert [one for one in words if one not in said] == [], said
        return said


@pytest.fixture(scope="session")
def everybody(tmp_path_factory: pytest.TempPathFactory, server_certificates: Certificates) -> Iterator[Everybody]:
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
        yield Everybody(pair, changes)


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
        "sn": "Okonkwo",
        "uid": name,
        "mail": f"{name}@example.jp",
        "employeeType": "staff",
    }
    given = {key: value for key, value in (values | more).items() if value != []}
    classes = ["inetOrgPerson", "shadowAccount"] if "shadowExpire" in given else ["inetOrgPerson"]
    pair.administrator.add(f"cn={name},{unit}", classes, **given)
