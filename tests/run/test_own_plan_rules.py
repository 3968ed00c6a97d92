"""What an administrator's rules forbid every plan."""

import pytest

from ldap2scim.model import ResourceType
from ldap2scim.planning.approvals import Approval, approval_for
from ldap2scim.planning.operations import ChangeMembers, Delete
from ldap2scim.planning.policy import SafetyPolicy
from ldap2scim.planning.safety import Judged, Population, judge
from ldap2scim.run.own_plan_rules import hold_forbidden
from ldap2scim.settings.own_rule_words import PlanRule, Subject, Verb
from tests.planning.places import WorldPlaces
from tests.planning.worlds import World, difference, group, service_of, user

MEMBERS = ("ad:u00", "ad:u01")
BEFORE = World(
    {f"ad:u{n:02}": user(f"u{n:02}") for n in range(40)},
    {f"ad:g{n}": group(f"g{n}") for n in range(20)} | {"ad:glass": group("break-glass")},
    frozenset({("ad:glass", key) for key in MEMBERS} | {("ad:g1", "ad:u05")}),
)


def stays(*verbs: Verb) -> PlanRule:
    """Return a rule about the members of one group."""
    return PlanRule("break-glass-stays", frozenset(verbs), Subject(ResourceType.USER, group="Break-Glass"))


def judged(rule: PlanRule, after: World) -> tuple[Judged, str]:
    """Judge what brings the world there, all of it approved; and what the findings say."""
    found = difference(after, service_of(BEFORE))
    approvals: frozenset[Approval] = frozenset(map(approval_for, found.operations))
    difference_, findings = hold_forbidden([rule], found, after.desired(), service_of(BEFORE).known())
    population = Population(len(BEFORE.users), len(BEFORE.groups), found.known_members, WorldPlaces(BEFORE))
    return judge(difference_, population, SafetyPolicy(), {}, approvals), " ".join(one.message for one in findings)


def without(*keys: str) -> World:
    """Return the world that some have left."""
    return World(
        {key: one for key, one in BEFORE.users.items() if key not in keys},
        {key: one for key, one in BEFORE.groups.items() if key not in keys},
        frozenset(edge for edge in BEFORE.edges if not set(edge) & set(keys)),
    )


@pytest.mark.parametrize("verbs", [(Verb.LEAVE,), (Verb.DISABLE, Verb.LEAVE)])
def test_a_group_whose_members_stay_is_not_removed(verbs: tuple[Verb, ...]) -> None:
    """Everybody would have left it; other groups go, and no approval lets this one go."""
    result, said = judged(stays(*verbs), without("ad:glass", "ad:g1"))
    assert [(one.operation.key, type(one.operation)) for one in result.held] == [("ad:glass", Delete)]
    assert [one.key for one in result.flowing] == ["ad:g1"]
    assert [one.approval.key for one in result.refused] == ["ad:glass"]
    assert "(member of Break-Glass): 1 group, and is not carried out for them: break-glass." in said


def test_a_group_may_be_removed_where_only_its_members_are_kept_from_being_disabled() -> None:
    """That takes no account away."""
    result, said = judged(stays(Verb.DISABLE), without("ad:glass"))
    assert ([one.key for one in result.flowing], result.held, said) == (["ad:glass"], (), "")


def test_members_and_the_group_are_named_together() -> None:
    """When they would all go at once, neither the people nor the group do."""
    result, said = judged(stays(Verb.DISABLE, Verb.LEAVE), without("ad:glass", *MEMBERS, "ad:u05"))
    assert {one.operation.key for one in result.held} == {"ad:glass", *MEMBERS}
    assert "2 users and 1 group" in said


def test_who_stays_is_not_taken_out_of_the_group() -> None:
    """Others enter, nobody leaves."""
    edges = BEFORE.edges - {("ad:glass", "ad:u00")} | {("ad:glass", "ad:u09")}
    result, said = judged(stays(Verb.LEAVE), World(BEFORE.users, BEFORE.groups, edges))
    ((flows,), (waits,)) = (result.flowing, result.held)
    assert isinstance(flows, ChangeMembers)
    assert isinstance(waits.operation, ChangeMembers)
    assert (flows.added, flows.removed, waits.operation.removed) == (("ad:u09",), (), ("ad:u00",))
    assert "1 group" in said
