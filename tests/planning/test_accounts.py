"""The two accounts of a run, by directory and resource type."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.model import Key, ResourceType, Scope, scope_of
from ldap2scim.planning.account_rows import Account, Imbalance, total_of_entries, total_of_service
from ldap2scim.planning.accounts import Accounts, Counted, Outcome, Result
from ldap2scim.planning.operations import Adopt, HeldOperation, Operation
from ldap2scim.planning.proposals import Difference
from ldap2scim.planning.states import Leaving
from tests.planning.worlds import Service, World, difference, group, law, plan_of, service_of, user, worlds

AD_USERS, AD_GROUPS = (Scope("ad", kind) for kind in ResourceType)
HR_USERS, HR_GROUPS = (Scope("hr", kind) for kind in ResourceType)


@dataclass
class Ran:
    """A run a→b in memory, with the results that were drawn; what they did not reach is held."""

    a: World
    b: World
    results: Sequence[Result]
    leavers: Leaving = Leaving.DELETE

    def __post_init__(self) -> None:
        self.found: Difference = difference(self.b, service_of(self.a), leavers=self.leavers)
        operations = plan_of(self.found).operations
        self.outcomes = [Outcome(one, result) for one, result in zip(operations, self.results, strict=False)]
        self.held = [HeldOperation(one, ()) for one in operations[len(self.outcomes) :]]

    def counted(self) -> dict[Scope, Counted]:
        """Count what the outcomes do not say, from the worlds."""
        before = _in_world(self.a)
        done = [one.operation for one in self.outcomes if one.result.is_done]
        after = before + _in_world_of(one for one in done if one.verb in {"create", "adopt", "restore"})
        after.subtract(_in_world_of(one for one in done if one.verb in {"delete", "deactivate"}))
        image = _in_world(self.b)
        return {
            scope: Counted(
                in_image=image[scope],
                unchanged=self.found.unchanged.get(scope, 0),
                managed_before=before[scope],
                managed_after=after[scope],
            )
            for scope in {*before, *image}
        }

    def accounts(self, outcomes: Iterable[Outcome] | None = None) -> Accounts:
        """Count."""
        return Accounts.of(
            self.counted(), self.outcomes if outcomes is None else outcomes, self.held, self.found.taken_over
        )


def _in_world(world: World) -> Counter[Scope]:
    return Counter(scope_of(Key(key), kind) for kind in ResourceType for key in world.of(kind))


def _in_world_of(operations: Iterable[Operation]) -> Counter[Scope]:
    return Counter(scope_of(one.key, one.resource_type) for one in operations)


runs = st.builds(
    Ran, worlds(), worlds(), st.lists(st.sampled_from(Result), max_size=8), st.sampled_from(tuple(Leaving))
)


@law
@given(runs)
def test_the_accounts_of_any_run_add_up(ran: Ran) -> None:
    """Whatever failed, is in doubt or was held, every entry has one fate; and the rows add up to the totals."""
    accounts = ran.accounts()
    assert accounts.balanced, accounts.imbalances
    assert accounts.directory == total_of_entries(accounts.rows)
    assert accounts.service == total_of_service(accounts.rows)
    assert (accounts.directory.in_image, accounts.service.managed_before) == (
        len(ran.b.users) + len(ran.b.groups),
        len(ran.a.users) + len(ran.a.groups),
    )


@law
@given(runs, st.data())
def test_a_lost_outcome_unbalances_the_row_that_it_is_of(ran: Ran, data: st.DataObject) -> None:
    """Where one outcome is forgotten the run has failed, and exactly that directory and type are named."""
    alone = Counter((one.operation.key, one.operation.resource_type) for one in ran.outcomes)
    waiting = {(one.operation.key, one.operation.resource_type) for one in ran.held}
    # The fate of an entry with a second operation is told by that one, whatever became of the first.
    candidates = [
        i
        for i, one in enumerate(ran.outcomes)
        if one.operation.verb not in {"delete", "deactivate"} or one.result.is_done
        if alone[one.operation.key, one.operation.resource_type] == 1
        if (one.operation.key, one.operation.resource_type) not in waiting
    ]
    if not candidates:
        return
    lost = data.draw(st.sampled_from(candidates))
    accounts = ran.accounts(one for i, one in enumerate(ran.outcomes) if i != lost)
    operation = ran.outcomes[lost].operation
    assert not accounts.balanced
    assert {(one.directory, one.resource_type) for one in accounts.imbalances} == {
        tuple(scope_of(operation.key, operation.resource_type))
    }


@law
@given(runs, st.sampled_from(("in_image", "managed_after")), st.sampled_from((-1, 1)), st.data())
def test_a_miscounted_number_unbalances_its_row_by_as_much(
    ran: Ran, number: str, wrong: int, data: st.DataObject
) -> None:
    """The report says which sum does not add up, and by how much."""
    counted = ran.counted()
    if not counted:
        return
    scope = data.draw(st.sampled_from(sorted(counted)))
    counted[scope] = replace(counted[scope], **{number: getattr(counted[scope], number) + wrong})
    accounts = Accounts.of(counted, ran.outcomes, ran.held, ran.found.taken_over)
    account, excess = (Account.DIRECTORY, -wrong) if number == "in_image" else (Account.SERVICE, wrong)
    assert accounts.imbalances == (Imbalance(*scope, account, excess),)


def test_two_errors_that_cancel_out_in_the_totals_are_seen() -> None:
    """An entry missing in one directory and one too many in another are two errors, not none."""
    counted = {AD_USERS: Counted(in_image=2, unchanged=1), HR_USERS: Counted(in_image=1, unchanged=2)}
    accounts = Accounts.of(counted, (), ())
    assert accounts.directory.balanced
    assert [str(one) for one in accounts.imbalances] == [
        "ad, users: 1 of the directory's entries has no fate.",
        "hr, users: 1 more has a fate than the directory has entries.",
    ]


def test_a_snapshot_that_misses_a_row_unbalances_the_service_account() -> None:
    """A created resource that is not managed afterwards is missed; so is one that nothing accounts for."""
    (create,) = difference(World({"ad:a": user("a")}), Service()).operations
    done = [Outcome(create, Result.APPLIED)]
    for managed_after, said in ((0, "1 fewer"), (1, None), (3, "2 more")):
        accounts = Accounts.of({AD_USERS: Counted(in_image=1, managed_after=managed_after)}, done, ())
        assert accounts.directory.balanced
        wrong = [] if said is None else [f"ad, users: the snapshot has {said} than the operations leave managed."]
        assert [str(one) for one in accounts.imbalances] == wrong


@pytest.mark.parametrize(("result", "fate"), [(Result.FAILED, "failed"), (Result.IN_DOUBT, "in_doubt")])
def test_the_worst_fate_of_an_entry_counts(result: Result, fate: str) -> None:
    """A group that was created but whose members failed is one failed entry, and one created resource."""
    world = World({"ad:u": user("u")}, {"ad:g": group("g")}, frozenset({("ad:g", "ad:u")}))
    create_user, create_group, members = plan_of(difference(world, Service())).operations
    outcomes = [Outcome(create_user, Result.APPLIED), Outcome(create_group, Result.APPLIED), Outcome(members, result)]
    counted = {scope: Counted(in_image=1, managed_after=1) for scope in (AD_USERS, AD_GROUPS)}
    users, groups = Accounts.of(counted, outcomes, ()).rows
    assert (users.entries.created, users.service.created) == (1, 1)
    assert (getattr(groups.entries, fate), groups.entries.created, groups.service.created) == (1, 0, 1)
    assert (users.entries.balanced, groups.entries.balanced, groups.service.balanced) == (True, True, True)


def accounts_of_take_over(old: str, new: str) -> Accounts:
    """Re-create an account under a stable externalId, perhaps in another directory."""
    found = difference(World({new: user("u")}), service_of(World({old: user("u")})))
    (taking,) = found.operations
    assert isinstance(taking, Adopt)
    assert found.taken_over == {old}
    old_scope, new_scope = (scope_of(Key(key), ResourceType.USER) for key in (old, new))
    counted = {old_scope: Counted(managed_before=1)}
    before = counted.get(new_scope, Counted())
    counted[new_scope] = replace(before, in_image=1, managed_after=1)
    return Accounts.of(counted, [Outcome(taking, Result.APPLIED)], (), found.taken_over)


def test_a_take_over_leaves_as_many_managed_as_before() -> None:
    """A re-created account counts as adopted, and its old key as removed."""
    (row,) = accounts_of_take_over("ad:old", "ad:new").rows
    assert (row.service.adopted, row.service.removed, row.service.balanced) == (1, 1, True)


def test_whoever_moves_to_another_directory_leaves_one_row_and_enters_another() -> None:
    """The account that hr takes over from ad is removed there and adopted here, and both rows add up."""
    accounts = accounts_of_take_over("ad:u", "hr:u")
    by_scope: Mapping[str, object] = {row.directory: row.service for row in accounts.rows}
    assert accounts.balanced, accounts.imbalances
    left, entered = (row.service for row in accounts.rows)
    assert list(by_scope) == ["ad", "hr"]
    assert (left.managed_before, left.removed, left.managed_after) == (1, 1, 0)
    assert (entered.managed_before, entered.adopted, entered.managed_after) == (0, 1, 1)


def test_whoever_becomes_a_group_leaves_the_users_and_enters_the_groups() -> None:
    """One key under two types has a fate in each."""
    outcomes = [
        Outcome(one, Result.APPLIED)
        for a, b in ((World({"ad:x": user("x")}), World()), (World(), World(groups={"ad:x": group("x")})))
        for one in difference(b, service_of(a)).operations
    ]
    counted = {AD_USERS: Counted(managed_before=1), AD_GROUPS: Counted(in_image=1, managed_after=1)}
    users, groups = Accounts.of(counted, outcomes, ()).rows
    assert (users.service.removed, users.entries.in_image) == (1, 0)
    assert (groups.service.created, groups.entries.created) == (1, 1)
    assert Accounts.of(counted, outcomes, ()).balanced


def test_rows_are_in_order_and_empty_ones_are_left_out() -> None:
    """By directory, users before groups; a scope in which nothing is has no row."""
    counted = {scope: Counted(managed_before=1, managed_after=1) for scope in (HR_USERS, AD_GROUPS, AD_USERS)}
    accounts = Accounts.of({**counted, HR_GROUPS: Counted()}, (), ())
    assert [(row.directory, row.resource_type) for row in accounts.rows] == [AD_USERS, AD_GROUPS, HR_USERS]
