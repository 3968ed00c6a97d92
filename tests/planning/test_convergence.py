"""Laws of planning, for random worlds."""

from collections import Counter
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.model import Key, ResourceType, directory_of, scope_of
from ldap2scim.planning.diff import diff
from ldap2scim.planning.operations import ChangeMembers, Create, Deactivate, Delete
from ldap2scim.planning.plan import from_json, to_json
from ldap2scim.planning.states import Holds, Leaving, ReadState, Scope
from tests.planning.worlds import (
    PROVEN,
    Essences,
    World,
    difference,
    essences_of,
    law,
    plan_of,
    service_of,
    user,
    worlds,
)

DIRECTORIES = st.sampled_from(["ad", "hr"])


@law
@given(worlds(), worlds())
def test_applying_the_plan_gives_the_desired_world(a: World, b: World) -> None:
    """Applying plan(a→b) to a service that is at a gives b, in the plan's own order."""
    service = service_of(a)
    found = difference(b, service)
    assert not found.held
    assert not found.blocked
    service.apply(plan_of(found).operations)
    assert service.managed() == b


@law
@given(worlds())
def test_a_service_in_step_needs_nothing(world: World) -> None:
    """plan(b→b) is empty, and every resource is counted as unchanged."""
    found = difference(world, service_of(world))
    assert plan_of(found).is_empty
    assert found.unchanged == Counter(scope_of(Key(key), kind) for kind in ResourceType for key in world.of(kind))


@law
@given(worlds(), worlds())
def test_there_and_back(a: World, b: World) -> None:
    """plan(a→b) and then plan(b→a) return to a."""
    service = service_of(a)
    service.apply(plan_of(difference(b, service)).operations)
    service.apply(plan_of(difference(a, service)).operations)
    assert service.managed() == a


@law
@given(worlds(), worlds())
def test_there_and_back_where_leavers_are_deactivated(a: World, b: World) -> None:
    """Deactivated people are restored when they come back, with everything they had."""
    service = service_of(a)
    service.apply(plan_of(difference(b, service, leavers=Leaving.DEACTIVATE)).operations)
    assert essences_of(service.managed().users) == essences_of(b.users)
    back = difference(a, service, leavers=Leaving.DEACTIVATE)
    created = {op.key for op in back.operations if isinstance(op, Create) and op.resource_type is ResourceType.USER}
    assert not created
    service.apply(plan_of(back).operations)
    assert service.managed() == a


@law
@given(worlds(), worlds(), st.data())
def test_held_keys_are_untouched(a: World, b: World, data: st.DataObject) -> None:
    """Nothing is done to a held entry, nor to any membership of it, while all others converge."""
    keys = sorted({*a.users, *a.groups, *b.users, *b.groups})
    held = frozenset(data.draw(st.sets(st.sampled_from(keys)))) if keys else frozenset()
    service = service_of(a)
    found = difference(b, service, holds=Holds(frozenset(map(Key, held))))
    service.apply(plan_of(found).operations)
    after = service.managed()
    for kind in ResourceType:
        was, is_now, wanted = (essences_of(world.of(kind)) for world in (a, after, b))
        assert {key: is_now.get(key) for key in held} == {key: was.get(key) for key in held}
        assert {key: is_now[key] for key in is_now if key not in held} == {
            k: wanted[k] for k in wanted if k not in held
        }
    there = {*after.users, *after.groups}
    assert _touching(after.edges, held) == {edge for edge in _touching(a.edges, held) if there.issuperset(edge)}
    assert after.edges - _touching(after.edges, held) == b.edges - _touching(b.edges, held)


def _touching(edges: frozenset[tuple[str, str]], keys: frozenset[str]) -> frozenset[tuple[str, str]]:
    return frozenset(edge for edge in edges if not keys.isdisjoint(edge))


@law
@given(worlds(), worlds(), st.sampled_from(ReadState), DIRECTORIES, st.sampled_from(ResourceType))
def test_no_removal_where_a_read_is_not_proven(
    a: World, b: World, state: ReadState, directory: str, kind: ResourceType
) -> None:
    """A scope that was read short, or not at all, loses nobody, and no group loses a member of that directory."""
    reads = {**PROVEN, Scope(directory, kind): state}
    found = difference(b, service_of(a), reads=reads)
    if state is ReadState.PROVEN:
        assert not found.held
        return
    for operation in found.operations:
        match operation:
            case Delete() | Deactivate():
                assert (directory_of(operation.key), operation.resource_type) != (directory, kind)
            case ChangeMembers(removed=removed):
                assert not any(directory_of(key) == directory for key in removed)
                assert not removed or kind is ResourceType.USER or directory_of(operation.key) != directory
            case _:
                pass
    if state is ReadState.FAILED:
        assert not found.held


@law
@given(worlds(), worlds())
def test_nothing_is_removed_when_nothing_was_read(a: World, b: World) -> None:
    """Without any read state there is no removal at all, not even a held one."""
    found = difference(b, service_of(a), reads={})
    removals = [op for op in found.operations if isinstance(op, Delete | Deactivate)]
    lost = [op for op in found.operations if isinstance(op, ChangeMembers) and op.removed]
    assert (removals, lost, found.held, found.blocked) == ([], [], (), ())


@law
@given(worlds(), worlds(), DIRECTORIES, st.sampled_from(ResourceType))
def test_an_entry_without_a_key_blocks_every_removal_of_its_kind(
    a: World, b: World, directory: str, kind: ResourceType
) -> None:
    """An entry that cannot even be named may be anybody: nobody of that directory and kind is removed."""
    found = difference(b, service_of(a), holds=Holds(blocked=frozenset({Scope(directory, kind)})))
    for operation in found.operations:
        if isinstance(operation, Delete | Deactivate):
            assert (directory_of(operation.key), operation.resource_type) != (directory, kind)
        if isinstance(operation, ChangeMembers):
            assert not any(directory_of(key) == directory for key in operation.removed)
    gone = {key for key in a.of(kind) if key not in b.of(kind) and directory_of(Key(key)) == directory}
    assert {h.operation.key for h in found.blocked if isinstance(h.operation, Delete)} == gone


@law
@given(worlds(), worlds())
def test_the_plan_does_not_depend_on_the_order_of_its_input(a: World, b: World) -> None:
    """The same state in another row order gives the same plan with the same id."""
    service = service_of(a)
    assert plan_of(difference(b, service)) == plan_of(difference(b, service, order=-1))


@law
@given(worlds(), worlds())
def test_a_plan_file_gives_the_same_plan(a: World, b: World) -> None:
    """A plan that was written and read back is equal, with the same id and the same bytes."""
    reads: Mapping[Scope, ReadState] = {**PROVEN, Scope("hr", ResourceType.USER): ReadState.SHORT}
    plan = plan_of(difference(b, service_of(a), reads=reads))
    again = from_json(to_json(plan))
    assert again.plan_id == plan.plan_id
    assert to_json(again) == to_json(plan)
    assert [type(operation) for operation in again.operations] == [type(operation) for operation in plan.operations]


@pytest.mark.parametrize("leavers", Leaving)
def test_only_rows_that_differ_are_asked_for(leavers: Leaving) -> None:
    """Essences are fetched for what differs, and for nothing else."""
    before = World({f"ad:{n}": user(f"u{n}") for n in range(20)})
    after = World({**before.users, "ad:3": user("u3", title="Head")})
    service = service_of(before)
    essences = Essences(after, service)
    diff(after.desired(), service.known(), Holds(), essences, leavers)
    assert set(essences.asked) == {"ad:3"}
