"""What of an approved plan still stands when the world has moved on."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from hypothesis import given

from ldap2scim.essence import fingerprint, to_essence
from ldap2scim.model import Key
from ldap2scim.planning.frames import Status
from ldap2scim.planning.operations import ChangeMembers, Delete, HeldOperation, Inputs, Operation
from ldap2scim.planning.orphans import orphan_key
from ldap2scim.planning.policy import SafetyPolicy
from ldap2scim.planning.proposals import Difference
from ldap2scim.planning.reconsider import reconsider
from ldap2scim.planning.reconsidered import Facts, KnownAs, Moved, Reconsidered
from ldap2scim.planning.safety import Population, judge
from ldap2scim.planning.states import Holds, ReadState, Scope
from tests.planning.places import WorldPlaces
from tests.planning.worlds import (
    PROVEN,
    USER,
    Row,
    Service,
    World,
    difference,
    group,
    law,
    plan_of,
    service_of,
    user,
    worlds,
)

BEFORE = World({f"ad:u{n}": user(f"u{n}") for n in range(4)}, {"ad:g": group("g")}, frozenset({("ad:g", "ad:u0")}))
NOBODY: frozenset[Key] = frozenset()


def facts(world: World, service: Service, then: World, holds: Holds, unread: Collection[Key] = ()) -> Facts:
    """Return all that is known; `then` is what the entries of today would have been by the clock of the plan."""
    rows = {**service.users, **service.groups}
    return Facts(
        desired={Key(k): fingerprint(to_essence(v)) for k, v in {**world.users, **world.groups}.items()},
        desired_then={Key(k): fingerprint(to_essence(v)) for k, v in {**then.users, **then.groups}.items()},
        known={Key(k): KnownAs(fingerprint(to_essence(r.attributes)), f"id-{k}", r.status) for k, r in rows.items()},
        held=holds.keys,
        unread=frozenset(unread),
        members=lambda of: frozenset(Key(member) for key, member in service.edges if key == of),
    )


def chosen(found: Difference) -> list[HeldOperation]:
    """Return everything of a plan, all that it held released."""
    plan = plan_of(found)
    return [*(HeldOperation(one, ()) for one in plan.operations), *plan.held]


def again(
    plan: Collection[HeldOperation],
    world: World,
    service: Service,
    then: World | None = None,
    holds: Holds | None = None,
) -> Reconsidered:
    """Hold a plan against the world and the service of today."""
    holds = holds or Holds()
    known = facts(world, service, then or world, holds)
    return reconsider([*plan], difference(world, service, holds=holds), lambda _keys, _groups: known)


def moved(found: Reconsidered) -> dict[str, Moved]:
    """Return why operations were refused, by key."""
    return {one.operation.key: one.moved for one in found.refused}


def edited(**attributes: object) -> World:
    """Return the world in which the first person is another."""
    return replace(BEFORE, users={**BEFORE.users, "ad:u0": user("u0", **attributes)})


UPDATE = chosen(difference(edited(title="Head"), service_of(BEFORE)))
LEAVER = chosen(
    difference(World({k: v for k, v in BEFORE.users.items() if k != "ad:u3"}, BEFORE.groups, BEFORE.edges),
               service_of(BEFORE))
)  # fmt: skip


def test_what_has_not_moved_stands() -> None:
    """The same world and service: everything stands, whatever else there is."""
    found = again(UPDATE, edited(title="Head"), service_of(BEFORE))
    assert [one.key for one in found.difference.operations] == ["ad:u0"]
    assert (found.refused, found.done) == ((), ())


def test_what_is_new_is_not_let_in() -> None:
    """Somebody else who changed since is none of the plan's business."""
    now = replace(edited(title="Head"), users={**edited(title="Head").users, "ad:u1": user("u1", title="Head")})
    found = again(UPDATE, now, service_of(BEFORE))
    assert [one.key for one in found.difference.operations] == ["ad:u0"]


def test_an_orphan_that_cannot_be_read() -> None:
    """Nobody knows whether it is there: its removal is neither done nor carried out."""
    key = orphan_key(USER, "z")
    removal = HeldOperation(Delete(key, USER, "zoe", Inputs(None, "f"), service_id="z", version=None), ("orphaned",))
    nothing = facts(BEFORE, service_of(BEFORE), BEFORE, Holds(), unread=[key])
    found = reconsider([removal], difference(BEFORE, service_of(BEFORE)), lambda _keys, _groups: nothing)
    assert moved(found) == {key: Moved.UNKNOWN}
    assert found.refused[0].why == "The resource could not be read."


