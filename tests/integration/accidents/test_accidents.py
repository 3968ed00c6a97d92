"""What happened to users of other synchronisers, re-enacted: row by row of docs/accidents.md, which cites the reports.

OpenLDAP's slapd on one side, scim2-server on the other. In each: nobody is wrongly removed, the rest flows, the message
says what to do, and after that has been done both sides are in step.
"""

import pytest

from tests.integration.accidents.conftest import Scene, StartScene
from tests.integration.days import DISABLED
from tests.integration.installation import Said
from tests.servers.ldap_proxy import BUSY, Plan, Refusal, ldap_proxy

pytestmark = pytest.mark.slapd

EVERYBODY = {f"{unit}{number:02}" for unit in "es" for number in range(12)}
EIGHT = {f"e{number:02}" for number in range(8)}


def assert_says(said: Said, code: int, *words: str) -> None:
    """The run ends with this code, and says what an administrator needs."""
    assert said.code == code, said.text
    assert "Traceback" not in said.text
    for word in words:
        assert word in said.text, said.text


def assert_nobody_was_removed(scene: Scene, *newcomers: str) -> None:
    """Everybody works at the service, in every group as before."""
    assert scene.active() == EVERYBODY | {*newcomers}
    assert scene.members("everybody") == EVERYBODY
    assert scene.pair.console.groups().keys() == {"sales", "engineering", "everybody"}


def test_row_01_a_source_outage_or_partial_answer_is_read_as_everybody_left(start_scene: StartScene) -> None:
    """Out, busy in the middle of an answer, over a limit, half of it hidden, empty: five bad reads remove nobody."""
    scene = start_scene(1, {"full_read_every": "0"})

    with scene.outage():
        assert_says(scene.sync(), 1, "refuses the connection", "Check that the directory server runs")

    # ssosync#278: 503 for two of them, after the others were given.
    with ldap_proxy(scene.slapd.port) as proxy:
        proxy.spoil(Plan(Refusal(BUSY), b"inetOrgPerson", 22))
        scene.connection(port=proxy.port)
        assert_says(scene.sync(), 1, "busy", "Run again later")
    scene.connection(port=scene.slapd.port)

    with scene.directory(size_limit=10):
        assert_says(scene.sync(), 3, "sizeLimitExceeded", "size=unlimited")
    assert scene.writes() == []

    with scene.directory(hidden_subtrees=(scene.unit("sales"),)):
        scene.hire("newcomer", "engineering")
        assert_says(scene.sync(), 3, "gave 13 users; the last read that was believed gave 24", "bind user's rights")
    assert scene.writes() == ["POST Users"]

    with scene.directory(hidden_subtrees=(f"ou=people,{scene.base}",)):
        assert_says(scene.sync(), 3, "no user at all", "the bind user may read the people")
    assert scene.writes() == []

    assert_nobody_was_removed(scene, "newcomer")
    scene.in_step()


def test_row_02_there_is_no_limit_on_deletions(start_scene: StartScene) -> None:
    """Eight of 24 people are deleted, and a group: all of it waits for a person, who releases exactly that, once."""
    scene = start_scene(2)
    scene.pair.administrator.dismiss(*(one.dn for one in scene.people[:8]))
    scene.pair.administrator.delete(f"cn=sales,ou=groups,{scene.base}")

    assert_says(scene.sync(), 3, "deactivate 8 users, delete 1 group", "approve the plan's id", "ldap2scim approve ")
    assert scene.writes() == []
    assert_nobody_was_removed(scene)

    scene.approve()
    assert_says(scene.sync(), 0)

    assert scene.active() == EVERYBODY - EIGHT
    scene.in_step(left=tuple(EIGHT))


