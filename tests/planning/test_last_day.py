"""What went in earlier runs of the day counts in every limit that is a share of a part."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.model import Key, ResourceType, directory_of
from ldap2scim.planning.approvals import approvals_of
from ldap2scim.planning.operations import ChangeMembers, Delete
from ldap2scim.planning.policy import (
    DimensionLimit,
    Dimensions,
    KindLimits,
    Limit,
    Privileged,
    RemovalLimit,
    SafetyPolicy,
)
from ldap2scim.planning.population import Removed
from ldap2scim.planning.safety import Judged, Population, judge
from tests.planning.places import WorldPlaces
from tests.planning.worlds import USER, World, difference, group, law, service_of, user

MANY = RemovalLimit(least=1000, percent=100, most=1000)
OPEN = SafetyPolicy(users=MANY, groups=MANY, update_percent=100, attribute_percent=100, member_loss_percent=100)


def people(count: int, department: str, start: int = 0, directory: str = "ad") -> dict[str, dict[str, object]]:
    """Return users of one department."""
    keys = [f"{directory}:u{n:03}" for n in range(start, start + count)]
    return {key: user(key.replace(":", "-"), enterprise={"department": department}) for key in keys}


def without(world: World, gone: frozenset[Key]) -> World:
    """Return a world that some have left."""
    return World(
        {key: one for key, one in world.users.items() if key not in gone},
        {key: one for key, one in world.groups.items() if key not in gone},
        frozenset(edge for edge in world.edges if not gone.intersection(edge)),
    )


def in_a_day(world: World, steps: Sequence[frozenset[Key]], policy: SafetyPolicy) -> frozenset[Key]:
    """Return who has gone when people leave the directory in several steps, with a run after each."""
    lost: frozenset[Key] = frozenset()
    gone: frozenset[Key] = frozenset()
    for step in steps:
        lost |= step
        now = without(world, gone)
        found = difference(without(world, lost), service_of(now))
        left = {one: frozenset(m for g, m in world.edges if g == one and m in gone) for one in world.groups}
        seen = World(world.users, world.groups, now.edges)
        places = WorldPlaces(seen, gone={USER: Removed(gone)}, left=left)  # type: ignore[arg-type]
        population = Population(len(now.users), len(now.groups), found.known_members, places)
        result = judge(found, population, policy, {USER: len(gone)}, frozenset())
        gone |= {one.key for one in result.flowing if isinstance(one, Delete)}
    return gone


def test_a_unit_is_not_emptied_in_many_runs() -> None:
    """A hundred of five hundred leave in nine steps: thirty go in a day, as in one run."""
    world = World({**people(100, "Finance"), **people(400, "Lab", 100)})
    unit = [Key(key) for key in world.users][:100]
    steps = [frozenset(unit[start : start + 12]) for start in range(0, 100, 12)]
    assert len(in_a_day(world, steps, OPEN)) == 24
    assert len(in_a_day(world, [frozenset(unit[:30])], OPEN)) == 30


def test_the_reason_says_what_went_before() -> None:
    """Seven after twenty-eight of a hundred."""
    world = World({**people(100, "Finance"), **people(400, "Lab", 100)})
    keys = [Key(key) for key in world.users]
    before = frozenset(keys[:28])
    found = difference(without(world, frozenset(keys[:35])), service_of(without(world, before)))
    places = WorldPlaces(world, gone={USER: Removed(before)})
    result = judge(found, Population(472, 0, {}, places), OPEN, {USER: 28}, frozenset())
    assert {one.operation.key for one in result.held} == set(keys[28:35])
    said = " ".join(result.held[0].reasons)
    assert "7 users would be removed or deactivated, after 28 in the last 24 hours, of 100 managed" in said
    released = judge(found, Population(472, 0, {}, places), OPEN, {USER: 28}, approvals_of(result.held))
    assert (len(released.flowing), released.held) == (7, ())


def test_who_was_removed_and_waits_for_the_same_again_counts_once() -> None:
    """Disabled this morning, deleted this afternoon: that is one."""
    world = World({**people(20, "Finance"), **people(100, "Lab", 100)})
    keys = frozenset(Key(key) for key in [*world.users][:6])
    found = difference(without(world, keys), service_of(world))
    places = WorldPlaces(world, gone={USER: Removed(keys, keys)})
    assert judge(found, Population(120, 0, {}, places), OPEN, {USER: 6}, frozenset()).held == ()


LIMIT = DimensionLimit(population=4, minimum=2, remove=30)
PARTS = replace(OPEN, by=Dimensions(LIMIT, LIMIT, LIMIT, replace(LIMIT, rename=None)))
SMALL = {**people(10, "Finance"), **people(7, "Lab", 10), **people(8, "Lab", 20, "hr")}
KEYS = [Key(key) for key in SMALL]
steps_of_a_day = st.lists(st.frozensets(st.sampled_from(KEYS), max_size=8), min_size=1, max_size=6)
edges = st.frozensets(st.tuples(st.sampled_from(["ad:g0", "ad:g1"]), st.sampled_from(KEYS)))


@law
@given(steps=steps_of_a_day, memberships=edges)
def test_many_runs_of_a_day_remove_no_more_than_one(
    steps: list[frozenset[Key]], memberships: frozenset[tuple[str, Key]]
) -> None:
    """Law: however a wave is split, no part loses more than its share, or the minimum that flows always."""
    world = World(SMALL, {"ad:g0": group("g0"), "ad:g1": group("g1")}, memberships)
    gone = in_a_day(world, steps, PARTS)
    parts = {
        "department": {key: str(SMALL[key]["enterprise"]) for key in KEYS},
        "directory": {key: directory_of(key) for key in KEYS},
        "g0": {key: "g0" for group_, key in memberships if group_ == "ad:g0"},
        "g1": {key: "g1" for group_, key in memberships if group_ == "ad:g1"},
    }
    for of_key in parts.values():
        sizes = Counter(of_key.values())
        lost = Counter(of_key[key] for key in gone if key in of_key)
        for part, size in sizes.items():
            assert size < LIMIT.population or lost[part] <= max(LIMIT.minimum, size * 0.3)


def staff(count: int, members: int) -> World:
    """Return a company with one group."""
    users = people(count, "Lab")
    return World(users, {"ad:g": group("Staff")}, frozenset(("ad:g", key) for key in [*users][:members]))


def test_a_group_is_not_emptied_in_many_runs() -> None:
    """Five of twenty left this morning; two more are over a third of the day, one more is not."""
    world = staff(100, 15)
    policy = replace(OPEN, member_loss_percent=30)
    left = {"ad:g": frozenset(Key(f"ad:u{n:03}") for n in range(15, 20))}
    for leaving, flows in ((1, True), (2, False)):
        kept = frozenset(edge for edge in world.edges if edge[1] >= f"ad:u{leaving:03}")
        found = difference(World(world.users, world.groups, kept), service_of(world))
        population = Population(100, 1, found.known_members, WorldPlaces(world, left=left))
        result = judge(found, population, policy, {}, frozenset())
        assert bool(result.flowing) == flows
        if not flows:
            assert (
                "2 of 20 members would leave the group, after 5 in the last 24 hours, more than 30 %"
                in (result.held[0].reasons[0])
            )


def test_administrators_do_not_leave_one_by_one() -> None:
    """Two may leave a privileged group in a day; the third waits for a person."""
    world = staff(100, 9)
    policy = replace(OPEN, privileged=Privileged(("Staff",)))
    after = World(world.users, world.groups, world.edges - {("ad:g", "ad:u000")})
    found = difference(after, service_of(world))
    for earlier, flows in ((1, True), (2, False)):
        left = {"ad:g": frozenset(Key(f"ad:u{n:03}") for n in range(50, 50 + earlier))}
        population = Population(100, 1, found.known_members, WorldPlaces(world, left=left))
        assert bool(judge(found, population, policy, {}, frozenset()).flowing) == flows


def removed_group(members: int, policy: SafetyPolicy) -> Judged:
    """Judge the removal of a group that has so many members."""
    world = staff(300, members)
    world = World(world.users, {**world.groups, **{f"ad:h{n}": group(f"h{n}") for n in range(9)}}, world.edges)
    found = difference(without(world, frozenset({Key("ad:g")})), service_of(world))
    return judge(found, Population(300, 10, found.known_members, WorldPlaces(world)), policy, {}, frozenset())


@pytest.mark.parametrize(("members", "flows"), [(0, True), (50, True), (51, False), (200, False)])
def test_a_group_that_many_would_lose_is_removed_by_a_person(members: int, *, flows: bool) -> None:
    """A small one goes within the limit of groups; of more than fifty members it is a loss of all of them."""
    result = removed_group(members, replace(OPEN, member_loss_percent=30))
    assert bool(result.flowing) == flows
    if not flows:
        (waits,) = result.held
        assert waits.operation.resource_type is ResourceType.GROUP
        assert f"The group has {members} members, who would lose it" in waits.reasons[0]


def test_members_of_a_removed_group_count_among_all_who_leave() -> None:
    """A hundred and one are more than a third of all memberships, though the share of one group is off."""
    policy = replace(OPEN, limits=KindLimits(leave=Limit(percent=30, minimum=100)))
    assert removed_group(100, policy).held == ()
    (waits,) = removed_group(101, policy).held
    assert waits.reasons[0].startswith("101 members would leave groups, all groups together; the limit is 30 % of 101")
    assert not isinstance(waits.operation, ChangeMembers)
