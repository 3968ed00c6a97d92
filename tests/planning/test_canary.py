"""Which operations go first, and when the rest of a kind is not sent."""

from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.essence import fingerprint, to_essence
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.canary import Brake, Waves, rank_and_type
from ldap2scim.planning.operations import ChangeMembers, Create, Delete, Inputs, Operation
from ldap2scim.planning.plan import make_plan
from ldap2scim.planning.policy import Canary, ErrorRate, SafetyPolicy
from tests.planning.test_plan import NOW
from tests.planning.worlds import law

USER, GROUP = ResourceType.USER, ResourceType.GROUP
EARLY = SafetyPolicy(canary=Canary(above=10, first=3))


def creation(number: int, kind: ResourceType = USER) -> Create:
    """Return the creation of one of many."""
    essence = to_essence({"user_name": f"u{number}"})
    key = Key(f"ad:{kind.value}{number}")
    return Create(key, kind, f"uid=u{number:04d}", Inputs(fingerprint(essence), None), essence)


def leaver(number: int) -> Delete:
    """Return the removal of one of many."""
    return Delete(Key(f"ad:gone{number}"), USER, f"gone{number:04d}", Inputs(None, "x"), f"id{number}", None)


def planned(*operations: Operation) -> tuple[Operation, ...]:
    """Return operations in the order of a plan."""
    return make_plan(operations, (), evaluated_at=NOW, settings_digest="s", program="1").operations


def test_a_few_from_all_over_a_large_kind_go_first() -> None:
    """Of eleven creations three go first, not neighbours; of ten deletions none does."""
    operations = planned(*map(creation, range(11)), *map(leaver, range(10)))
    waves = Waves(operations, EARLY)
    first, others = waves.split(rank_and_type(operations[0]), operations[:11])
    assert [one.name for one in first] == ["uid=u0000", "uid=u0003", "uid=u0006"]
    assert len(others) == 8
    assert list(waves.operations) == [*first, *others, *operations[11:]]
    assert waves.split(rank_and_type(operations[-1]), operations[11:]) == ([], list(operations[11:]))


def test_members_of_the_pilot_group_go_first_however_few_there_are() -> None:
    """Pilots lead their kind; a kind without one has its first few."""
    operations = planned(*map(creation, range(5)), *map(leaver, range(11)))
    waves = Waves(operations, EARLY, pilot={Key("ad:User3"), Key("ad:elsewhere")})
    assert [one.name for one in waves.operations[:2]] == ["uid=u0003", "uid=u0000"]
    assert [one.name for one in waves.operations[5:8]] == ["gone0000", "gone0003", "gone0006"]


def test_nobody_goes_first_where_none_is_asked_for() -> None:
    """With `first: 0` the plan is carried out as it stands, and is no copy."""
    operations = planned(*map(creation, range(50)))
    assert Waves(operations, SafetyPolicy(canary=Canary(above=0, first=0))).operations is operations


def test_who_failed_last_time_does_not_go_first() -> None:
    """Others are sent ahead, since a second failure says nothing new."""
    operations = planned(*map(creation, range(11)))
    known = {(Key(f"ad:User{n}"), "create") for n in (0, 3, 6)}
    waves = Waves(operations, EARLY, known=lambda: known)
    first, _ = waves.split(rank_and_type(operations[0]), operations)
    assert {one.name for one in first}.isdisjoint({"uid=u0000", "uid=u0003", "uid=u0006"})
    assert len(first) == 3


@law
@given(
    counts=st.tuples(*[st.integers(0, 30)] * 3),
    first=st.integers(0, 7),
    above=st.integers(0, 20),
    pilot=st.frozensets(st.integers(0, 30)),
)
def test_only_the_order_within_a_kind_changes(
    counts: tuple[int, int, int], first: int, above: int, pilot: frozenset[int]
) -> None:
    """Law: nothing is lost or doubled, kinds keep their order, and what goes first of a kind leads it."""
    users, groups, gone = counts
    operations = planned(
        *map(creation, range(users)), *(creation(n, GROUP) for n in range(groups)), *map(leaver, range(gone))
    )
    policy = SafetyPolicy(canary=Canary(above=above, first=first))
    waves = Waves(operations, policy, {Key(f"ad:User{n}") for n in pilot})
    assert sorted(waves.operations, key=lambda one: one.sort_key) == list(operations)
    assert [rank_and_type(one) for one in waves.operations] == [rank_and_type(one) for one in operations]
    for kind in {rank_and_type(one) for one in operations}:
        own = [one for one in waves.operations if rank_and_type(one) == kind]
        ahead, others = waves.split(kind, own)
        assert [*ahead, *others] == own


def brake(*, first: float = 50, rate: float = 20, window: int = 10) -> Brake:
    """Return a brake with these limits."""
    return Brake(Canary(error_percent=first), ErrorRate(rate, window), frozenset)


def test_the_first_are_judged_together() -> None:
    """Half of them may fail; one more stops the kind, with figures and the first errors."""
    half = brake()
    for number in range(4):
        half.count(creation(number), "refused" if number % 2 else None)
    half.judge_first()
    assert half.stopped is None
    half.count(creation(5), "uid=u0005 is refused")
    half.judge_first()
    assert str(half.stopped) == "3 of the first 5 failed, more than 50 %"
    assert half.examples == ["refused", "refused", "uid=u0005 is refused"]


def test_nobody_first_is_no_failure() -> None:
    """Where nothing was counted nothing is stopped."""
    none = brake(first=0)
    none.judge_first()
    assert none.stopped is None


def test_the_last_ones_are_judged_when_there_are_enough() -> None:
    """Nine failures in a row are too few to tell; of ten more than two are too many, wherever they stand."""
    early = brake()
    for number in range(9):
        early.count(creation(number), "refused")
    assert early.stopped is None
    late = brake()
    for number in range(30):
        late.count(creation(number), None)
    for number in range(2):
        late.count(creation(number), "refused")
    assert late.stopped is None
    late.count(creation(2), "refused")
    assert str(late.stopped) == "3 of the last 10 failed, more than 20 %"


def test_what_failed_before_is_not_counted() -> None:
    """Entries that always fail never stop the others."""
    known = frozenset((Key(f"ad:User{n}"), "create") for n in range(100))
    patient = Brake(Canary(), ErrorRate(20, 10), lambda: known)
    for number in range(100):
        patient.count(creation(number), "refused")
    patient.judge_first()
    assert patient.stopped is None


def test_a_load_without_errors_asks_nothing() -> None:
    """What failed lately is asked for when something fails, or when a few are to be chosen."""

    def ask() -> frozenset[tuple[Key, str]]:
        raise AssertionError("asked")

    waves = Waves(planned(*map(creation, range(100))), SafetyPolicy(), known=ask)
    for operation in waves.operations:
        waves.brake(rank_and_type(operation)).count(operation, None)


def test_groups_and_their_members_are_kinds_of_their_own() -> None:
    """The rank tells the verbs apart, the type people and groups."""
    change = ChangeMembers(Key("ad:g"), GROUP, "cn=g", Inputs(None, None), None, (Key("ad:u"),), ())
    kinds = {rank_and_type(one) for one in (creation(1), creation(1, GROUP), change, leaver(1))}
    assert len(kinds) == 4