def test_row_03_the_limit_is_all_or_nothing(start_scene: StartScene) -> None:
    """Over the limit, removals wait; who comes, changes, or enters a group is served in the same run."""
    scene = start_scene(3)
    scene.disable(*scene.people[:8])
    newcomer = scene.hire("newcomer")
    scene.pair.administrator.insert(f"cn=sales,ou=groups,{scene.base}", "member", newcomer)
    scene.pair.administrator.replace(scene.people[10].dn, title=["captain"])

    said = scene.sync()

    assert_says(said, 3, "Held: update 8 users", "the limit is 5 of 24", "ldap2scim approve ")
    assert scene.writes() == ["PATCH Users", "POST Users", "PATCH Groups"]
    assert_nobody_was_removed(scene, "newcomer")
    assert scene.pair.console.users()["e10"]["title"] == "captain"
    assert "newcomer" in scene.members("sales")

    scene.approve()
    assert_says(scene.sync(), 0)
    assert scene.active() == EVERYBODY - EIGHT | {"newcomer"}
    scene.in_step()


def test_row_04_the_way_past_the_guard_is_to_switch_it_off(start_scene: StartScene) -> None:
    """Who wants eight removals approves these eight. What goes wrong afterwards is not covered, and is held again."""
    scene = start_scene(4)
    scene.disable(*scene.people[:8])
    assert_says(scene.sync(), 3, "Held: update 8 users")
    scene.approve()
    scene.disable(*scene.people[8:])

    assert_says(scene.sync(), 3, "Held: update 16 users")
    assert scene.active() == EVERYBODY - EIGHT, "the eight that a person had seen, and nobody else"

    assert_says(scene.sync(), 3, "Held: update 16 users")
    assert scene.active() == EVERYBODY - EIGHT, "an approval is used up by one run"

    for one in scene.people[8:]:
        scene.pair.administrator.replace(one.dn, shadowExpire=[])
    assert_says(scene.sync(), 0)
    scene.in_step()


def test_row_05_changing_a_filter_mapping_or_mode_deletes_people(start_scene: StartScene) -> None:
    """A filter that excludes more than was meant, a wrong mapping, people in another unit: nobody is removed."""
    scene = start_scene(5)

    # authentik#19295: meant to leave out one unit, and left out everybody.
    everybody = f"(!(entryDN:dnSubtreeMatch:=ou=people,{scene.base}))"
    scene.connection(users={"filter": everybody})
    assert_says(scene.sync(), 3, everybody, "no user at all", "Check base DN and user filter")
    scene.connection(users={"filter": "(!(uid=e*))"})
    assert_says(scene.sync(), 3, "deactivate 12 users", "gave 12 users", "of the filter or of the base DN")
    scene.connection(users=None)

    scene.settings(mapping={"user": {**DISABLED["user"], "userName": "sn"}})
    assert_says(scene.sync(), 3, "the same login")
    assert scene.writes() == []
    scene.settings(mapping=DISABLED)
    assert_nobody_was_removed(scene)

    # mailcow-ldap-sync#3: the unit moved, and the key was the DN.
    before = scene.ids()
    scene.pair.administrator.rename(scene.unit("sales"), "ou=sales", f"ou=groups,{scene.base}")
    assert_says(scene.sync(), 0)
    assert scene.ids() == before
    assert scene.writes() == []
    assert_nobody_was_removed(scene)
    scene.in_step()


def test_row_06_objects_made_by_hand_or_by_another_tool_are_deleted(start_scene: StartScene) -> None:
    """What is not ours stays as it is, in a run and in a recovery, while our own leavers leave."""
    scene = start_scene(6)
    console = scene.pair.console
    console.create("Users", userName="break-glass", active=True)
    robot = console.create("Users", userName="payroll-robot", externalId="payroll-7", active=True)
    console.create("Groups", displayName="AWSControlTowerAdmins", members=[{"value": robot["id"]}])
    foreign = {name: console.users()[name] for name in ("break-glass", "payroll-robot")}
    admins = console.groups()["AWSControlTowerAdmins"]
    scene.writes()
    scene.pair.administrator.dismiss(scene.people[0].dn)

    assert_says(scene.sync(), 0)
    assert scene.active() == EVERYBODY - {"e00"} | foreign.keys()
    scene.writes()

    said = scene.pair.program("recover", "--apply")
    assert_says(said, 0, "payroll-robot", "left alone", "Remove them in the service's console if")
    assert scene.writes() == []
    assert {name: console.users()[name] for name in foreign} == foreign
    assert console.groups()["AWSControlTowerAdmins"] == admins
    scene.in_step(("e00",), (*foreign, "AWSControlTowerAdmins"))


