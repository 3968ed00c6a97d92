"""The two accounts of a run."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.model import Key
from ldap2scim.planning.accounts import Accounts, Counted, Outcome, Result
from ldap2scim.planning.operations import HeldOperation
from ldap2scim.planning.states import Leaving
from tests.planning.worlds import Service, World, difference, group, law, plan_of, service_of, user, worlds


def accounts_of(a: World, b: World, results: list[Result], leavers: Leaving = Leaving.DELETE) -> Accounts:
    """Run a→b in memory with the results given, and count."""
    service = service_of(a)
    before = a.users | a.groups  # type: ignore[operator]
    found = difference(b, service, leavers=leavers)
    outcomes = [
        Outcome(operation, result) for operation, result in zip(plan_of(found).operations, results, strict=False)
    ]
    moved = {Result.APPLIED, Result.UNCHANGED}
    gone = sum(o.operation.verb in {"delete", "deactivate"} and o.result in moved for o in outcomes)
    come = sum(o.operation.verb in {"create", "adopt", "restore"} and o.result in moved for o in outcomes)
    held = [HeldOperation(operation, ()) for operation in plan_of(found).operations[len(outcomes) :]]
    counted = Counted(
        in_image=len(b.users) + len(b.groups),
        out_of_scope=0,
        held_entries=0,
        unchanged=sum(found.unchanged.values()),
        managed_before=len(before),
        managed_after=len(before) + come - gone,
    )
    return Accounts.of(counted, outcomes, held, found.taken_over)


@law
@given(worlds(), worlds(), st.lists(st.sampled_from(Result), max_size=8), st.sampled_from(Leaving))
def test_the_accounts_of_any_run_add_up(a: World, b: World, results: list[Result], leavers: Leaving) -> None:
    """Whatever failed, is in doubt or was held, every entry has one fate."""
    accounts = accounts_of(a, b, results, leavers)
    assert accounts.balanced, accounts


def test_a_forgotten_operation_unbalances_the_directory_account() -> None:
    """An entry whose operation has no outcome is missed."""
    found = difference(World({"ad:a": user("a")}), Service())
    counted = Counted(1, 0, 0, 0, 0, 0)
    assert not Accounts.of(counted, [], found.held).balanced


def test_a_snapshot_that_misses_a_row_unbalances_the_service_account() -> None:
    """A created resource that is not managed afterwards is missed."""
    (create,) = difference(World({"ad:a": user("a")}), Service()).operations
    counted = Counted(1, 0, 0, 0, managed_before=0, managed_after=0)
    accounts = Accounts.of(counted, [Outcome(create, Result.APPLIED)], ())
    assert (accounts.directory.balanced, accounts.service.balanced) == (True, False)
    assert Accounts.of(replace(counted, managed_after=1), [Outcome(create, Result.APPLIED)], ()).balanced


@pytest.mark.parametrize(("result", "fate"), [(Result.FAILED, "failed"), (Result.IN_DOUBT, "in_doubt")])
def test_the_worst_fate_of_an_entry_counts(result: Result, fate: str) -> None:
    """A group that was created but whose members failed is one failed entry, and one created resource."""
    world = World({"ad:u": user("u")}, {"ad:g": group("g")}, frozenset({("ad:g", "ad:u")}))
    create_user, create_group, members = plan_of(difference(world, Service())).operations
    outcomes = [Outcome(create_user, Result.APPLIED), Outcome(create_group, Result.APPLIED), Outcome(members, result)]
    accounts = Accounts.of(Counted(2, 0, 0, 0, 0, 2), outcomes, ())
    assert (getattr(accounts.directory, fate), accounts.directory.created, accounts.service.created) == (1, 1, 2)
    assert accounts.balanced


def test_a_take_over_leaves_as_many_managed_as_before() -> None:
    """A re-created account counts as adopted, and its old key as removed."""
    found = difference(World({"ad:new": user("u")}), service_of(World({"ad:old": user("u")})))
    counted = Counted(1, 0, 0, 0, managed_before=1, managed_after=1)
    accounts = Accounts.of(counted, [Outcome(op, Result.APPLIED) for op in found.operations], (), found.taken_over)
    assert (accounts.service.adopted, accounts.service.removed, accounts.balanced) == (1, 1, True)
    assert found.taken_over == {Key("ad:old")}
