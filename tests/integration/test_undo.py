"""A run is taken back: the service is as it was before, attribute by attribute; what cannot be is named."""

from typing import Any

import pytest

from ldap2scim.state.decisions import decisions_on
from ldap2scim.state.store import open_store
from tests.integration.comparing import differences
from tests.integration.conftest import StartPair
from tests.integration.days import DISABLED, day_of_changes
from tests.integration.pairs import Pair
from tests.servers.available import require

OF_THE_SERVICE = frozenset({"id", "meta"})
GROUPS_MAY_GO = {"member_loss_minimum": 20}
"""The group of 20 that the day dissolves goes without a person."""


def people(pair: Pair) -> dict[str, dict[str, Any]]:
    """Return every user of the service by login, without what the service itself counts and names."""
    return {name: _own(user) for name, user in pair.console.users().items()}


def groups(pair: Pair) -> dict[str, dict[str, Any]]:
    """Return every group by name, its members by login."""
    logins = {user["id"]: name for name, user in pair.console.users().items()}
    return {
        name: {**_own(group), "members": sorted(logins[one["value"]] for one in group.get("members", ()))}
        for name, group in pair.console.groups().items()
    }


def ids(pair: Pair) -> dict[str, str]:
    """Return the id of every user."""
    return {name: user["id"] for name, user in pair.console.users().items()}


def _own(resource: dict[str, Any]) -> dict[str, Any]:
    # A user's groups (RFC 7643 §4.1.2) are the service's view of the groups, which are compared by themselves.
    return {name: value for name, value in resource.items() if name not in OF_THE_SERVICE | {"groups"}}


def last_run(pair: Pair) -> str:
    """Return the id of the last run that was applied."""
    said = pair.program("history", "--json").document
    return next(str(one["run_id"]) for one in said["runs"] if one["mode"] == "apply")


def loaded(start: StartPair, **service: Any) -> Pair:
    """Return a pair that is in step, people disabled by `shadowExpire`."""
    pair = start(**service)
    pair.program.directory["mapping"] = DISABLED
    pair.program.others["safety"] = GROUPS_MAY_GO
    pair.program.write()
    said = pair.program("sync", "--apply")
    assert said.code == 0, said.text
    return pair


@pytest.mark.slapd
def test_a_day_is_taken_back_at_a_service_that_keeps_leavers(start_real_pair: StartPair) -> None:
    """Created, updated, renamed, moved, disabled, deactivated, groups changed: all have the same resource again."""
    require("slapd")
    pair = loaded(start_real_pair, leavers="deactivate")
    users, teams, numbers = people(pair), groups(pair), ids(pair)
    day = day_of_changes(pair.administrator)
    said = pair.program("sync", "--apply")
    assert said.code == 0, said.text
    assert people(pair) != users
    run = last_run(pair)
    pair.writes()

    dry = pair.program("undo", run)
    assert dry.code == 2, dry.text
    assert "makes the same changes again" in " ".join(dry.text.split())
    assert pair.writes() == 0
    done = pair.program("undo", run[:8], "--apply")
    assert done.code == 0, done.text

    after = people(pair)
    assert {name: after[name] for name in users} == users
    assert {name: user["active"] for name, user in after.items() if name not in users} == dict.fromkeys(
        day.hired, False
    )
    assert groups(pair) == teams
    assert {name: ids(pair)[name] for name in numbers} == numbers

    assert "Nothing to do" in pair.program("undo", run).text
    pair.program.others["safety"] = {
        "users": {"least": 20},
        **GROUPS_MAY_GO,
    }  # the day's removals and ours are more than 5
    pair.program.write()
    again = pair.program("sync", "--apply")
    assert again.code == 0, again.text
    assert differences(pair, left=day.left) == []


def test_a_day_is_taken_back_where_leavers_are_deleted(start_embedded_pair: StartPair) -> None:
    """Who was deleted is created again, with another id, and that is said; who was created is deleted."""
    pair = loaded(start_embedded_pair, leavers="delete")
    users, teams, numbers = people(pair), groups(pair), ids(pair)
    day = day_of_changes(pair.administrator)
    assert pair.program("sync", "--apply").code == 0
    done = pair.program("undo", last_run(pair), "--apply")

    assert done.code == 0, done.text
    assert "created again" in done.text
    assert people(pair) == users
    assert groups(pair) == teams
    assert {name for name, number in ids(pair).items() if numbers[name] != number} == set(day.left)


def test_what_a_later_run_changed_stays(start_embedded_pair: StartPair) -> None:
    """An attribute that has another value since is left alone and named; the others of the same run go back."""
    pair = loaded(start_embedded_pair)
    one, other = pair.administrator.people()[:2]
    names = [str(person.text("uid")) for person in (one, other)]
    before = people(pair)
    pair.administrator.replace(one.dn, title=["first"], sn=["別"])
    pair.administrator.replace(other.dn, title=["first"])
    assert pair.program("sync", "--apply").code == 0
    run = last_run(pair)
    pair.administrator.replace(one.dn, title=["second"])
    assert pair.program("sync", "--apply").code == 0
    done = pair.program("undo", run, "--apply")

    assert done.code == 0, done.text
    assert "changed the same attributes since" in " ".join(done.text.split())
    after = people(pair)
    assert after[names[0]] == {**before[names[0]], "title": "second"}
    assert after[names[1]] == before[names[1]]


def test_the_service_as_it_was_at_a_moment(start_embedded_pair: StartPair) -> None:
    """Several runs are taken back together; the same judge holds what is too much, and a person releases it."""
    pair = loaded(start_embedded_pair, leavers="deactivate")
    users, teams = people(pair), groups(pair)
    then = pair.program("history", "--json").document["runs"][0]["finished_at"]
    day = day_of_changes(pair.administrator)
    assert pair.program("sync", "--apply").code == 0
    for person in pair.administrator.people()[20:22]:
        pair.administrator.replace(person.dn, title=["later"])
    assert pair.program("sync", "--apply").code == 0
    pair.program.others["safety"] = {"users": {"most": 0, "least": 0}, **GROUPS_MAY_GO}
    pair.program.write()

    held = pair.program("restore", "--as-of", then, "--apply", "--json")
    assert held.code == 3, held.text
    plan = held.document["plan_id"]
    ordinary = pair.program("plan", "--json").document["plan_id"]
    pair.writes()
    refused = pair.program("restore", "--as-of", then, "--apply", "--approve", ordinary)
    assert (refused.code, pair.writes()) == (3, 0), refused.text
    assert "is the id of another one" in refused.err
    signed = ("--by", "Suzuki", "--why", "a wrong filter")
    done = pair.program("restore", "--as-of", then, "--apply", "--approve", plan, *signed)
    with open_store(pair.program.state, create=False) as store:
        assert decisions_on(store, ordinary) == ()
        assert [(one.release.by, one.release.why) for one in decisions_on(store, plan)] == [signed[1::2]]

    assert done.code == 0, done.text
    after = people(pair)
    assert {name: after[name] for name in users} == users
    assert [after[name]["active"] for name in day.hired] == [False] * 3
    assert groups(pair) == teams
