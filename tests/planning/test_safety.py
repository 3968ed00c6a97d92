"""The safety policy: what flows, what is held, what an approval releases."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.approvals import Approval, approval_for, approvals_of
from ldap2scim.planning.frames import Status
from ldap2scim.planning.operations import ChangeMembers, Create, Delete, HeldOperation, Inputs
from ldap2scim.planning.orphans import orphan_key
from ldap2scim.planning.policy import KindLimits, Limit, RemovalLimit, SafetyPolicy
from ldap2scim.planning.proposals import Difference, with_last_dns
from ldap2scim.planning.removals import most_removals
from ldap2scim.planning.safety import Judged, Population, judge
from ldap2scim.planning.states import Holds, Leaving, LoginMatch, ReadState, Scope
from tests.planning.places import WorldPlaces
from tests.planning.worlds import PROVEN, USER, Row, Service, World, difference, dn_of, group, service_of, user

NOTHING: frozenset[Approval] = frozenset()
FREE = SafetyPolicy(update_percent=100, attribute_percent=100, member_loss_percent=100)


def people(count: int, **attributes: object) -> dict[str, dict[str, object]]:
    """Return so many users."""
    return {f"ad:u{n:03}": user(f"u{n:03}", **attributes) for n in range(count)}


def judged(
    found: Difference,
    before: World,
    policy: SafetyPolicy | None = None,
    approvals: frozenset[Approval] = NOTHING,
    recent: Mapping[ResourceType, int] | None = None,
) -> Judged:
    """Judge a difference against what was managed before."""
    places = WorldPlaces(before)
    population = Population(len(before.users), len(before.groups), found.known_members, places)
    return judge(found, population, policy or SafetyPolicy(), recent or {}, approvals)


def without(world: World, *keys: str) -> World:
    """Return the world without some entries."""
    return World(
        {k: v for k, v in world.users.items() if k not in keys},
        {k: v for k, v in world.groups.items() if k not in keys},
        frozenset(edge for edge in world.edges if not set(edge) & set(keys)),
    )


@pytest.mark.parametrize(
    ("managed", "most"), [(0, 0), (2, 0), (9, 3), (15, 5), (100, 5), (200, 10), (10_000, 500), (1_000_000, 500)]
)
def test_the_limit_of_removals(managed: int, most: int) -> None:
    """min(500, max(5, 5 %)), and never more than a third."""
    assert most_removals(RemovalLimit(), managed) == most


def test_removals_within_the_limit_flow() -> None:
    """Five of a hundred may leave."""
    before = World(people(100))
    found = difference(without(before, *list(before.users)[:5]), service_of(before))
    assert (len(judged(found, before).flowing), judged(found, before).held) == (5, ())


def orphan(number: int) -> HeldOperation:
    """Return the removal of a resource that nobody manages."""
    inputs = Inputs(None, "f")
    key = orphan_key(USER, f"z{number}")
    return HeldOperation(Delete(key, USER, f"z{number}", inputs, service_id=f"z{number}", version=None), ("orphaned",))


def test_released_orphans_leave_the_limits_to_the_managed() -> None:
    """They are none of those whom limits are shares of: what a person released of them holds no ordinary leaver."""
    before = World(people(100))
    orphans = tuple(map(orphan, range(10)))
    found = difference(without(before, *list(before.users)[:5]), service_of(before))
    found = replace(found, held=(*found.held, *orphans))
    policy = SafetyPolicy(limits=KindLimits(deactivate=Limit(most=5), delete=Limit(most=5)))
    released = frozenset(approval_for(one.operation) for one in orphans)
    result = judged(found, before, policy, approvals=released)
    assert (len(result.flowing), result.held) == (15, ())
    assert judged(found, before, policy).held == orphans


def test_a_protected_orphan_is_not_removed() -> None:
    """Whatever a person released: what is protected stays."""
    one = orphan(1)
    found = replace(difference(World({}), service_of(World({}))), held=(one,))
    released = frozenset({approval_for(one.operation)})
    result = judged(found, World({}), SafetyPolicy(protected=("z1",)), approvals=released)
    assert (result.flowing, [held.operation for held in result.held]) == ((), [one.operation])


def test_all_removals_are_held_above_the_limit_and_all_else_flows() -> None:
    """With the sixth leaver all six are held, each reason with counts and what to do; a newcomer flows."""
    before = World(people(100))
    after = World({**without(before, *list(before.users)[:6]).users, "ad:new": user("new")})
    result = judged(difference(after, service_of(before)), before)
    assert [type(op) for op in result.flowing] == [Create]
    assert len(result.held) == 6
    assert "6 users would be removed or deactivated; the limit is 5 of 100" in result.held[0].reasons[0]
    assert "approve the plan's id" in result.held[0].reasons[0]


def test_users_and_groups_are_counted_apart() -> None:
    """A flood of leaving users does not hold a group's removal."""
    before = World(people(100), {f"ad:g{n}": group(f"g{n}") for n in range(20)})
    result = judged(difference(without(before, "ad:g1", *list(before.users)[:6]), service_of(before)), before)
    assert [(op.verb, op.key) for op in result.flowing] == [("delete", "ad:g1")]


