"""Limits by kind and by part of the managed: what a limit of the whole does not see."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from ldap2scim.model import Key
from ldap2scim.planning.approvals import Approval, approvals_of
from ldap2scim.planning.operations import ChangeMembers, Create, Update
from ldap2scim.planning.policy import DimensionLimit, Dimensions, KindLimits, Limit, RemovalLimit, SafetyPolicy
from ldap2scim.planning.proposals import Difference
from ldap2scim.planning.safety import Judged, Population, judge
from ldap2scim.planning.states import Leaving
from tests.planning.places import WorldPlaces
from tests.planning.worlds import World, difference, group, service_of, user

MANY = RemovalLimit(least=300, percent=100, most=1000)
OFF = DimensionLimit(remove=None, rename=None)
NOWHERE = Dimensions(directory=OFF, unit=OFF, department=OFF, group=OFF)
OPEN = SafetyPolicy(users=MANY, groups=MANY, update_percent=100, attribute_percent=100, by=NOWHERE)
"""Lets nearly everything through, so that one limit can be looked at."""
USUAL = replace(OPEN, by=Dimensions())


def keys(count: int, directory: str = "ad", start: int = 0) -> list[str]:
    """Return so many keys."""
    return [f"{directory}:u{n:03}" for n in range(start, start + count)]


def people(names: list[str], **attributes: object) -> dict[str, dict[str, object]]:
    """Return users under these keys."""
    return {key: user(key.replace(":", "-"), **attributes) for key in names}


def judged(
    before: World,
    after: World,
    policy: SafetyPolicy,
    places: WorldPlaces | None = None,
    approvals: frozenset[Approval] = frozenset(),
) -> Judged:
    """Judge what brings a managed world to another."""
    found: Difference = difference(after, service_of(before), leavers=Leaving.DEACTIVATE)
    seen = places or WorldPlaces(before)
    population = Population(len(before.users), len(before.groups), found.known_members, seen)
    return judge(found, population, policy, {}, approvals)


def without(world: World, names: list[str]) -> World:
    """Return a world that some have left."""
    gone = set(names)
    return World(
        {key: one for key, one in world.users.items() if key not in gone},
        world.groups,
        frozenset(edge for edge in world.edges if edge[1] not in gone),
    )


def held(result: Judged) -> set[str]:
    """Return the keys of what is held, memberships apart."""
    return {one.operation.key for one in result.held if not isinstance(one.operation, ChangeMembers)}


def reasons(result: Judged) -> str:
    """Return every reason, once."""
    return " ".join(sorted({reason for one in result.held for reason in one.reasons}))


FINANCE = people(keys(20), enterprise={"department": "Finance"})
OTHERS = people(keys(300, start=100), enterprise={"department": "Lab"})
COMPANY = World({**FINANCE, **OTHERS})


@pytest.mark.parametrize(("leaving", "flows"), [(5, True), (6, True), (7, False), (20, False)])
def test_a_share_of_one_department_is_held(leaving: int, *, flows: bool) -> None:
    """Six of twenty may go, seven are held, though the whole company could lose a hundred; leavers elsewhere flow."""
    elsewhere = keys(50, start=100)
    result = judged(COMPANY, without(COMPANY, [*keys(leaving), *elsewhere]), USUAL)
    assert held(result) == (set() if flows else set(keys(leaving)))
    assert len(result.flowing) == 50 + leaving * flows
    if not flows:
        assert f"{leaving} users would be removed or deactivated of 20 managed in department Finance" in reasons(result)
        assert "more than 30 %" in reasons(result)


def test_a_department_of_three_holds_nothing() -> None:
    """Where fewer people are managed than the least population, nobody is held."""
    small = World({**people(keys(12), enterprise={"department": "Finance"}), **OTHERS})
    assert judged(small, without(small, keys(12)), USUAL).held == ()


def test_the_minimum_is_one_of_each_part() -> None:
    """Four of Finance and four of Sales flow, though they are eight and a fifth of each; six of Finance are held."""
    sales = people(keys(20, start=50), enterprise={"department": "Sales"})
    world = World({**FINANCE, **sales, **OTHERS})
    policy = replace(OPEN, by=replace(NOWHERE, department=DimensionLimit(remove=10)))
    assert judged(world, without(world, [*keys(4), *keys(4, start=50)]), policy).held == ()
    assert held(judged(world, without(world, [*keys(6), *keys(4, start=50)]), policy)) == set(keys(6))


def test_the_department_is_what_the_service_last_confirmed() -> None:
    """Disabling people and clearing their department in one change does not get round the limit."""
    cleared = {key: {**FINANCE[key], "active": False, "enterprise": {}} for key in keys(10)}
    result = judged(COMPANY, World({**COMPANY.users, **cleared}), USUAL)
    assert held(result) == set(keys(10))


def test_what_a_department_is_is_a_setting() -> None:
    """Any attribute with one text may be taken; it is named as it is written."""
    centre = World({**people(keys(20), enterprise={"cost_center": "4711"}), **OTHERS})
    by = replace(Dimensions(), department_attribute="enterprise.cost_center")
    places = WorldPlaces(centre, attribute="enterprise.cost_center")
    result = judged(centre, without(centre, keys(10)), replace(OPEN, by=by), places)
    assert "managed in costCenter 4711" in reasons(result)


def test_a_share_of_one_unit_is_held() -> None:
    """The entries right below one DN are a part, whatever stands further down."""
    names = {key: f"uid={key},ou=finance,dc=example" for key in keys(30)}
    names |= {key: f"uid={key},ou=lab,ou=finance,dc=example" for key in keys(300, start=100)}
    world = World(people([*names]))
    result = judged(world, without(world, [*keys(10), *keys(20, start=100)]), USUAL, WorldPlaces(world, names))
    assert held(result) == set(keys(10))
    assert "of 30 managed in unit ou=finance,dc=example" in reasons(result)


def test_a_share_of_one_directory_is_held() -> None:
    """A subsidiary's directory may not lose a third of its people unseen."""
    world = World({**people(keys(40, "hr")), **people(keys(300))})
    after = without(world, [*keys(13, "hr"), *keys(20)])
    result = judged(world, after, USUAL)
    assert held(result) == set(keys(13, "hr"))
    assert "managed in directory hr" in reasons(result)


