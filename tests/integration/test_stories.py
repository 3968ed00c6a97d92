"""Days, accidents at the service, lost state, leavers: a small company on every pair, with PATCH and without."""

import pytest

from ldap2scim.sandbox.service import IIJ_LIKE, EmbeddedService
from ldap2scim.sandbox.world import PEOPLE_DN
from tests.integration.comparing import differences
from tests.integration.conftest import StartPair
from tests.integration.days import DISABLED, damage, day_of_changes
from tests.integration.pairs import Pair


@pytest.fixture(params=["patch", "put"])
def loaded(request: pytest.FixtureRequest, start_pair: StartPair) -> Pair:
    """A pair after its first load, whose service has PATCH or has not."""
    pair = start_pair(patch=request.param == "patch")
    pair.program.others["mapping"] = DISABLED
    pair.program.write()
    assert pair.program("sync", "--apply").code == 0
    pair.service.clear_requests()
    return pair


def test_a_day_of_changes_reaches_the_service(loaded: Pair) -> None:
    """Whatever changed in the directory, the service holds it after one run, and the next run writes nothing."""
    day = day_of_changes(loaded.administrator)
    assert loaded.program("plan").code == 2
    assert loaded.writes() == 0
    assert loaded.program("sync", "--apply").code == 0
    assert loaded.writes() > 10
    assert differences(loaded, left=day.left) == []
    users = loaded.console.users()
    assert day.renamed[0] not in users
    assert users[day.renamed[1]]["active"] is True
    assert users[day.disabled]["active"] is False
    assert loaded.program("drift").code == 0
    assert loaded.program("sync", "--apply").code == 0
    assert loaded.writes() == 0


def test_recover_repairs_what_was_done_at_the_service_by_hand(loaded: Pair) -> None:
    """Drift names what was edited, deleted or deactivated by hand; recover repairs it and lets strangers be."""
    damaged = damage(loaded.console)
    loaded.service.clear_requests()
    said = loaded.program("drift")
    assert said.code == 2
    for name in (damaged.edited, damaged.deleted, damaged.deactivated, damaged.deleted_group, damaged.changed_group):
        assert name in said.out
    assert loaded.program("recover").code == 2
    assert loaded.writes() == 0
    assert loaded.program("recover", "--apply").code == 0
    assert differences(loaded, foreign=["stranger"]) == []
    assert loaded.program("drift").code == 0


def test_a_lost_state_is_rebuilt_without_creating_anything_twice(loaded: Pair) -> None:
    """Without its state file the program finds everything again by externalId, creates nothing, and goes on."""
    loaded.program.lose_state()
    assert loaded.program("drift").code == 0
    assert loaded.program("recover", "--apply").code == 0
    assert [request.method for request in loaded.service.writes()] == []
    assert differences(loaded) == []
    day = day_of_changes(loaded.administrator)
    assert loaded.program("sync", "--apply").code == 0
    assert differences(loaded, left=day.left) == []


def test_who_left_while_the_state_was_lost_waits_for_a_person(loaded: Pair) -> None:
    """Somebody who left and whom no state remembers is an orphan: named, untouched, and released by the plan's id.

    Until then she keeps her groups.
    """
    leaver = loaded.administrator.people()[0]
    login = str(leaver.text("uid"))
    groups = groups_of(loaded, login)
    assert groups
    loaded.administrator.dismiss(leaver.dn)
    loaded.program.lose_state()
    said = loaded.program("recover", "--apply")
    assert said.code == 3
    assert "Held: deactivate 1 orphaned user." in said.out
    assert login in said.out
    assert loaded.console.users()[login]["active"] is True
    assert groups_of(loaded, login) == groups
    plan = said.out.partition("ldap2scim approve ")[2].split()[0]
    assert loaded.program("sync", "--apply", "--approve", plan).code == 0
    assert loaded.console.users()[login]["active"] is False
    released = loaded.program("history", "--json").document["runs"][0]["run_id"]
    assert loaded.program("drift", "--apply").code == 0
    assert differences(loaded, foreign=[login]) == []
    assert loaded.program("drift").code == 0
    assert login in loaded.program("history", released).out
    back = loaded.program("undo", released)
    assert (back.code, f"removed orphans alone, of which nothing is remembered: {login}" in back.err) == (1, True)


def groups_of(pair: Pair, login: str) -> set[str]:
    """Return the groups at the service that somebody is in."""
    own = pair.console.users()[login]["id"]
    groups = pair.console.groups().items()
    return {name for name, group in groups if own in {member["value"] for member in group.get("members", ())}}


def test_who_left_is_deactivated_and_comes_back(loaded: Pair) -> None:
    """A leaver is deactivated and out of all groups; the same entry back in scope is the same account, active."""
    loaded.program.directory["users"] = {"filter": "(!(roomNumber=left))"}
    loaded.program.write()
    person = loaded.administrator.people()[7]
    login, room = str(person.text("uid")), person.texts("roomNumber")
    before = loaded.console.users()[login]
    loaded.administrator.replace(person.dn, roomNumber=["left"])
    assert loaded.program("sync", "--apply").code == 0
    gone = loaded.console.users()[login]
    assert (gone["id"], gone["active"]) == (before["id"], False)
    groups = loaded.console.groups().values()
    assert not any(gone["id"] == member["value"] for group in groups for member in group.get("members", ()))
    assert loaded.program("drift").code == 0
    loaded.administrator.replace(person.dn, roomNumber=room)
    assert loaded.program("sync", "--apply").code == 0
    assert loaded.console.users()[login]["id"] == before["id"]
    assert differences(loaded) == []
    assert loaded.program("drift").code == 0