def test_disabling_counts_as_a_removal_whatever_its_cause() -> None:
    """Six people whose `active` turns false are as many as six leavers."""
    before = World(people(100))
    after = World({**before.users, **{key: {**before.users[key], "active": False} for key in list(before.users)[:6]}})
    result = judged(difference(after, service_of(before)), before)
    assert (result.flowing, len(result.held)) == ((), 6)


def test_removals_of_the_last_day_count_in() -> None:
    """Three today after three this morning are six; the limit is not reset by a run."""
    before = World(people(100))
    found = difference(without(before, *list(before.users)[:3]), service_of(before))
    result = judged(found, before, recent={USER: 3})
    assert (result.flowing, len(result.held)) == ((), 3)
    assert "after 3 in the last 24 hours" in result.held[0].reasons[0]


def test_an_approval_releases_exactly_what_it_covered() -> None:
    """After an approval the six flow, a seventh leaver is held, and one who came back is refused by name."""
    before = World(people(100))
    keys = list(before.users)
    approvals = approvals_of(judged(difference(without(before, *keys[:6]), service_of(before)), before).held)
    result = judged(difference(without(before, *keys[1:7]), service_of(before)), before, approvals=approvals)
    assert {op.key for op in result.flowing} == set(keys[1:6])
    assert [waiting.operation.key for waiting in result.held] == [keys[6]]
    assert [(refused.approval.key, refused.why[:27]) for refused in result.refused] == [
        (keys[0], "It is not proposed any more")
    ]


def test_an_approval_does_not_hold_when_an_input_moved() -> None:
    """A held operation whose resource has changed since is refused, and the refusal says what moved."""
    before = World(people(100))
    keys = list(before.users)
    after = without(before, *keys[:6])
    approvals = approvals_of(judged(difference(after, service_of(before)), before).held)
    moved = service_of(World({**before.users, keys[0]: user("u000", title="Head")}))
    result = judged(difference(after, moved), before, approvals=approvals)
    assert [waiting.operation.key for waiting in result.held] == [keys[0]]
    assert result.refused[0].why == "The resource at the service has changed since."


@pytest.mark.parametrize("name", ["U000", dn_of("ad:u000").upper().replace(",", ", ")])
@pytest.mark.parametrize("leavers", Leaving)
def test_protected_names_are_never_removed(name: str, leavers: Leaving) -> None:
    """A protected login or DN holds the removal, even when it was approved."""
    before = World(people(100))
    found = difference(without(before, "ad:u000", "ad:u001"), service_of(before), leavers=leavers)
    approvals = frozenset({Approval(op.key, op.verb, op.inputs) for op in found.operations})
    result = judged(found, before, SafetyPolicy(protected=(name,)), approvals)
    assert [waiting.operation.key for waiting in result.held] == ["ad:u000"]
    assert "is protected" in result.held[0].reasons[0]
    assert [refused.approval.key for refused in result.refused] == ["ad:u000"]


@pytest.mark.parametrize("name", ["u000", dn_of("ad:u000")])
def test_leavers_who_go_by_their_dns_are_as_protected(name: str) -> None:
    """In a plan a leaver is called by the last DN; a protected login protects all the same."""
    before = World(people(100))
    found = difference(without(before, "ad:u000", "ad:u001"), service_of(before))
    named = with_last_dns(found, WorldPlaces(before).dns)
    assert [op.name for op in named.operations] == [dn_of("ad:u000"), dn_of("ad:u001")]
    result = judged(named, before, SafetyPolicy(protected=(name,)))
    assert [waiting.operation.key for waiting in result.held] == ["ad:u000"]


def test_protected_people_are_not_disabled_under_another_name() -> None:
    """A rename in the same update does not get round the protection."""
    before = World(people(100))
    after = World({**before.users, "ad:u000": user("renamed", external_id="x-u000", active=False)})
    result = judged(difference(after, service_of(before)), before, SafetyPolicy(protected=("u000",)))
    assert (result.flowing, len(result.held)) == ((), 1)


