"""Totals against the last run, by directory, unit, department and group."""

from collections.abc import Collection, Mapping
from dataclasses import replace

import pytest

from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.operations import ChangeMembers, Deactivate, HeldOperation, Inputs
from ldap2scim.planning.policy import Dimension
from ldap2scim.planning.population import Nowhere
from ldap2scim.planning.proposals import Difference
from validations.totals import check_totals

NOTHING = Difference((), (), (), (), {}, 0, {}, frozenset())


class Company(Nowhere):
    """Everybody is below `ou=sales`, which has so many people; nobody has a department."""

    def __init__(self, size: int) -> None:
        self._size = size

    def parts(self, dimension: Dimension, keys: Collection[Key]) -> Mapping[Key, str]:
        """Return the one unit."""
        return dict.fromkeys(keys, "ou=sales") if dimension is Dimension.UNIT else {}

    def sizes(
        self,
        dimension: Dimension,  # noqa: ARG002 (signature)
        kind: ResourceType,  # noqa: ARG002 (signature)
        parts: Collection[str],
    ) -> Mapping[str, int]:
        """Return its size."""
        return dict.fromkeys(parts, self._size)


def leaver(number: int) -> Deactivate:
    """Return somebody who leaves."""
    return Deactivate(Key(f"ad:{number}"), ResourceType.USER, f"uid={number}", Inputs(None, "f"), str(number), None)


@pytest.mark.parametrize(("leaving", "size", "said"), [(5, 10, True), (5, 16, True), (5, 17, False), (4, 4, False)])
def test_a_unit_that_falls_far_is_noted_with_its_numbers(leaving: int, size: int, said: bool) -> None:
    """Five at least, and thirty percent; whether they flow or wait makes no difference."""
    leavers = [leaver(number) for number in range(leaving)]
    waiting = (HeldOperation(leavers[0], ("short",)),)
    found = list(check_totals(replace(NOTHING, operations=tuple(leavers[1:]), held=waiting), Company(size)))

    assert [one.rule for one in found] == ["total-fell"] * said
    if said:
        assert f"users fell far by organisational unit: ou=sales from {size} to {size - leaving}" in found[0].message


def test_a_group_that_loses_its_members_is_noted() -> None:
    """By what the service had of it."""
    group, members = Key("ad:g"), tuple(Key(f"ad:{number}") for number in range(6))
    change = ChangeMembers(group, ResourceType.GROUP, "cn=team", Inputs(None, None), "1", (), members)
    found = list(check_totals(replace(NOTHING, operations=(change,), known_members={group: 12}), Company(0)))

    assert [one.subjects for one in found] == [("cn=team",)]
    assert "cn=team from 12 to 6" in found[0].message
    assert not list(check_totals(replace(NOTHING, operations=(change,), known_members={group: 60}), Company(0)))