def test_an_entry_that_changed_again() -> None:
    """It is refused, and so is one that changed back."""
    assert moved(again(UPDATE, edited(title="Chief"), service_of(BEFORE))) == {"ad:u0": Moved.ENTRY}
    assert moved(again(UPDATE, BEFORE, service_of(BEFORE))) == {"ad:u0": Moved.ENTRY}


def test_an_entry_that_left() -> None:
    """An update of somebody who has gone by now is refused."""
    gone = World({k: v for k, v in BEFORE.users.items() if k != "ad:u0"}, BEFORE.groups)
    assert moved(again(UPDATE, gone, service_of(BEFORE))) == {"ad:u0": Moved.LEFT}


def test_a_leaver_who_came_back() -> None:
    """Somebody who is in scope again is not removed."""
    assert moved(again(LEAVER, BEFORE, service_of(BEFORE))) == {"ad:u3": Moved.ENTRY}


def test_the_clock_that_moved_on() -> None:
    """The entry is as it was, and by the clock of the plan it would be what was approved."""
    now = edited(title="Head", active=False)
    assert moved(again(UPDATE, now, service_of(BEFORE), then=edited(title="Head"))) == {"ad:u0": Moved.CLOCK}


def test_a_service_that_moved() -> None:
    """A resource that was edited, or has another id, is not what was approved."""
    service = service_of(BEFORE)
    service.users["ad:u0"] = Row(user("u0", title="by hand"))
    assert moved(again(UPDATE, edited(title="Head"), service)) == {"ad:u0": Moved.SNAPSHOT}
    del service.users["ad:u0"]
    assert moved(again(UPDATE, edited(title="Head"), service)) == {"ad:u0": Moved.SNAPSHOT}


def test_an_entry_that_is_held_now() -> None:
    """What a finding holds is left alone, approved or not."""
    holds = Holds(frozenset({Key("ad:u0")}))
    assert moved(again(UPDATE, edited(title="Head"), service_of(BEFORE), holds=holds)) == {"ad:u0": Moved.HELD}


def test_a_removal_that_a_short_read_speaks_against() -> None:
    """A removal that flowed by a sound read is refused by a short one; one that was approved so flows."""
    short = {**PROVEN, Scope("ad", USER): ReadState.SHORT}
    world = World({k: v for k, v in BEFORE.users.items() if k != "ad:u3"}, BEFORE.groups, BEFORE.edges)
    service = service_of(BEFORE)
    known = facts(world, service, world, Holds())
    doubtful = difference(world, service, reads=short)
    assert moved(reconsider(LEAVER, doubtful, lambda _k, _g: known)) == {"ad:u3": Moved.HELD}
    assert moved(reconsider(chosen(doubtful), doubtful, lambda _k, _g: known)) == {}


def test_what_cannot_be_known_is_refused() -> None:
    """An entry without a key could be just this leaver: nobody's approval changes that."""
    world = World({k: v for k, v in BEFORE.users.items() if k != "ad:u3"}, BEFORE.groups, BEFORE.edges)
    holds = Holds(blocked=frozenset({Scope("ad", USER)}))
    found = again(LEAVER, world, service_of(BEFORE), holds=holds)
    assert moved(found) == {"ad:u3": Moved.UNKNOWN}


def test_what_is_done_is_no_move() -> None:
    """After our own writes of the same plan nothing of it is refused."""
    service = service_of(BEFORE)
    service.apply(one.operation for one in UPDATE)
    found = again(UPDATE, edited(title="Head"), service)
    assert (found.refused, [one.key for one in found.done]) == ((), ["ad:u0"])
    left = service_of(BEFORE)
    del left.users["ad:u3"]
    assert len(again(LEAVER, World({k: v for k, v in BEFORE.users.items() if k != "ad:u3"}), left).done) == 1


def members(*names: str) -> World:
    """Return the world with these members in its group."""
    return replace(BEFORE, edges=frozenset(("ad:g", f"ad:{name}") for name in names))