def test_updates_are_held_above_their_share() -> None:
    """Thirty of a hundred updates flow, thirty-one are all held; eleven are the fewest that can be held."""
    before = World(people(100))
    for count, flowing in ((30, 30), (31, 0)):
        changed = {key: {**before.users[key], "title": f"{key}"} for key in list(before.users)[:count]}
        result = judged(difference(World({**before.users, **changed}), service_of(before)), before)
        assert len(result.flowing) == flowing
    few = World(people(10))
    result = judged(difference(World(people(10, nick_name="x")), service_of(few)), few)
    assert len(result.flowing) == 10


def test_one_attribute_changing_for_most_users_is_held() -> None:
    """A mapping accident is held by the attribute's name, other updates flow."""
    before = World(people(100))
    changed = {key: {**before.users[key], "title": "x"} for key in list(before.users)[:51]}
    other = {"ad:u099": {**before.users["ad:u099"], "nick_name": "n"}}
    policy = SafetyPolicy(update_percent=100)
    result = judged(difference(World({**before.users, **changed, **other}), service_of(before)), before, policy)
    assert [op.key for op in result.flowing] == ["ad:u099"]
    assert len(result.held) == 51
    assert "`title` would change for 51 of 100 users" in result.held[0].reasons[0]


def test_many_new_external_ids_are_a_mapping_accident() -> None:
    """More externalIds than removals may be changed are held."""
    before = World(people(100))
    changed = {key: {**before.users[key], "external_id": f"new-{key}"} for key in list(before.users)[:6]}
    result = judged(difference(World({**before.users, **changed}), service_of(before)), before, FREE)
    assert (result.flowing, len(result.held)) == ((), 6)
    assert "`external_id` would change for 6 users of 100" in result.held[0].reasons[0]


def test_many_new_linking_ids_are_a_mapping_accident() -> None:
    """A changed application-linking ID of more people than may be removed is held, and said to be a mass change."""
    before = World(people(100, downstream_id="a"))
    for count, flowing in ((5, 5), (6, 0)):
        changed = {key: {**before.users[key], "downstream_id": f"new-{key}"} for key in list(before.users)[:count]}
        result = judged(difference(World({**before.users, **changed}), service_of(before)), before, FREE)
        assert len(result.flowing) == flowing
    (reason,) = result.held[0].reasons
    assert "`downstream_id` would change for 6 users of 100" in reason
    assert "mass change of the application-linking ID" in reason
    assert "Microsoft 365" in reason


def losing(count: int, of: int) -> tuple[World, World]:
    """Return a world whose group loses some of its members and gains one, before and after."""
    users = people(of + 1)
    keys = list(users)
    before = World(users, {"ad:g": group("g")}, frozenset(("ad:g", key) for key in keys[:of]))
    return before, World(users, before.groups, frozenset(("ad:g", key) for key in keys[count:]))


def test_a_group_that_would_lose_too_many_keeps_them_and_gains() -> None:
    """Members that leave are held above 30 % of more than ten; the one that enters flows; an approval lets them go."""
    before, after = losing(7, of=20)
    found = difference(after, service_of(before))
    result = judged(found, before)
    (flows,), (held,) = result.flowing, result.held
    assert isinstance(flows, ChangeMembers)
    assert isinstance(held.operation, ChangeMembers)
    assert (len(flows.added), len(flows.removed), len(held.operation.removed)) == (1, 0, 7)
    assert "7 of 20 members would leave the group" in held.reasons[0]
    released = judged(found, before, approvals=approvals_of(result.held))
    assert (released.flowing, released.held, released.refused) == (found.operations, (), ())


def test_small_losses_and_small_groups_flow() -> None:
    """Six of twenty, and all of ten, may leave."""
    for count, of in ((6, 20), (10, 10)):
        before, after = losing(count, of)
        assert judged(difference(after, service_of(before)), before).held == ()


def test_members_stay_as_long_as_their_own_removal_is_held() -> None:
    """Held leavers keep their memberships; when their removal is approved, the memberships follow."""
    users = people(100)
    before = World(users, {"ad:g": group("g")}, frozenset(("ad:g", key) for key in users))
    found = difference(without(before, *list(users)[:6]), service_of(before))
    result = judged(found, before)
    assert result.flowing == ()
    assert sorted(waiting.operation.verb for waiting in result.held) == ["change members"] + ["delete"] * 6
    released = judged(found, before, approvals=approvals_of(result.held))
    assert (len(released.flowing), released.held, released.refused) == (7, (), ())


