"""Twenty kinds of edit in the service's console: found, told which side moved, and repaired or kept by policy."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from ldap2scim.sandbox.world import Size
from tests.integration.conftest import StartPair
from tests.integration.pairs import Pair

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
POLICY = {"user": {"preferredLanguage": "keep", "department": "report"}, "group": {"displayName": "overwrite"}}
EDITED, PENDING, CONFLICT = "edited in the service", "pending in the directory", "conflict"
NORMALISED, WRITTEN, KEPT, LEFT, NOTHING = (
    "normalised by the service", "the directory's is written", "kept", "left to a person", "nothing",
)  # fmt: skip


@dataclass
class World:
    """A company in step, and the edits that are made to it; each concerns a person or group of its own."""

    pair: Pair
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    expected: list[tuple[str, str, str, str]] = field(default_factory=list)
    """Name (a part of the DN or login), what, which side, what is done."""

    def somebody(self) -> dict[str, Any]:
        """Return the next person whom nobody has touched, with a title."""
        name = next(name for name in sorted(self.users) if self.users[name].get("title") and self.users[name]["active"])
        return self.users.pop(name)

    def edit(self, what: str, side: str = EDITED, done: str = WRITTEN, **attributes: Any) -> dict[str, Any]:
        """Edit somebody in the console."""
        user = self.somebody()
        self.pair.console.edit("Users", user, **attributes)
        self.expect(f"uid={user['userName']},", what, side, done)
        return user

    def expect(self, name: str, what: str, side: str = EDITED, done: str = WRITTEN) -> None:
        """Say what has to be found."""
        self.expected.append((name, what, side, done))

    def promote(self, user: dict[str, Any]) -> None:
        """Change somebody's title in the directory."""
        dn = next(one.dn for one in self.pair.administrator.people() if one.text("uid") == user["userName"])
        self.pair.administrator.replace(dn, title=["chief"])


def edit_people(world: World) -> None:
    """Edit attributes of people, and who they are, by hand; in the directory as well for some."""
    console = world.pair.console
    # 1-9: attributes
    world.edit("title", title="Emperor")
    user = world.somebody()
    console.edit("Users", {name: value for name, value in user.items() if name != "title"})
    world.expect(f"uid={user['userName']},", "title")
    world.edit("name.familyName", name={"familyName": "X", "givenName": "Y"})
    world.expect(world.expected[-1][0], "name.givenName")
    world.edit("displayName", displayName="Somebody Else")
    world.edit("emails", emails=[{"value": "other@elsewhere.example", "type": "work", "primary": True}])
    user = world.somebody()
    console.edit("Users", user, emails=[*user["emails"], {"value": "second@elsewhere.example", "type": "home"}])
    world.expect(f"uid={user['userName']},", "emails")
    user = world.somebody()
    console.edit("Users", {name: value for name, value in user.items() if name != "emails"})
    world.expect(f"uid={user['userName']},", "emails")
    world.edit("preferredLanguage", done=KEPT, preferredLanguage="fr")
    user = world.somebody()
    console.edit("Users", user, **{ENTERPRISE: {**user[ENTERPRISE], "department": "elsewhere"}})
    world.expect(f"uid={user['userName']},", "enterprise.department", EDITED, LEFT)
    # 10-15: who somebody is
    world.edit("deactivated", active=False)
    world.edit("renamed (userName)", userName="renamed.by.hand")
    world.edit("externalId", externalId="by-hand")
    user = world.somebody()
    console.edit("Users", {name: value for name, value in user.items() if name != "externalId"})
    world.expect(f"uid={user['userName']},", "externalId")
    deleted = world.somebody()
    console.dismiss(deleted)
    world.expect(f"uid={deleted['userName']},", "deleted")
    # 16-18: the directory moved as well, or alone
    both = world.edit("title", CONFLICT, title="Emperor")
    world.promote(both)
    pending = world.somebody()
    world.promote(pending)
    world.expect(f"uid={pending['userName']},", "title", PENDING)
    user = world.somebody()
    mails = [{**mail, "value": mail["value"].upper()} for mail in user["emails"]]
    console.edit("Users", user, emails=mails)
    world.expect(f"uid={user['userName']},", "emails", NORMALISED, NOTHING)


