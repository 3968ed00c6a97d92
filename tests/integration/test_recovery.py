"""Recovery: from nothing, without a trace where it is dry, and whether changed settings need one."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from ldap2scim.sandbox.service import embedded_service
from ldap2scim.sandbox.world import Size
from tests.integration.conftest import StartPair
from tests.integration.pairs import Pair
from tests.seed import LONG

OURS, FOREIGN, LEAVERS = (10_000, 5_000, 20) if LONG else (500, 250, 5)
SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User"
RECORDED = {"runs", "findings", "reads"}
"""Where a dry run leaves its own record: rows that are added, and none that was there is another one."""
MOVED_ON = {"lease": 2, "positions": 2}
"""Where a row is another one by what a run cannot do without: the lease's token, the moment of the read; so many
columns from the left stay as they are."""


def rows(pair: Pair) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table of the state."""
    with closing(sqlite3.connect(pair.program.state)) as state:
        tables = [name for (name,) in state.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        kept = [name for name in tables if not name.startswith("sqlite_")]
        found = {name: state.execute(f"SELECT * FROM {name}").fetchall() for name in kept}  # noqa: S608 - of the schema
        return {name: sorted(some, key=repr) for name, some in found.items()}


def test_from_an_empty_state(start_embedded_pair: StartPair) -> None:
    """Nothing is created that is there, nothing foreign is touched; leavers of ours wait until they are approved.

    Until then they keep their groups: nobody proved that they have left.
    """
    pair = start_embedded_pair(Size(people=OURS, groups=10, largest_group=OURS // 2))
    assert pair.program("sync", "--apply").code == 0
    gone = sorted(one.dn for one in pair.administrator.people())[:LEAVERS]
    dissolved = min(pair.administrator.groups(), key=lambda one: one.dn)
    store = pair.service.store  # type: ignore[attr-defined] # the embedded one
    for number in range(FOREIGN):
        others = {"externalId": f"theirs{number}"} if number % 2 else {}
        store.create("User", {"schemas": [SCHEMA], "userName": f"foreign{number}", "active": True, **others})
    before = {name: user["meta"] for name, user in pair.console.users().items()}
    assert {one["id"] for one in leavers_of(pair, gone)} & {one["value"] for one in listed(pair)}
    pair.program.lose_state()
    for dn in gone:
        pair.administrator.dismiss(dn)
    pair.administrator.delete(dissolved.dn)
    pair.writes()

    dry = pair.program("recover", "--json").document
    assert pair.writes() == 0
    assert {one["verb"] for one in dry["operations"]} <= {"adopt", "change members"}

    said = pair.program("recover", "--apply", "--json").document
    assert not pair.service.writes(), "somebody lost a group, or more"
    orphans = next(one for one in said["findings"] if one["rule"] == "orphaned" and "user" in one["message"])
    leavers = {dn.partition(",")[0].partition("=")[2] for dn in gone}
    assert leavers <= set(orphans["subjects"])
    assert len(orphans["subjects"]) == LEAVERS + FOREIGN // 2
    held = {(one["verb"], one["name"]) for one in said["held"]}
    assert held == {("delete", dissolved.text("cn")), *(("deactivate", name) for name in leavers)}
    assert all("nobody proved that it has left" in one["reasons"][0] for one in said["held"])
    assert said["exit_code"] == 3
    assert {name: user["meta"] for name, user in pair.console.users().items()} == before
    remind(pair, f"{LEAVERS + 1}, held by plan {said['plan_id'][:12]}")
    drift = pair.program("drift")
    assert drift.code == 3
    assert "In step" in drift.out
    assert f"Held: deactivate {LEAVERS} orphaned users, delete 1 orphaned group." in drift.out
    assert is_explained(pair, min(leavers), said["plan_id"])
    pair.writes()

    assert pair.program("approve", said["plan_id"], "--kind", "deactivate").code == 1, "they are of a kind of their own"
    assert pair.program("approve", said["plan_id"], "--kind", "orphaned").code == 0
    released = pair.program("sync", "--apply", "--json").document
    assert (released["exit_code"], released["accounts"]["imbalances"]) == (0, [])
    assert {(one["verb"], one["name"]) for one in released["operations"]} == held
    assert "orphans-waiting" not in {one["rule"] for one in released["findings"]}
    assert pair.writes() == LEAVERS + 1
    assert not is_explained(pair, min(leavers), said["plan_id"])
    after = pair.console.users()
    assert {name for name, user in after.items() if not user["active"]} == leavers
    assert {name: user["meta"] for name, user in after.items() if name not in leavers} == {
        name: meta for name, meta in before.items() if name not in leavers
    }
    assert dissolved.text("cn") not in pair.console.groups()
    leave_groups(pair, {after[name]["id"] for name in leavers})
    assert "waiting for a person" not in pair.program("sync", "--apply").text


def leavers_of(pair: Pair, gone: list[str]) -> list[dict[str, Any]]:
    """Return the users of some entries."""
    return [pair.console.users()[dn.partition(",")[0].partition("=")[2]] for dn in gone]


def listed(pair: Pair) -> list[dict[str, Any]]:
    """Return every member of every group."""
    return [member for group in pair.console.groups().values() for member in group.get("members", ())]


def leave_groups(pair: Pair, leavers: set[str]) -> None:
    """See that who is disabled has nothing to lose in a group any more."""
    assert pair.program("drift", "--apply").code == 0
    assert not leavers & {one["value"] for one in listed(pair)}
    assert pair.program("drift").code == 0


def remind(pair: Pair, waiting: str) -> None:
    """See that later runs say who waits, and are content otherwise."""
    for _ in ("a run that compares", "a run without changes"):
        reminded = pair.program("sync", "--apply")
        assert (reminded.code, waiting in reminded.out) == (0, True), reminded.text


def is_explained(pair: Pair, login: str, plan_id: str) -> bool:
    """Say whether the answer about an orphan names the plan that waits with its removal."""
    said = pair.program("explain", login)
    assert said.code == 0, said.text
    return f"plan {plan_id[:12]} proposes its removal as orphaned" in said.out


def test_a_dry_recovery_leaves_nothing_but_its_record(embedded_pair: Pair) -> None:
    """The service is asked with GET alone; of the state every row stays, but for the record of the run itself."""
    pair = embedded_pair
    assert pair.program("sync", "--apply").code == 0
    users = pair.console.users()
    edited, deleted = sorted(users)[:2]
    pair.console.edit("Users", users[edited], title="Emperor")
    pair.console.dismiss(users[deleted])
    pair.service.clear_requests()
    before = rows(pair)
    assert before["snapshot"]
    assert before["image_entries"]

    assert pair.program("recover").code == 2

    assert {request.method for request in pair.service.requests} == {"GET"}
    after = rows(pair)
    assert after.keys() == before.keys()
    changed = {name for name, some in after.items() if some != before[name]}
    assert changed == RECORDED | MOVED_ON.keys()
    for name in RECORDED:
        assert set(before[name]) < set(after[name]), name
    for name, columns in MOVED_ON.items():
        assert [row[:columns] for row in after[name]] == [row[:columns] for row in before[name]], name
    assert len(after["runs"]) == len(before["runs"]) + 1


@pytest.mark.parametrize(
    ("setting", "needed"),
    [({"safety": {"update_percent": 50}}, False), ({"filter": {"user": "userName pr"}}, True)],
    ids=["limit", "scim-filter"],
)
def test_changed_settings_are_named(embedded_pair: Pair, setting: dict[str, dict[str, object]], needed: bool) -> None:
    """A run says which setting changed and whether a recovery is needed; that is said until it was done."""
    pair = embedded_pair
    assert pair.program("sync", "--apply").code == 0
    (pair.program.service if needed else pair.program.others).update(setting)
    pair.program.write()

    def said(command: str) -> str:
        found = pair.program(command, "--apply", "--json").document["findings"]
        return " ".join(one["message"] + one["remedy"] for one in found if one["rule"] == "settings-changed")

    first, second = said("sync"), said("sync")
    if needed:
        assert "service.filter.user" in first
        assert "`ldap2scim recover`" in first
        assert "service.filter.user" in second
        said("recover")
        assert said("sync") == ""
    else:
        assert "safety.update_percent" in first
        assert "No recovery is needed" in first
        assert second == ""


def test_the_state_of_another_service_is_not_gone_on_from(embedded_pair: Pair) -> None:
    """Two settings files in one folder share its state: the ids of one service may be other people's at the other."""
    pair = embedded_pair
    assert pair.program("sync", "--apply").code == 0
    run = pair.program("history", "--json").document["runs"][0]["run_id"]
    pair.administrator.delete(pair.administrator.people()[0].dn)
    with embedded_service() as other:
        pair.program.service["base_url"] = other.base_url
        pair.program.write()
        for words in (("plan",), ("sync", "--apply"), ("drift",), ("undo", run, "--apply")):
            said = pair.program(*words)

            assert (said.code, len(other.requests)) == (1, 0), words
            assert "`service.base_url`" in said.err
            assert "`ldap2scim recover`" in said.err


def test_a_service_that_moved_is_gone_on_from_after_a_recovery(embedded_pair: Pair) -> None:
    """The snapshot is made anew there; a recovery that only looks changes nothing about the refusal."""
    pair = embedded_pair
    assert pair.program("sync", "--apply").code == 0
    pair.program.service["base_url"] = pair.service.base_url.replace("127.0.0.1", "localhost")
    pair.program.write()

    assert pair.program("recover").code == 0
    assert pair.program("plan").code == 1
    assert pair.program("recover", "--apply").code == 0
    assert pair.program("plan").code == 0