def test_an_approval_of_a_group_covers_the_leavers_in_it() -> None:
    """Members over the limit, some of them held leavers: one approval releases all of it in one run."""
    users = people(100)
    keys = list(users)
    before = World(users, {"ad:g": group("g")}, frozenset(("ad:g", key) for key in keys[:20]))
    after = without(before, *keys[:6])
    after = World(after.users, after.groups, frozenset(edge for edge in after.edges if edge[1] not in keys[6:9]))
    found = difference(after, service_of(before))
    result = judged(found, before)
    assert len(result.held) == 7
    released = judged(found, before, approvals=approvals_of(result.held))
    assert (len(released.flowing), released.held, released.refused) == (7, (), ())


def test_an_approval_covers_leavers_and_a_short_read_in_one_group() -> None:
    """A group with held leavers of one directory and members missing from a short read: one approval releases all."""
    users = {**people(100), "hr:u": user("hr")}
    before = World(users, {"ad:g": group("g")}, frozenset(("ad:g", key) for key in users))
    after = without(before, "hr:u", *list(users)[:6])
    found = difference(after, service_of(before), reads={**PROVEN, Scope("hr", USER): ReadState.SHORT})
    result = judged(found, before)
    assert (result.flowing, len(result.held)) == ((), 8)
    released = judged(found, before, approvals=approvals_of(result.held))
    assert (len(released.flowing), released.held, released.refused) == (8, (), ())


def test_newcomers_whose_creation_is_held_enter_no_group_yet() -> None:
    """A membership waits for the resource; once the creation is approved, both flow."""
    service = Service(login_matches={Key("ad:u"): LoginMatch("17", "u", None)})
    world = World(
        {"ad:u": user("u"), "ad:v": user("v")}, {"ad:g": group("g")}, frozenset({("ad:g", "ad:u"), ("ad:g", "ad:v")})
    )
    found = difference(world, service)
    result = judged(found, World())
    (members,) = [op for op in result.flowing if isinstance(op, ChangeMembers)]
    assert members.added == ("ad:v",)
    released = judged(found, World(), approvals=approvals_of(result.held))
    assert (len(released.flowing), released.held, released.refused) == (4, (), ())


def test_a_short_read_holds_until_a_person_says_so() -> None:
    """Removals of a short read are held with their reason, members included, and an approval releases them."""
    before = World(people(100), {"ad:g": group("g")}, frozenset({("ad:g", "ad:u000")}))
    reads = {**PROVEN, Scope("ad", USER): ReadState.SHORT}
    found = difference(without(before, "ad:u000"), service_of(before), reads=reads)
    result = judged(found, before)
    assert result.flowing == ()
    assert all("shorter" in waiting.reasons[0] for waiting in result.held)
    released = judged(found, before, approvals=approvals_of(result.held))
    assert (len(released.flowing), released.held) == (2, ())


def test_what_could_not_be_read_is_released_by_nobody() -> None:
    """An entry without a key holds every removal of its kind, approved or not."""
    before = World(people(100), {"ad:g": group("g")}, frozenset({("ad:g", "ad:u000")}))
    holds = Holds(blocked=frozenset({Scope("ad", USER)}))
    found = difference(without(before, "ad:u000"), service_of(before), holds=holds)
    result = judged(found, before)
    assert (result.flowing, len(result.held)) == ((), 2)
    again = judged(found, before, approvals=approvals_of(result.held))
    assert (again.flowing, len(again.held), len(again.refused)) == ((), 2, 2)


def test_every_operation_is_somewhere() -> None:
    """Judging loses nothing and doubles nothing."""
    before, after = losing(7, of=20)
    after = without(after, "ad:u015")
    found = difference(after, service_of(before))
    result = judged(found, before)
    names = [(op.key, op.verb) for op in found.operations]
    flowing = [(op.key, op.verb) for op in result.flowing]
    assert len(set(flowing)) == len(flowing)
    assert {*flowing, *((w.operation.key, w.operation.verb) for w in result.held)} == set(names)
    assert {type(op) for op in found.operations} == {ChangeMembers, Delete}


@pytest.mark.parametrize(("disabled", "held"), [(5, 0), (6, 6)])
def test_an_adoption_that_disables_is_a_removal(disabled: int, held: int) -> None:
    """On the first run nobody is managed yet: shares are taken of what is being adopted."""
    users = people(100)
    service = Service({key: Row(attributes, Status.FOUND) for key, attributes in users.items()})
    world = World({**users, **{key: {**users[key], "active": False} for key in list(users)[:disabled]}})
    assert len(judged(difference(world, service), World()).held) == held