def test_members_of_one_group_who_lose_their_accounts_are_held() -> None:
    """Seven of twenty members are too many; others who leave flow, and the reason names the groups."""
    edges = {(f"ad:g{n}", key) for n in range(5) for key in keys(20)} | {("ad:all", key) for key in COMPANY.users}
    groups = {f"ad:g{n}": group(f"Team {n}") for n in range(5)} | {"ad:all": group("All")}
    world = World(COMPANY.users, groups, frozenset(edges))
    policy = replace(OPEN, by=replace(NOWHERE, group=Dimensions().group), member_loss_percent=100)
    result = judged(world, without(world, [*keys(7), *keys(30, start=100)]), policy)
    assert held(result) == set(keys(7))
    assert "Too many members of Team 0 (7 of 20), Team 1 (7 of 20), Team 2 (7 of 20) and 2 more groups" in reasons(
        result
    )


def test_who_leaves_a_group_and_stays_is_not_counted_there() -> None:
    """That limit is about accounts; members who leave a group have one of their own."""
    world = World(COMPANY.users, {"ad:g": group("g")}, frozenset(("ad:g", key) for key in keys(20)))
    after = World(world.users, world.groups, frozenset(("ad:g", key) for key in keys(5)))
    policy = replace(OPEN, by=replace(NOWHERE, group=Dimensions().group), member_loss_percent=100)
    assert judged(world, after, policy).held == ()


def renamed(world: World, names: list[str], **to: object) -> World:
    """Return a world in which some go by another login or name."""
    changed = {key: {**world.users[key], "user_name": f"new-{key}", **to} for key in names}
    return World({**world.users, **changed}, world.groups, world.edges)


