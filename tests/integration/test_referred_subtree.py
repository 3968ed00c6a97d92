"""A part of the tree is given to another server: the directory then refers to that one, and nobody has left."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ldap2scim.sandbox.ldif import LdifEntry, write_ldif
from ldap2scim.sandbox.service import embedded_service
from ldap2scim.sandbox.world import BASE_DN, MAIL_DOMAIN, PEOPLE_DN, Size
from tests.integration.comparing import differences
from tests.integration.days import hire
from tests.integration.installation import openldap
from tests.integration.pairs import Pair, paired, world
from tests.servers.available import require
from tests.servers.certificates import Certificates
from tests.servers.slapd import SlapdOptions, running_slapd

pytestmark = pytest.mark.slapd

BRANCH = f"ou=branch,{PEOPLE_DN}"
LOGINS = [f"branch.person{number}" for number in range(3)]
WORLD = Size(people=60, groups=5, largest_group=20)
BY_CHANGES = SlapdOptions(BASE_DN, overlays=("syncprov",), database_lines=("syncprov-sessionlog 1000",))
BY_KEYS = SlapdOptions(BASE_DN)


def branch() -> Iterator[LdifEntry]:
    """The branch as its own server has it, once its people have moved there."""
    yield BRANCH, {"objectClass": ["organizationalUnit"], "ou": ["branch"]}
    for login in LOGINS:
        yield f"uid={login},{BRANCH}", {"objectClass": ["inetOrgPerson"], **person(login)}


def person(login: str) -> dict[str, list[str]]:
    """Return what both servers say of somebody."""
    return {"uid": [login], "cn": [login], "sn": ["支店"], "mail": [f"{login}@{MAIL_DOMAIN}"]}


@pytest.fixture(params=["in full", "by keys", "by changes"])
def pair(request: pytest.FixtureRequest, tmp_path: Path, server_certificates: Certificates) -> Iterator[Pair]:
    """Sixty people in step, and three more in a branch: fewer than may leave without a person."""
    require("slapd")
    options = BY_CHANGES if request.param == "by changes" else BY_KEYS
    with ExitStack() as running:
        slapd = running.enter_context(running_slapd(tmp_path / "slapd", world(WORLD), options, server_certificates))
        service = running.enter_context(embedded_service())
        found = running.enter_context(paired(tmp_path / "installed", slapd, service))
        if request.param == "in full":
            found.program.directory["full_read_every"] = 0
            found.program.write()
        found.administrator.add(BRANCH, ["organizationalUnit"], ou="branch")
        for login in LOGINS:
            found.administrator.add(f"uid={login},{BRANCH}", ["inetOrgPerson"], **person(login))
        assert found.program("sync", "--apply").code == 0
        service.clear_requests()
        yield found


def test_who_is_on_the_other_server_has_not_left(pair: Pair) -> None:
    """The server says itself that it does not tell everything; whoever comes meanwhile is not stopped by it."""
    pair.administrator.delete(*(one.dn for one in pair.administrator.people(BRANCH)), BRANCH)
    reference = f"ldap://branch.example/{BRANCH}"
    pair.administrator.add(BRANCH, ["referral", "extensibleObject"], ou="branch", ref=reference)
    hired = hire(pair.administrator, 1)
    said = pair.program("sync", "--apply")
    assert (said.code, pair.writes()) == (3, 1), said.text
    assert reference in said.text
    assert f"uid={LOGINS[0]},{BRANCH}" in said.text
    assert pair.console.users()[hired]["active"]

    again = pair.program("recover", "--apply")
    assert (again.code, pair.writes()) == (3, 0), again.text
    assert all(pair.console.users()[login]["active"] for login in LOGINS)

    pair.administrator.take_reference_out(BRANCH)
    said = pair.program("recover", "--apply")
    assert said.code == 0, said.text
    assert differences(pair, left=LOGINS) == []


def test_who_moved_to_a_server_that_is_away_has_not_left(
    pair: Pair, tmp_path: Path, server_certificates: Certificates
) -> None:
    """That the other server is one of the directories is no word from it; once read, they are there."""
    pair.administrator.delete(*(one.dn for one in pair.administrator.people(BRANCH)), BRANCH)
    pair.administrator.add(BRANCH, ["referral", "extensibleObject"], ou="branch", ref=f"ldap://branch.example/{BRANCH}")
    with running_slapd(
        tmp_path / "branch", "".join(write_ldif(branch())), SlapdOptions(BRANCH), server_certificates
    ) as other:
        program = pair.program
        program.others["directories"] = {"main": program.directory, "branch": openldap(other, BRANCH)}
        program.write()
        other.kill()
        said = program("sync", "--apply")
        assert (said.code, pair.writes()) == (1, 0), said.text
        assert "referred-elsewhere" in said.text

        other.start()
        said = program("recover", "--apply")
        assert (said.code, pair.writes()) == (3, len(LOGINS)), said.text
        assert said.text.count("probably the same one, re-created") == len(LOGINS)
