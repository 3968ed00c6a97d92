"""Later runs remind of orphans that wait for a person, as long as any do."""

from ldap2scim.model import ResourceType
from ldap2scim.planning.approvals import Release
from ldap2scim.planning.operations import Deactivate, HeldOperation, Inputs, Operation
from ldap2scim.planning.orphans import orphan_key
from ldap2scim.planning.plan import Plan, make_plan
from ldap2scim.run.waiting_orphans import count_removed, remember_waiting, reminder
from ldap2scim.state.decisions import record_rejection
from tests.run.conftest import NOW, StartRun
from tests.run.scripted import ScriptedProvider


def removals(*names: str) -> list[Operation]:
    """Return the removals of some orphans."""
    return [
        Deactivate(orphan_key(ResourceType.USER, name), ResourceType.USER, name, Inputs(None, name), name, None)
        for name in names
    ]


def plan(flowing: list[Operation], held: list[Operation]) -> Plan:
    """Return a plan."""
    waiting = [HeldOperation(one, ("Orphaned",)) for one in held]
    return make_plan(flowing, waiting, evaluated_at=NOW, settings_digest="", program="")


def test_what_waits_is_said_until_it_is_removed(start: StartRun) -> None:
    """Those that a plan removes are not waiting any more; what is removed is counted off for good."""
    run = start(ScriptedProvider({}))
    nothing, held = plan([], []), plan([], removals("a", "b", "c"))
    assert list(reminder(run, nothing)) == []
    remember_waiting(run, held)
    (said,) = reminder(run, nothing)
    assert f"since {NOW:%Y-%m-%d}: 3, held by plan {held.plan_id[:12]}" in said.message
    assert f"approve {held.plan_id[:12]} --kind orphaned" in said.remedy
    (said,) = reminder(run, plan(removals("a"), []))
    assert "2, held by" in said.message
    assert list(reminder(run, plan(removals("a", "b", "c"), []))) == []

    count_removed(run, removals("a", "b"))
    (said,) = reminder(run, nothing)
    assert "1, held by" in said.message
    count_removed(run, removals("c"))
    assert list(reminder(run, nothing)) == []


def test_a_full_read_that_finds_none_ends_it(start: StartRun) -> None:
    """Somebody has removed them in the console, or the filter sees them no more."""
    run = start(ScriptedProvider({}))
    remember_waiting(run, plan([], removals("a")))
    remember_waiting(run, plan([], []))
    assert list(reminder(run, plan([], []))) == []


def test_a_person_who_said_no_is_not_reminded(start: StartRun) -> None:
    """The plan that holds them was rejected; the next full read may find others, whose plan is another one."""
    run = start(ScriptedProvider({}))
    rejected, another = plan([], removals("a")), plan([], removals("a", "b"))
    remember_waiting(run, rejected)
    record_rejection(run.lease, rejected.plan_id, Release("Sato", "They belong to the laboratory."), run.run_id)
    assert list(reminder(run, plan([], []))) == []

    remember_waiting(run, another)
    (said,) = reminder(run, plan([], []))
    assert another.plan_id[:12] in said.message
