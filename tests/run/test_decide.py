"""What is left alone when it is decided."""

import pytest
from sqlalchemy import update

from ldap2scim.model import ResourceType
from ldap2scim.run.believe import believe
from ldap2scim.run.context import Mode
from ldap2scim.run.decide import compare, decide
from ldap2scim.run.kept_plans import keep_plan
from ldap2scim.state import journal
from ldap2scim.state.approvals import GOOD_FOR, approve
from ldap2scim.state.journal import Intent
from ldap2scim.state.schema import held_operations
from tests.run.conftest import StartRun
from tests.run.readings import read
from tests.run.scripted import ScriptedProvider, row
from tests.run.test_settle import remember
from tests.state import worlds
from tests.state.worlds import key


@pytest.mark.parametrize("mode", Mode)
def test_whoever_is_in_doubt_is_left_alone(start: StartRun, mode: Mode) -> None:
    """Before an operation is settled nothing is decided about its entry: it might be made a second time."""
    run = start(ScriptedProvider(), mode)
    reading = read(run, [worlds.person("aiko"), worlds.person("bunta")], [])
    journal.begin(run.lease, run.run_id, "p", [Intent(key("aiko"), "create", ResourceType.USER)])
    compared = compare(run, believe(run, (reading,)), None)
    assert [operation.key for operation in compared.difference.operations] == [key("bunta")]


def test_leavers_are_called_by_their_last_dn(start: StartRun) -> None:
    """Whoever has left is shown as everybody else is: by the DN, which is the last that the directory showed."""
    run = start(ScriptedProvider())
    read(run, [worlds.person(name) for name in ("aiko", "bunta", "chika")], [])
    remember(run, *(row(key=key(name), service_id=name) for name in ("aiko", "bunta")))
    left = read(run, [worlds.person("chika")], [])
    difference = compare(run, believe(run, (left,)), None).difference
    leavers = {one.name for one in difference.operations if one.key != key("chika")}
    assert leavers == {f"uid={name},ou=people,dc=example,dc=com" for name in ("aiko", "bunta")}


def test_an_approval_that_expired_unused_is_said(start: StartRun) -> None:
    """Where the plan holds the same operations still, a note names the plan and the day of its approval."""
    run = start(ScriptedProvider(), Mode.PLAN)
    read(run, [worlds.person(name) for name in ("aiko", "bunta", "chika")], [])
    remember(run, *(row(key=key(name), service_id=name) for name in ("aiko", "bunta")))
    believed = believe(run, (read(run, [worlds.person("chika")], []),))
    plan = decide(run, believed).plan
    assert len(plan.held) == 2
    keep_plan(run, plan)
    approve(run.store, plan.plan_id)
    long_ago = run.store.clock() - GOOD_FOR
    with run.lease.write() as connection:
        connection.execute(update(held_operations).values(approved_at=long_ago))
    run.findings.clear()
    decide(run, believed)
    (said,) = [one for one in run.findings if one.rule == "approval-expired"]
    assert f"{plan.plan_id[:12]} of {long_ago:%Y-%m-%d} has expired" in said.message
    assert "2 of its operations are held still" in said.message
    assert len(said.subjects) == 2
