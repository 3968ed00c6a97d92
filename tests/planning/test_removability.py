"""Whether a membership has ended, where several directories have a say."""

import pytest

from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.frames import empty_desired
from ldap2scim.planning.removability import Evidence, Removability
from ldap2scim.planning.states import DesiredState, Edges, Holds, ReadState, Scope

STAFF, OTHER = Key("corp:staff"), Key("corp:other")
AIKO, ZOE = Key("corp:aiko"), Key("lab:zoe")
CORP = {Scope("corp", kind): ReadState.PROVEN for kind in ResourceType}


def evidence(lab: ReadState | None, kind: ResourceType = ResourceType.USER, holds: Holds | None = None) -> Evidence:
    """Return what is proven where the group `staff` has members of the directory `lab`, and `other` has none."""
    reads = dict(CORP)
    if lab is not None:
        reads |= {Scope("lab", one): ReadState.PROVEN for one in ResourceType} | {Scope("lab", kind): lab}
    desired = DesiredState(empty_desired(), empty_desired(), Edges.of(()), reads, across=frozenset({STAFF}))
    return Evidence(desired, holds or Holds())


@pytest.mark.parametrize("kind", list(ResourceType))
@pytest.mark.parametrize(
    ("lab", "expected"),
    [
        (ReadState.PROVEN, Removability.FREE),
        (ReadState.SHORT, Removability.HELD),
        (ReadState.FAILED, Removability.UNKNOWN),
    ],
)
def test_reads_of_both_directories_count(kind: ResourceType, lab: ReadState, expected: Removability) -> None:
    """A member of another directory, or one who came through a group of it, leaves by that directory's word too."""
    found = evidence(lab, kind)
    assert found.loss_of_member(STAFF, ZOE) is expected
    assert found.loss_of_member(STAFF, AIKO) is expected
    assert found.loss_of_stranger(STAFF) is expected


def test_groups_of_one_directory_do_not_wait_for_another() -> None:
    """A directory that is down keeps nobody in a group that has nothing to do with it."""
    found = evidence(ReadState.FAILED)
    assert found.loss_of_member(OTHER, AIKO) is Removability.FREE
    assert found.loss_of_stranger(OTHER) is Removability.FREE


def test_nameless_entry_of_the_other_directory_blocks() -> None:
    """An entry without key in the other directory may be the inner group that the members came through."""
    blocked = Holds(blocked=frozenset({Scope("lab", ResourceType.GROUP)}))
    found = evidence(ReadState.PROVEN, holds=blocked)
    assert found.loss_of_member(STAFF, AIKO) is Removability.BLOCKED
    assert found.loss_of_member(OTHER, AIKO) is Removability.FREE
