"""Privileged groups: who may enter or leave without a person."""

from dataclasses import replace

import pytest

from ldap2scim.model import Key
from ldap2scim.planning.approvals import Approval, approvals_of
from ldap2scim.planning.operations import ChangeMembers
from ldap2scim.planning.policy import Privileged, SafetyPolicy
from ldap2scim.planning.safety import Judged, Population, judge
from ldap2scim.planning.states import Leaving
from tests.planning.places import WorldPlaces
from tests.planning.worlds import World, difference, dn_of, group, service_of, user

ADMINS = "ad:admins"
POLICY = SafetyPolicy(privileged=Privileged(("Domain Admins",)), member_loss_percent=100, update_percent=100)


def world(members: int = 9) -> World:
    """Return a hundred people, some of them administrators, and a group of everybody."""
    users = {f"ad:u{n:03}": user(f"u{n:03}") for n in range(100)}
    edges = {("ad:all", key) for key in users} | {(ADMINS, key) for key in [*users][:members]}
    return World(users, {ADMINS: group("Domain Admins"), "ad:all": group("All")}, frozenset(edges))


def having(before: World, members: set[str]) -> World:
    """Return the world with other administrators."""
    others = {edge for edge in before.edges if edge[0] != ADMINS}
    return World(before.users, before.groups, frozenset(others | {(ADMINS, key) for key in members}))


def judged(
    before: World, after: World, policy: SafetyPolicy = POLICY, approvals: frozenset[Approval] = frozenset()
) -> Judged:
    """Judge what brings one to the other."""
    found = difference(after, service_of(before), leavers=Leaving.DEACTIVATE)
    population = Population(len(before.users), len(before.groups), found.known_members, WorldPlaces(before))
    return judge(found, population, policy, {}, approvals)


def admins(count: int, start: int = 0) -> set[str]:
    """Return keys of people."""
    return {f"ad:u{n:03}" for n in range(start, start + count)}


@pytest.mark.parametrize("name", ["domain admins", dn_of(ADMINS).upper().replace(",", " , ")])
def test_nobody_enters_without_a_person(name: str) -> None:
    """One newcomer is held, by the group's name or DN, while one who leaves flows; an approval lets the newcomer in."""
    before = world()
    after = having(before, admins(8) | {"ad:u050"})
    policy = replace(POLICY, privileged=Privileged((name,)))
    result = judged(before, after, policy)
    (flows,), (waits,) = result.flowing, result.held
    assert isinstance(flows, ChangeMembers)
    assert isinstance(waits.operation, ChangeMembers)
    assert (flows.added, flows.removed) == ((), ("ad:u008",))
    assert (waits.operation.added, waits.operation.removed) == (("ad:u050",), ())
    (reason,) = waits.reasons
    assert reason.startswith("1 member would enter Domain Admins, a privileged group; 0 may without a person, so")
    released = judged(before, after, policy, approvals_of(result.held))
    assert (len(released.flowing), released.held, released.refused) == (1, (), ())


def test_an_approval_lets_nobody_else_in() -> None:
    """When another one would enter beside who was approved, both wait, and the approval is refused."""
    before = world()
    approvals = approvals_of(judged(before, having(before, admins(10))).held)
    result = judged(before, having(before, admins(11)), approvals=approvals)
    assert result.flowing == ()
    assert [refused.why for refused in result.refused] == [
        "Other members would enter or leave the group than those that were approved."
    ]


def test_other_groups_are_not_privileged() -> None:
    """Whoever enters them flows."""
    before = world()
    after = World(before.users, before.groups, before.edges | {("ad:all", ADMINS)})
    assert judged(before, after).held == ()


def test_some_may_enter_where_the_settings_say_so() -> None:
    """Two flow, three are all held."""
    before = world()
    policy = replace(POLICY, privileged=Privileged(("Domain Admins",), entering=2))
    assert judged(before, having(before, admins(11)), policy).held == ()
    assert judged(before, having(before, admins(12)), policy).flowing == ()


def test_a_few_may_leave_and_many_may_not() -> None:
    """Two administrators leave; of three none does."""
    before = world()
    assert judged(before, having(before, admins(7))).held == ()
    result = judged(before, having(before, admins(6)))
    assert result.flowing == ()
    assert "3 members would leave Domain Admins, a privileged group" in result.held[0].reasons[0]


def test_who_loses_the_account_leaves_as_well() -> None:
    """One removed, one taken out, one disabled: three leave, so that none of the three does; one approval for all."""
    before = world()
    after = having(before, admins(8) - {"ad:u000"})
    users = {key: one for key, one in after.users.items() if key != "ad:u000"}
    users["ad:u001"] = {**users["ad:u001"], "active": False}
    after = World(users, after.groups, frozenset(edge for edge in after.edges if edge[1] != "ad:u000"))
    result = judged(before, after)
    assert {(one.operation.verb, one.operation.key) for one in result.held} == {
        ("deactivate", "ad:u000"),
        ("update", "ad:u001"),
        ("change members", ADMINS),
        ("change members", "ad:all"),
    }
    assert result.flowing == ()
    released = judged(before, after, approvals=approvals_of(result.held))
    assert (released.held, released.refused) == ((), ())


@pytest.mark.parametrize("name", ["Domain Admins", dn_of(ADMINS)])
def test_the_first_load_lets_nobody_in_either(name: str) -> None:
    """A privileged group is created without its members, which wait for a person."""
    policy = replace(POLICY, privileged=Privileged((name,)))
    result = judged(World(), world(), policy)
    (waits,) = result.held
    assert isinstance(waits.operation, ChangeMembers)
    assert (waits.operation.key, len(waits.operation.added)) == (ADMINS, 9)
    assert len(result.flowing) == 103
    released = judged(World(), world(), policy, approvals_of(result.held))
    assert (len(released.flowing), released.held) == (104, ())


def test_the_group_itself_is_neither_removed_nor_renamed_without_a_person() -> None:
    """Nor does another group take its name."""
    before = world(0)
    for groups in (
        {"ad:all": group("All")},
        {ADMINS: group("Helpers", external_id="x-Domain Admins"), "ad:all": group("All")},
        {ADMINS: group("Domain Admins"), "ad:all": group("Domain Admins", external_id="x-All")},
    ):
        result = judged(before, World(before.users, groups, before.edges))
        assert result.flowing == ()
        assert "is a privileged group and would be renamed or removed" in " ".join(result.held[0].reasons)


def test_without_a_list_nothing_is_asked() -> None:
    """Nobody is privileged unless the settings say so."""
    before = world()
    places = WorldPlaces(before)
    found = difference(having(before, admins(12)), service_of(before))
    assert judge(found, Population(100, 2, found.known_members, places), SafetyPolicy(), {}, frozenset()).held == ()
    assert places.asked == []
    assert Key(ADMINS) not in found.known_members