def test_row_07_deletions_are_not_carried_over(start_scene: StartScene) -> None:
    """Whoever is deleted or leaves the filter leaves the service, by changes alone, and over a restart of slapd too."""
    scene = start_scene(7, {"users": {"filter": "(!(title=former))"}})
    first, second, third, *_ = scene.people
    scene.pair.administrator.dismiss(first.dn)
    scene.pair.administrator.replace(second.dn, title=["former"])

    said = scene.sync("--json")
    assert (said.code, said.document["reads"][0]["by_changes"]) == (0, "syncrepl"), said.text
    assert scene.active() == EVERYBODY - {"e00", "e01"}
    assert scene.members("everybody") == EVERYBODY - {"e00", "e01"}

    # slapd forgets its log of deletions, and says instead who is still there (python-ldap#564, ReOpenLDAP#71).
    with scene.directory():
        scene.pair.administrator.dismiss(third.dn)
        said = scene.sync("--json")
    assert (said.code, said.document["reads"][0]["by_changes"]) == (0, "syncrepl"), said.text
    assert scene.active() == EVERYBODY - {"e00", "e01", "e02"}

    # One of three groups is a third of them: that one waits for a person, and then goes.
    scene.pair.administrator.delete(f"cn=sales,ou=groups,{scene.base}")
    assert_says(scene.sync(), 3, "delete 1 group", "ldap2scim approve ")
    scene.approve()
    assert_says(scene.sync(), 0)
    assert scene.pair.console.groups().keys() == {"engineering", "everybody"}
    scene.writes()
    assert (scene.sync().code, scene.writes()) == (0, [])


def test_row_08_a_rename_becomes_delete_and_create(start_scene: StartScene) -> None:
    """Login, name and address change: the account keeps its id and its groups, and one PATCH does it."""
    scene = start_scene(8)
    before = scene.ids()
    married = scene.pair.administrator.rename(scene.people[0].dn, "uid=e00-tanaka")
    scene.pair.administrator.replace(married, sn=["Tanaka"], cn=["E00 Tanaka"], mail=["tanaka@example.com"])

    assert_says(scene.sync(), 0, "update")

    assert scene.writes() == ["PATCH Users"]
    assert scene.ids() == {name.replace("e00", "e00-tanaka"): identifier for name, identifier in before.items()}
    assert scene.members("everybody") == EVERYBODY - {"e00"} | {"e00-tanaka"}
    scene.in_step()


def test_row_09_a_recycled_login_or_address_inherits_the_rights_of_another_person(start_scene: StartScene) -> None:
    """Somebody new with the login and address of a leaver waits for a person, and never gets the leaver's account."""
    scene = start_scene(9)
    former = scene.pair.console.users()["e00"]
    scene.pair.administrator.dismiss(scene.people[0].dn)
    scene.hire("e00", "sales", cn=["Other Person"], sn=["Person"], givenName=["Other"])

    said = scene.sync()

    assert_says(
        said, 3, "It has the login of e00", "another source anchor", "`ldap2scim keep`", "at the service for good"
    )
    assert scene.active() == EVERYBODY - {"e00"}, "the leaver has left, and nobody came back as them"
    assert "e00" not in scene.members("everybody")
    assert scene.pair.console.users()["e00"]["name"] == former["name"]
    scene.writes()

    # The administrator has asked: it is another person.
    scene.pair.console.dismiss(scene.pair.console.users()["e00"])
    scene.approve()
    assert_says(scene.sync(), 0)
    newcomer = scene.pair.console.users()["e00"]
    assert newcomer["id"] != former["id"]
    assert newcomer["name"]["familyName"] == "Person"
    assert "e00" not in scene.members("everybody")
    scene.writes()
    scene.in_step()


