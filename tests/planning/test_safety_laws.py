"""Laws of the safety policy, for any world, any change and any limits."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.planning.approvals import approvals_of
from ldap2scim.planning.operations import ChangeMembers, HeldOperation
from ldap2scim.planning.policy import (
    DimensionLimit,
    Dimensions,
    KindLimits,
    Limit,
    Privileged,
    RemovalLimit,
    SafetyPolicy,
)
from ldap2scim.planning.safety import Judged, Population, judge
from ldap2scim.planning.states import Leaving
from tests.planning.places import WorldPlaces
from tests.planning.worlds import World, difference, group, law, service_of, user

PEOPLE = [f"ad:u{n}" for n in range(12)] + [f"hr:u{n}" for n in range(8)]
GROUPS = [f"ad:g{n}" for n in range(4)]
Sides = tuple[World, World]


@st.composite
def sides(draw: st.DrawFn) -> Sides:
    """Return a managed world and what the directory wants of it."""
    departments = {key: draw(st.sampled_from(["Finance", "Lab"])) for key in PEOPLE}
    before = World(
        {key: user(key.replace(":", "-"), enterprise={"department": departments[key]}) for key in PEOPLE},
        {key: group(key.replace(":", "-")) for key in GROUPS},
        draw(edges()),
    )
    users: dict[str, dict[str, Any]] = {}
    for key, one in before.users.items():
        match draw(st.sampled_from(["stay", "stay", "leave", "disable", "rename", "title"])):
            case "stay":
                users[key] = {**one}
            case "disable":
                users[key] = {**one, "active": False}
            case "rename":
                users[key] = {**one, "user_name": f"new-{key}"}
            case "title":
                users[key] = {**one, "title": "x"}
    users |= {f"ad:n{n}": user(f"n{n}") for n in range(draw(st.integers(0, 6)))}
    after = frozenset(edge for edge in draw(edges()) if edge[1] in users)
    return before, World(users, before.groups, after)


def edges() -> st.SearchStrategy[frozenset[tuple[str, str]]]:
    """Return memberships."""
    return st.frozensets(st.tuples(st.sampled_from(GROUPS), st.sampled_from(PEOPLE)), max_size=40)


numbers = st.integers(0, 8)
shares = st.integers(0, 100).map(float)
limits = st.builds(Limit, st.none() | shares, numbers, st.none() | numbers)
parts = st.builds(DimensionLimit, numbers, numbers, *[st.none() | shares] * 5)
policies = st.builds(
    SafetyPolicy,
    users=st.builds(RemovalLimit, numbers, shares, st.integers(8, 20)),
    update_percent=shares,
    update_minimum=numbers,
    member_loss_percent=shares,
    member_loss_minimum=numbers,
    attribute_percent=shares,
    attribute_minimum=numbers,
    limits=st.builds(KindLimits, *[limits] * 8),
    by=st.builds(Dimensions, parts, parts, parts, parts),
    privileged=st.builds(Privileged, st.sampled_from([(), ("ad-g0",), ("ad-g0", "ad-g1")]), numbers, numbers),
)


def raised(policy: SafetyPolicy, by: int) -> SafetyPolicy:
    """Return a policy whose every limit lets more through."""
    return replace(
        policy,
        users=RemovalLimit(policy.users.least + by, policy.users.percent + by, policy.users.most + by),
        update_percent=policy.update_percent + by,
        update_minimum=policy.update_minimum + by,
        member_loss_percent=policy.member_loss_percent + by,
        member_loss_minimum=policy.member_loss_minimum + by,
        attribute_percent=policy.attribute_percent + by,
        attribute_minimum=policy.attribute_minimum + by,
        limits=KindLimits(*(_more(getattr(policy.limits, name), by) for name in KindLimits.__slots__)),
        by=Dimensions(
            _wider(policy.by.directory, by),
            _wider(policy.by.unit, by),
            _wider(policy.by.department, by),
            _wider(policy.by.group, by),
        ),
        privileged=replace(
            policy.privileged, entering=policy.privileged.entering + by, leaving=policy.privileged.leaving + by
        ),
    )


def _more(limit: Limit, by: int) -> Limit:
    return Limit(
        None if limit.percent is None else limit.percent + by,
        limit.minimum + by,
        None if limit.most is None else limit.most + by,
    )


def _wider(limit: DimensionLimit, by: int) -> DimensionLimit:
    shares_of = {deed.value: share + by for deed, share in limit.given().items()}
    return replace(limit, population=limit.population + by, minimum=limit.minimum + by, **shares_of)


def judged(both: Sides, policy: SafetyPolicy, approvals: Any = frozenset()) -> Judged:
    """Judge what brings one side to the other."""
    before, after = both
    found = difference(after, service_of(before), leavers=Leaving.DEACTIVATE)
    population = Population(len(before.users), len(before.groups), found.known_members, WorldPlaces(before))
    return judge(found, population, policy, {}, approvals)


def moves(waiting: HeldOperation) -> set[tuple[str, ...]]:
    """Return what a held operation holds, member by member."""
    operation = waiting.operation
    if not isinstance(operation, ChangeMembers):
        return {(operation.key, operation.verb)}
    return {(operation.key, "+", key) for key in operation.added} | {
        (operation.key, "-", key) for key in operation.removed
    }


def held(result: Judged) -> set[tuple[str, ...]]:
    """Return everything that is held."""
    return {move for waiting in result.held for move in moves(waiting)}


@law
@given(both=sides(), policy=policies, by=st.integers(0, 60))
def test_raising_limits_never_holds_more(both: Sides, policy: SafetyPolicy, by: int) -> None:
    """Law: whatever is held under higher limits is held under the lower ones."""
    assert held(judged(both, raised(policy, by))) <= held(judged(both, policy))


@law
@given(both=sides(), policy=policies)
def test_nothing_is_lost_and_nothing_is_in_two_places(both: Sides, policy: SafetyPolicy) -> None:
    """Law: flowing and held together are what differs, whatever the limits."""
    free = judged(both, replace(raised(policy, 1000), privileged=Privileged()))
    result = judged(both, policy)
    flowing = {move for one in result.flowing for move in moves(HeldOperation(one, ()))}
    assert flowing.isdisjoint(held(result))
    assert flowing | held(result) == {move for one in free.flowing for move in moves(HeldOperation(one, ()))} | held(
        free
    )


@law
@given(both=sides(), policy=policies)
def test_an_approval_of_a_whole_plan_releases_all_of_it(both: Sides, policy: SafetyPolicy) -> None:
    """Law: what is approved and has not moved flows, all of it, in one run."""
    released = judged(both, policy, approvals_of(judged(both, policy).held))
    assert (released.held, released.refused) == ((), ())


@law
@given(both=sides(), policy=policies, chosen=st.sets(st.integers(0, 40)))
def test_an_approval_releases_what_it_covers_and_what_waited_for_that(
    both: Sides, policy: SafetyPolicy, chosen: set[int]
) -> None:
    """Law: of what is not approved nothing flows, but for memberships that waited for who was approved."""
    result = judged(both, policy)
    some = [waiting for number, waiting in enumerate(result.held) if number in chosen]
    approved = {(one.operation.key, one.operation.verb) for one in some}
    released = judged(both, policy, approvals_of(some))
    still = held(released)
    for waiting in result.held:
        name = (waiting.operation.key, waiting.operation.verb)
        if isinstance(waiting.operation, ChangeMembers):
            people = {key for key, _ in approved}
            own = {move for move in moves(waiting) if move[2] not in people}
            assert name in approved or own <= still
        else:
            assert (name in still) == (name not in approved)


@law
@given(both=sides(), policy=policies)
def test_every_held_operation_says_why_and_each_reason_once(both: Sides, policy: SafetyPolicy) -> None:
    """Law: at least one reason, and none of them empty or said twice."""
    for waiting in judged(both, policy).held:
        assert waiting.reasons
        assert all(waiting.reasons)
        assert len(set(waiting.reasons)) == len(waiting.reasons)


@law
@given(both=sides(), policy=policies, more=st.sampled_from(PEOPLE))
def test_one_more_removal_lets_none_go(both: Sides, policy: SafetyPolicy, more: str) -> None:
    """Law: removals that are held by their share of a part stay held when one more of that part would go."""
    only = replace(raised(SafetyPolicy(), 1000), users=RemovalLimit(1000, 100, 1000), by=policy.by)
    before, after = both
    fewer = World(
        {key: one for key, one in after.users.items() if key != more},
        after.groups,
        frozenset(edge for edge in after.edges if edge[1] != more),
    )
    assert removals(judged((before, after), only)) <= removals(judged((before, fewer), only))


def removals(result: Judged) -> set[str]:
    """Return who is held because too many would be removed."""
    return {
        one.operation.key
        for one in result.held
        if one.operation.verb == "deactivate" and any("removed or deactivated" in why for why in one.reasons)
    }