def test_renames_are_a_kind_of_their_own() -> None:
    """Thirty-three of 320 logins are more than a tenth: all renames are held, and other updates flow."""
    titled = World(
        {**renamed(COMPANY, keys(33, start=100)).users, "ad:u001": {**COMPANY.users["ad:u001"], "title": "x"}}
    )
    result = judged(COMPANY, titled, OPEN)
    assert held(result) == set(keys(33, start=100))
    assert "33 users would be renamed, of 320 managed; the limit is 10 % where there are more than 10" in reasons(
        result
    )
    assert [one.key for one in result.flowing] == ["ad:u001"]
    assert judged(COMPANY, renamed(COMPANY, keys(32, start=100)), OPEN).held == ()


def test_a_first_display_name_is_no_rename() -> None:
    """A name is changed, or it is new: a mapping that adds displayName renames nobody."""
    named = World({key: {**one, "display_name": f"N {key}"} for key, one in COMPANY.users.items()})
    assert judged(COMPANY, named, OPEN).held == ()
    again = World({key: {**one, "display_name": f"M {key}"} for key, one in COMPANY.users.items()})
    assert len(judged(named, again, OPEN).held) == 320


def test_renames_within_one_department_are_held() -> None:
    """Eleven of twenty people of one department are more than half, and three per cent of the whole."""
    result = judged(COMPANY, renamed(COMPANY, keys(11)), USUAL)
    assert held(result) == set(keys(11))
    assert "11 users would be renamed of 20 managed in department Finance, more than 50 %" in reasons(result)


def limits(**given: Limit) -> SafetyPolicy:
    """Return a policy with limits by kind alone."""
    return replace(OPEN, limits=KindLimits(**{"rename": Limit(), "restore": Limit(), "leave": Limit(), **given}))


def test_creations_have_no_limit_unless_one_is_set() -> None:
    """A first load creates everybody; a limit that is set holds all of them, and nothing else."""
    grown = World({**COMPANY.users, **people(keys(200, start=500)), "ad:u000": {**FINANCE["ad:u000"], "title": "x"}})
    assert judged(COMPANY, grown, SafetyPolicy()).held == ()
    result = judged(COMPANY, grown, limits(create=Limit(percent=50)))
    assert held(result) == set(keys(200, start=500))
    assert [type(one) for one in result.flowing] == [Update]
    assert judged(COMPANY, grown, limits(create=Limit(percent=70))).held == ()
    assert len(judged(COMPANY, grown, limits(create=Limit(most=199))).held) == 200


def test_a_limit_of_none_at_all_holds_each() -> None:
    """`most: 0` lets a person decide about every deactivation, and an approval releases what it covers."""
    after = without(COMPANY, keys(1))
    result = judged(COMPANY, after, limits(deactivate=Limit(most=0)))
    assert held(result) == set(keys(1))
    assert "the limit is at most 0" in reasons(result)
    assert judged(COMPANY, after, limits(deactivate=Limit(most=0)), None, approvals_of(result.held)).held == ()


def test_creations_in_one_directory_can_be_held() -> None:
    """A directory that would double is held where its share says so; creations elsewhere flow."""
    world = World({**people(keys(40, "hr")), **people(keys(300))})
    grown = World({**world.users, **people(keys(50, "hr", 100)), **people(keys(50, start=500))})
    by = replace(NOWHERE, directory=DimensionLimit(remove=None, rename=None, create=100))
    result = judged(world, grown, replace(OPEN, by=by))
    assert held(result) == set(keys(50, "hr", 100))
    assert all(isinstance(one, Create) for one in result.flowing)