def entering(found: Reconsidered) -> tuple[set[str], set[str]]:
    """Return who would enter and who would leave."""
    changes = [one for one in found.difference.operations if isinstance(one, ChangeMembers)]
    changes += [one.operation for one in found.difference.held if isinstance(one.operation, ChangeMembers)]
    return {key for one in changes for key in one.added}, {key for one in changes for key in one.removed}


def test_members_stand_one_by_one() -> None:
    """Others who enter or leave the group since do not matter; what is done already is not done again."""
    plan = chosen(difference(members("u1", "u2"), service_of(BEFORE)))
    now = members("u1", "u2", "u3")
    assert entering(again(plan, now, service_of(BEFORE))) == ({"ad:u1", "ad:u2"}, {"ad:u0"})
    half = service_of(replace(BEFORE, edges=frozenset({("ad:g", "ad:u0"), ("ad:g", "ad:u1")})))
    found = again(plan, now, half)
    assert (entering(found), found.refused) == (({"ad:u2"}, {"ad:u0"}), ())
    assert len(again(plan, now, service_of(now)).done) == 1


def test_a_member_who_changed_course() -> None:
    """Where one of the members would not enter any more, the group is refused by name."""
    plan = chosen(difference(members("u1", "u2"), service_of(BEFORE)))
    found = again(plan, members("u1"), service_of(BEFORE))
    assert (moved(found), entering(found)) == ({"ad:g": Moved.ENTRY}, (set(), set()))


def test_members_of_a_group_that_did_not_come() -> None:
    """A group whose own creation is refused gets no members."""
    empty = World(BEFORE.users)
    plan = chosen(difference(BEFORE, service_of(empty)))
    now = replace(BEFORE, groups={"ad:g": group("g", description="another")})
    assert {one.operation.verb for one in again(plan, now, service_of(empty)).refused} == {"create", "change members"}


@law
@given(before=worlds(), then=worlds(), now=worlds())
def test_nothing_but_the_plan_runs_and_all_of_it_is_told(before: World, then: World, now: World) -> None:
    """Each operation stands, is done, or is refused; what stands brings its entry to the state that is wanted now."""
    service = service_of(before)
    plan = chosen(difference(then, service))
    found = again(plan, now, service)
    population = Population(len(before.users), len(before.groups), found.difference.known_members, WorldPlaces(before))
    result = judge(found.difference, population, SafetyPolicy(), {}, found.approvals)
    assert result.held == ()
    of_plan = {_name(one.operation) for one in plan}
    flowing = {_name(one) for one in result.flowing}
    refused = {_name(one.operation) for one in found.refused}
    done = {_name(one) for one in found.done}
    assert flowing | refused | done == of_plan
    assert not flowing & refused
    for one in result.flowing:
        if isinstance(one, ChangeMembers):
            parts = [of.operation for of in plan if _name(of.operation) == _name(one)]
            assert {*one.added} <= {key for part in parts if isinstance(part, ChangeMembers) for key in part.added}
            assert {*one.removed} <= {key for part in parts if isinstance(part, ChangeMembers) for key in part.removed}
            assert all((one.key, key) in now.edges for key in one.added)
            assert all((one.key, key) not in now.edges or key not in _all(now) for key in one.removed)
        elif isinstance(one, Delete):
            assert one.key not in _all(now)
        else:
            assert one.inputs.desired == fingerprint(to_essence(_all(now)[one.key]))


@law
@given(before=worlds(), then=worlds())
def test_a_world_that_stands_still_refuses_nothing(before: World, then: World) -> None:
    """Carried out at once, the whole plan stands; carried out again, all of it is done."""
    service = service_of(before)
    plan = chosen(difference(then, service))
    found = again(plan, then, service)
    assert (found.refused, found.done) == ((), ())
    after = service_of(then)
    for key, row in service.users.items():
        if key not in then.users and row.status is Status.LEFT:
            after.users[key] = row
    settled = again(plan, then, after)
    assert settled.refused == ()
    assert len(settled.done) == len(plan)


def _name(operation: Operation) -> tuple[str, str]:
    return (operation.key, operation.verb)


def _all(world: World) -> dict[str, Any]:
    return {**world.users, **world.groups}