def test_row_10_the_tool_is_blind_to_edits_in_the_service(start_scene: StartScene) -> None:
    """`drift` names what was edited, deleted and taken out; `recover` mends that and nothing else; nothing is stuck."""
    scene = start_scene(10)
    console = scene.pair.console
    users, sales = console.users(), console.groups()["sales"]
    console.edit("Groups", sales, members=sales["members"][1:])
    console.edit("Users", users["e05"], title="boss")
    console.dismiss(users["e06"])
    # idp-scim-sync#104: gone from the service by hand, and from the directory a little later.
    console.dismiss(users["e07"])
    scene.writes()
    scene.pair.administrator.dismiss(scene.people[7].dn)
    assert_says(scene.sync(), 0)

    said = scene.pair.program("drift")
    assert said.code != 0
    for word in ("uid=e05,", "title", "uid=e06,", "cn=sales,", "`ldap2scim recover --apply`"):
        assert word in said.text
    scene.writes()

    dry = scene.pair.program("recover", "--json").document["accounts"]["service"]
    assert (dry["managed_before"], dry["created"], dry["managed_after"]) == (25, 1, 26)
    assert_says(scene.pair.program("recover", "--apply"), 0, "uid=e05,", "uid=e06,", "cn=sales,")
    assert sorted(scene.writes()) == ["PATCH Groups"] * 3 + ["PATCH Users", "POST Users"]
    assert scene.active() == EVERYBODY - {"e07"}
    scene.in_step()


def test_row_11_one_bad_entry_blocks_all_the_others(start_scene: StartScene) -> None:
    """No login, a login given twice, a member that is not there, a name taken at the service: each alone is left."""
    scene = start_scene(11)
    scene.pair.console.create("Users", userName="taken", active=True)
    first = scene.people[0]
    directory, sales = scene.pair.administrator, f"cn=sales,ou=groups,{scene.base}"
    nameless = f"cn=No Login,{scene.unit('sales')}"
    directory.add(nameless, ["inetOrgPerson"], cn=["No Login"], sn=["Login"])
    double = scene.hire("s03", "engineering")
    scene.hire("taken")
    newcomer = scene.hire("newcomer")
    directory.insert(sales, "member", f"uid=ghost,{scene.unit('sales')}", newcomer)
    directory.replace(first.dn, title=["captain"])

    said = scene.sync()

    # 1 comes before 3: the service refused one of them.
    assert_says(said, 1, nameless, "Give the entry a value in uid", double, "Give each person a login of their own")
    assert_says(said, 1, "uid=ghost,", "uid=taken,", "409", "find it at the service")
    assert_nobody_was_removed(scene, "newcomer", "taken")
    assert "newcomer" in scene.members("sales")
    assert scene.pair.console.users()["e00"]["title"] == "captain"
    account = scene.sync("--json").document["accounts"]["directory"]
    assert (account["held"], account["failed"]) == (3, 1)

    directory.delete(nameless, double)
    directory.take(sales, "member", f"uid=ghost,{scene.unit('sales')}")
    scene.pair.console.delete("Users", scene.pair.console.users()["taken"])
    assert_says(scene.sync(), 0)
    scene.in_step()


def test_beyond_the_rows_two_people_that_an_access_rule_hides(start_scene: StartScene) -> None:
    """LDAP has no error for it: they leave as leavers do, disabled and not deleted, and come back by themselves."""
    scene = start_scene(12, {"full_read_every": "0"})
    before = scene.ids()
    with scene.directory(hidden_subtrees=tuple(one.dn for one in scene.people[:2])):
        assert_says(scene.sync(), 0, "deactivate")
    assert scene.active() == EVERYBODY - {"e00", "e01"}

    assert_says(scene.sync(), 0, "restore")
    assert scene.ids() == before
    assert_nobody_was_removed(scene)
    scene.in_step()