def test_one_attribute_may_have_a_share_of_its_own() -> None:
    """Titles of more than a fifth are held; another attribute keeps the common share."""
    titled = {key: {**one, "title": "x", "nick_name": "y"} for key, one in [*COMPANY.users.items()][:65]}
    policy = replace(OPEN, attribute_percent=50, attributes={"title": 20.0})
    result = judged(COMPANY, World({**COMPANY.users, **titled}), policy)
    assert "`title` would change for 65 of 320 users, more than 20 %" in reasons(result)
    assert "nick_name" not in reasons(result)


def test_all_memberships_together_have_a_limit() -> None:
    """Each of twenty groups loses a quarter of its members, which no group's own limit holds."""
    members = keys(40, start=100)
    world = World(
        COMPANY.users,
        {f"ad:g{n}": group(f"g{n}") for n in range(20)},
        frozenset((f"ad:g{n}", key) for n in range(20) for key in members),
    )
    after = World(world.users, world.groups, frozenset(edge for edge in world.edges if edge[1] not in members[:10]))
    assert judged(world, after, SafetyPolicy()).held == ()
    result = judged(world, after, replace(SafetyPolicy(), limits=KindLimits(leave=Limit(percent=20, minimum=100))))
    assert (result.flowing, len(result.held)) == ((), 20)
    assert "200 members would leave groups, all groups together; the limit is 20 % of 800" in reasons(result)


def test_members_that_enter_have_a_limit_where_it_is_set() -> None:
    """Nobody enters when too many would; who leaves still does, and an approval lets them in."""
    world = World(COMPANY.users, {"ad:g": group("g")}, frozenset(("ad:g", key) for key in keys(20)))
    edges = frozenset(("ad:g", key) for key in [*keys(19), *keys(60, start=100)])
    after = World(world.users, world.groups, edges)
    policy = limits(enter=Limit(most=50))
    result = judged(world, after, policy)
    (flows,), (waits,) = result.flowing, result.held
    assert isinstance(flows, ChangeMembers)
    assert isinstance(waits.operation, ChangeMembers)
    assert (len(flows.added), len(flows.removed), len(waits.operation.added)) == (0, 1, 60)
    released = judged(world, after, policy, None, approvals_of(result.held))
    assert (len(released.flowing), released.held, released.refused) == (1, (), ())


@pytest.mark.parametrize(
    ("after", "asked"),
    [
        (without(COMPANY, keys(5)), []),
        (World({**COMPANY.users, **people(keys(3000, start=400))}), []),
        (without(COMPANY, keys(6)), ["parts of unit", "sizes of unit", "sizes of directory", "parts of department"]),
    ],
)
def test_an_ordinary_run_asks_nothing(after: World, asked: list[str]) -> None:
    """Where no part can be over its minimum the state is not asked; nor for creations, which have no limit."""
    places = WorldPlaces(COMPANY)
    judged(COMPANY, after, SafetyPolicy(), places)
    assert set(asked) <= set(places.asked)
    assert bool(places.asked) == bool(asked)


def test_protected_names_are_known_after_the_entry_has_gone() -> None:
    """The last DN protects somebody whose entry is not in the directory any more."""
    names = {"ad:u001": "cn=Break Glass,ou=emergency,dc=example"}
    policy = SafetyPolicy(protected=("CN=Break Glass, OU=Emergency, DC=example",))
    result = judged(COMPANY, without(COMPANY, keys(2)), policy, WorldPlaces(COMPANY, names))
    assert held(result) == {Key("ad:u001")}


def test_every_reason_is_named() -> None:
    """A removal over the limit of the whole, of its department, of its unit and of its directory says all four."""
    result = judged(COMPANY, without(COMPANY, [*keys(20), *keys(100, start=100)]), SafetyPolicy())
    mapping: Mapping[str, tuple[str, ...]] = {one.operation.key: one.reasons for one in result.held}
    finance, lab = " ".join(mapping["ad:u000"]), " ".join(mapping["ad:u100"])
    for said in ("120 users would be removed", "department Finance", "in directory ad", "in unit "):
        assert said in finance
    assert "department Lab" in lab
    assert "Finance" not in lab
