"""What a run still holds while it loads: the plan, and nothing else that is as large as the directory."""

import weakref
from typing import Any

import pytest

from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.operations import ChangeMembers, Inputs, Operation
from ldap2scim.planning.plan import make_plan
from ldap2scim.run import conclusion
from ldap2scim.run.step import CHUNK, MEMBERS, chunks_of
from tests.run.conftest import NOW

PLAN = make_plan((), (), evaluated_at=NOW, settings_digest="s", program="1")


class Large:
    """Stands for what was believed, or for a survey."""

    stops = ()
    sums = "sums"


WAYS = {
    "sync": lambda run: conclusion.bring_in_step(run, ()),
    "recover": lambda run: conclusion.recover(run, ()),
    "a given plan": lambda run: conclusion.carry_out(run, (), PLAN),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_was_believed_is_let_go_of_before_the_load(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The frames of a hundred thousand people take fifty megabytes, and a load takes hours."""
    made: list[weakref.ref[Large]] = []
    alive: list[bool] = []

    def large(*_: object) -> Large:
        new = Large()
        made.append(weakref.ref(new))
        return new

    def conclude(_run: object, _reads: object, sums: object, _decision: object) -> Any:
        assert sums == Large.sums
        alive.extend(one() is not None for one in made)

    for name in ("believe", "survey"):
        monkeypatch.setattr(conclusion, name, large)
    for name in ("rebuild", "decide", "decide_exactly"):
        monkeypatch.setattr(conclusion, name, lambda *_: None)
    monkeypatch.setattr(conclusion, "conclude", conclude)

    WAYS[way](None)

    assert alive
    assert not any(alive)


def change(number: int, members: int) -> ChangeMembers:
    """Return the change of a group with many members."""
    added = tuple(Key(f"corp:{member}") for member in range(members))
    return ChangeMembers(Key(f"corp:g{number}"), ResourceType.GROUP, f"cn={number}", Inputs("a", None), None, added, ())


def test_large_groups_are_not_journaled_together() -> None:
    """All members of what is settled together are held at once; a group alone may have more."""
    sizes = [1, MEMBERS * 5, 1, MEMBERS - 1, MEMBERS // 2, MEMBERS, *[0] * (CHUNK + 3), 2]
    operations: list[Operation] = [change(number, size) for number, size in enumerate(sizes)]
    found = list(chunks_of(operations))
    assert [one for chunk in found for one in chunk] == operations
    assert [len(chunk) for chunk in found] == [1, 1, 2, 1, CHUNK, 5]
    assert list(chunks_of([])) == []
