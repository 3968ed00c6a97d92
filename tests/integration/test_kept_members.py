"""The policy of `group.members` at a service that we did not write: what is kept stays, what moves here goes."""

import pytest

from ldap2scim.sandbox.world import Size
from tests.integration.conftest import StartPair
from tests.integration.pairs import Pair

pytestmark = pytest.mark.slapd


def members(pair: Pair, group: str) -> set[str]:
    """Return the logins of the members of a group at the service."""
    names = {user["id"]: name for name, user in pair.console.users().items()}
    return {names[member["value"]] for member in pair.console.groups()[group].get("members", ())}


def under(pair: Pair, policy: str) -> None:
    """Write the policy into the settings."""
    pair.program.others["drift"] = {"group": {"members": policy}}
    pair.program.write()


def told(pair: Pair) -> tuple[int, set[tuple[str, str, str]]]:
    """Return the exit code of drift, and its lines about members."""
    said = pair.program("drift", "--json")
    edits = {(one["name"].partition(",")[0], one["what"], one["what is done"]) for one in said.document["edits"]}
    return said.code, edits


def test_members_by_policy(start_real_pair: StartPair) -> None:
    """Somebody put in and somebody taken out stay so under `keep` and `report`, until `overwrite` repairs both."""
    pair = start_real_pair(Size(people=40, groups=12, largest_group=20))
    under(pair, "keep")
    assert pair.program("sync", "--apply").code == 0
    grown, shrunk = (pair.administrator.group(name) for name in ("project-0000", "project-0001"))
    was = {name: members(pair, name) for name in ("project-0000", "project-0001")}
    users, groups = pair.console.users(), pair.console.groups()
    outsiders = sorted(set(users) - was["project-0000"])
    friend, colleague = outsiders[:2]
    exile, leaver = sorted(was["project-0001"])[:2]
    listed = groups["project-0000"]["members"]
    pair.console.edit("Groups", groups["project-0000"], members=[*listed, {"value": users[friend]["id"]}])
    rest = [one for one in groups["project-0001"]["members"] if one["value"] != users[exile]["id"]]
    pair.console.edit("Groups", groups["project-0001"], members=rest)
    pair.writes()

    kept = {("cn=project-0000", "members +1", "kept"), ("cn=project-0001", "members −1", "kept")}
    assert told(pair) == (0, kept)
    assert pair.program("recover", "--apply").code == 0
    assert pair.writes() == 0
    assert told(pair) == (0, kept)

    dns = {str(one.text("uid")): one.dn for one in pair.administrator.people()}
    pair.administrator.insert(grown.dn, "member", dns[colleague])
    pair.administrator.take(shrunk.dn, "member", dns[leaver])
    assert pair.program("sync", "--apply").code == 0
    assert pair.writes() == 2
    assert members(pair, "project-0000") == was["project-0000"] | {friend, colleague}
    assert members(pair, "project-0001") == was["project-0001"] - {exile, leaver}
    assert pair.program("sync", "--apply").code == 0
    assert pair.writes() == 0

    under(pair, "report")
    reported = {(name, what, "left to a person") for name, what, _ in kept}
    assert told(pair) == (2, reported)
    assert pair.program("recover", "--apply").code == 0
    assert pair.writes() == 0
    pair.administrator.take(shrunk.dn, "member", dns[exile])
    pair.administrator.insert(grown.dn, "member", dns[friend])
    assert pair.program("sync", "--apply").code == 0
    assert told(pair) == (0, set())
    assert members(pair, "project-0000") == was["project-0000"] | {friend, colleague}
    assert members(pair, "project-0001") == was["project-0001"] - {exile, leaver}

    pair.console.edit("Groups", pair.console.groups()["project-0000"], members=listed)
    under(pair, "overwrite")
    pair.writes()
    assert told(pair) == (2, {("cn=project-0000", "members −2", "the directory's is written")})
    assert pair.program("recover", "--apply").code == 0
    assert pair.writes() == 1
    assert members(pair, "project-0000") == was["project-0000"] | {friend, colleague}