def edit_groups(world: World) -> None:
    """Rename, delete and change the members of groups by hand."""
    console = world.pair.console
    groups = console.groups()
    console.edit("Groups", groups["project-0000"], displayName="renamed group")
    world.expect("cn=project-0000,", "renamed (displayName)")
    console.delete("Groups", groups["dept-finance"])
    world.expect("cn=dept-finance,", "deleted")
    stranger = console.create("Users", userName="stranger", active=True)
    everybody = groups["everybody"]
    console.edit("Groups", everybody, members=[*everybody["members"][3:], {"value": stranger["id"]}])
    world.expect("cn=everybody,", "members +1 −3")
    project = groups["project-0001"]
    inside = {member["value"] for member in project["members"]}
    more = [{"value": one["id"]} for one in console.users().values() if one["id"] not in inside][:2]
    console.edit("Groups", project, members=[*project["members"], *more])
    world.expect("cn=project-0001,", "members +2")


@pytest.mark.parametrize("pair_of", ["embedded", pytest.param("real", marks=pytest.mark.slapd)])
def test_twenty_kinds_of_edit(request: pytest.FixtureRequest, pair_of: str) -> None:
    """Each kind is found, classed, repaired or kept; then both sides agree but for what the policy leaves alone."""
    start: StartPair = request.getfixturevalue(f"start_{pair_of}_pair")
    pair = start(Size(people=60, groups=12, largest_group=40))
    pair.program.others["drift"] = POLICY
    pair.program.write()
    assert pair.program("sync", "--apply").code == 0
    world = World(pair, pair.console.users())
    edit_people(world)
    edit_groups(world)
    pair.writes()

    said = pair.program("drift", "--json")
    assert said.code == 2, said.text
    found = [(one["name"], one["what"], one["which side"], one["what is done"]) for one in said.document["edits"]]
    missing = [one for one in world.expected if not any(_is(one, other) for other in found)]
    surplus = [one for one in found if not any(_is(other, one) for other in world.expected)]
    assert (missing, surplus) == ([], [])
    assert len(world.expected) >= 20
    assert pair.writes() == 0

    sampled = pair.program("drift", "--sample", "1000", "--json")
    told = {(one["name"], one["what"]) for one in sampled.document["edits"]}
    assert (sampled.code, _attributes(told)) == (2, _attributes({(one[0], one[1]) for one in found}))
    assert {name.partition(",")[0] for name, what in told if what.startswith("members +")} == {
        "cn=everybody",
        "cn=project-0001",
    }
    few = pair.program("drift", "--sample", "5")
    assert "A sample: 5 of " in few.out
    assert few.out == pair.program("drift", "--sample", "5").out  # the same all day

    mended = pair.program("drift", "--apply")
    assert mended.code == 0, mended.text
    after = pair.program("drift", "--json")
    left = sorted((one["what"], one["which side"], one["what is done"]) for one in after.document["edits"])
    assert left == [
        ("emails", NORMALISED, NOTHING),
        ("enterprise.department", EDITED, LEFT),
        ("preferredLanguage", EDITED, KEPT),
    ]
    assert after.code == 2  # what is left to a person is different until somebody looks at it
    users = pair.console.users()
    assert "fr" in {one.get("preferredLanguage") for one in users.values()}
    assert "Emperor" not in {one.get("title") for one in users.values()}
    assert "stranger" in users


def _is(expected: tuple[str, str, str, str], found: tuple[str, str, str, str]) -> bool:
    return found[0].startswith(expected[0]) and found[1:] == expected[1:]


def _attributes(told: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Leave out members: a sample counts those who were deleted."""
    return {one for one in told if not one[1].startswith("members")}