def test_who_left_is_deleted_where_the_settings_say_so(start_pair: StartPair) -> None:
    """With `leavers: delete` a leaver is deleted, and an entry that comes back is created anew."""
    pair = start_pair(leavers="delete")
    assert pair.program("sync", "--apply").code == 0
    person = pair.administrator.people(f"ou=sales,{PEOPLE_DN}")[0]
    login = str(person.text("uid"))
    pair.administrator.dismiss(person.dn)
    assert pair.program("sync", "--apply").code == 0
    assert login not in pair.console.users()
    assert differences(pair) == []
    values = {name: values for name, values in person.attributes.items() if name not in {"objectclass", "entryuuid"}}
    pair.administrator.add(person.dn, person.texts("objectClass"), **values)
    assert pair.program("sync", "--apply").code == 0
    assert differences(pair) == []
    assert pair.program("drift").code == 0


@pytest.mark.parametrize("state", ["kept", "lost"])
def test_who_left_is_taken_out_of_pending_deletion(start_embedded_pair: StartPair, state: str) -> None:
    """At a service with pending deletion a leaver is deleted, and comes back as the same account, state or no state."""
    # The profile `iij-id` would hold logins that are no addresses.
    assumed = {"deletion": "pending", "restore": "post"}
    pair = start_embedded_pair(personality=IIJ_LIKE, leavers="delete", assume=assumed)
    service = pair.service
    assert isinstance(service, EmbeddedService)
    pair.program.directory["users"] = {"filter": "(!(roomNumber=left))"}
    pair.program.write()
    assert pair.program("sync", "--apply").code == 0
    person = pair.administrator.people()[7]
    login, room = str(person.text("uid")), person.texts("roomNumber")
    identifier = pair.console.users()[login]["id"]
    pair.administrator.replace(person.dn, roomNumber=["left"])
    assert pair.program("sync", "--apply").code == 0
    assert [user["id"] for user in service.store.pending] == [identifier]
    assert pair.program("drift").code == 0
    assert pair.program("recover", "--apply").code == 0
    if state == "lost":
        pair.program.lose_state()
    pair.administrator.replace(person.dn, roomNumber=room, title=["会長"])
    assert pair.program("sync", "--apply").code == 0
    assert pair.console.users()[login]["id"] == identifier
    assert differences(pair) == []
    assert pair.program("drift").code == 0


def test_a_leaver_enabled_by_hand_is_drift(loaded: Pair) -> None:
    """Somebody who left and whom a person enabled again at the service is named by drift and disabled by recover."""
    leaver = loaded.administrator.people()[3]
    login = str(leaver.text("uid"))
    loaded.administrator.dismiss(leaver.dn)
    assert loaded.program("sync", "--apply").code == 0
    loaded.console.edit("Users", loaded.console.users()[login], active=True)
    said = loaded.program("drift")
    assert said.code == 2
    assert login in said.out
    assert loaded.program("recover", "--apply").code == 0
    assert differences(loaded, left=[login]) == []
    assert loaded.program("drift").code == 0


def test_a_sync_finishes_what_it_stumbles_over_in_its_next_run(loaded: Pair) -> None:
    """Where something to be changed was deleted by hand, the run says so and the next one makes it anew, whole."""
    person = loaded.administrator.people()[0]
    group = loaded.administrator.group("project-0000")
    outside = [each.dn for each in loaded.administrator.people() if each.dn not in group.texts("member")]
    loaded.console.dismiss(loaded.console.users()[str(person.text("uid"))])
    loaded.console.delete("Groups", loaded.console.groups()["project-0000"])
    loaded.administrator.replace(person.dn, title=["会長"])
    loaded.administrator.insert(group.dn, "member", *(dn for dn in outside[:2] if dn != person.dn))
    said = loaded.program("sync", "--apply")
    assert said.code == 1
    assert "404" in said.out
    said = loaded.program("sync", "--apply")
    assert said.code == 0, said.text
    assert differences(loaded) == []


def test_a_match_by_login_alone_waits_for_a_person(start_pair: StartPair) -> None:
    """An account with somebody's login and without the externalId is never taken; with it, the next run adopts it."""
    pair = start_pair()
    person = pair.administrator.people()[0]
    login = str(person.text("uid"))
    account = pair.console.create("Users", userName=login, active=True)
    for _ in range(2):
        said = pair.program("sync", "--apply")
        assert said.code == 3, said.text
        assert account["id"] in said.out
    assert "externalId" not in pair.console.users()[login]
    pair.console.edit("Users", pair.console.users()[login], externalId=person.text("entryUUID"))
    said = pair.program("sync", "--apply")
    assert said.code == 0, said.text
    assert pair.console.users()[login]["id"] == account["id"]
    assert differences(pair) == []
    pair.service.clear_requests()
    assert pair.program("sync", "--apply").code == 0
    assert len(pair.service.requests) == 0  # nothing is left to adopt, and the service is not read any more
