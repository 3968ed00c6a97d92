"""The plan: its order, its id, its file."""

from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest

from ldap2scim.errors import PlanError
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.operations import (
    AttributeChange,
    ChangeMembers,
    Create,
    Delete,
    HeldOperation,
    Inputs,
    Operation,
    Update,
)
from ldap2scim.planning.plan import Plan, from_json, from_pieces, make_plan, pieces, to_json

NOW = datetime(2024, 4, 1, 9, tzinfo=UTC)
CREATE = Create(Key("ad:1"), ResourceType.USER, "cn=a", Inputs("f", None), '{"active":true}')
DELETE = Delete(Key("ad:2"), ResourceType.USER, "b", Inputs(None, "g"), "17", "W/1")
MEMBERS = ChangeMembers(Key("ad:3"), ResourceType.GROUP, "cn=g", Inputs("h", None), None, (Key("ad:1"),), ())
REASONS = ("one user would be removed: approve the plan's id.",)


def plan(*operations: Operation, held: tuple[HeldOperation, ...] = (), settings: str = "s", program: str = "1") -> Plan:
    """Return a plan of some operations."""
    return make_plan(operations, held, evaluated_at=NOW, settings_digest=settings, program=program)


def test_operations_are_sorted_by_rank() -> None:
    """People are created before groups take them in, and removals come last."""
    assert plan(DELETE, MEMBERS, CREATE).operations == (CREATE, MEMBERS, DELETE)


def test_the_id_says_what_was_decided_and_not_when() -> None:
    """The same decision at another time has the same id; anything else that differs gives another."""
    one = plan(CREATE, DELETE)
    later = make_plan((DELETE, CREATE), (), evaluated_at=NOW.replace(year=2025), settings_digest="s", program="1")
    assert later.plan_id == one.plan_id
    assert len(one.plan_id) == 64
    others = [
        plan(CREATE),
        plan(CREATE, DELETE, settings="t"),
        plan(CREATE, DELETE, program="2"),
        plan(CREATE, replace(DELETE, inputs=Inputs(None, "moved"))),
        plan(CREATE, replace(DELETE, version="W/2")),
        plan(CREATE, held=(HeldOperation(DELETE, REASONS),)),
        plan(CREATE, held=(HeldOperation(DELETE, ("another reason",)),)),
    ]
    assert len({one.plan_id, *(other.plan_id for other in others)}) == 8


def test_the_id_can_be_checked_with_any_sha256() -> None:
    """The decision in the file is canonical JSON, and the id is its SHA-256, also of more than one piece."""
    from hashlib import sha256

    many = [replace(CREATE, key=Key(f"ad:m{n}"), essence=f'{{"title":"課長{n}"}}') for n in range(1500)]
    deletions = [HeldOperation(replace(DELETE, key=Key(f"ad:d{n}")), REASONS) for n in range(1001)]
    update = Update(
        *(Key("ad:4"), ResourceType.USER, "cn=u", Inputs("i", "j"), "18", None, "{}"),
        changes=(AttributeChange("name", {"given_name": "b", "family_name": "a"}, None),),
    )
    written = plan(*many, update, MEMBERS, held=tuple(deletions))
    text = to_json(written)
    decision = orjson.loads(text)["decision"]
    canonical = orjson.dumps(decision, option=orjson.OPT_SORT_KEYS)
    assert canonical in text
    assert sha256(canonical).hexdigest() == written.plan_id


def test_a_plan_file_comes_back_whole() -> None:
    """Written and read, a plan is equal."""
    written = plan(CREATE, MEMBERS, held=(HeldOperation(DELETE, REASONS),))
    assert from_json(to_json(written)) == written


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-9],
        lambda _: b"[]",
        lambda text: text.replace(b'"format":1', b'"format":9'),
        lambda text: text.replace(b'"verb":"delete"', b'"verb":"explode"'),
        lambda text: text.replace(b'"name":"b"', b'"name":7'),
        lambda text: text.replace(b'"name":"b"', b'"nome":"b"'),
        lambda text: text.replace(b'"service_id":"17"', b'"service_id":"18"'),
        lambda text: text.replace(b"+00:00", b""),
        lambda text: text.replace(b'"operations":[', b'"operations":[7,'),
        lambda text: text.replace(b'"decision":{', b'"decision":{},"x":{'),
    ],
    ids=["cut", "no plan", "format", "verb", "type", "field", "changed", "zone", "number", "empty"],
)
def test_a_damaged_plan_file_is_refused(change: "type[bytes]") -> None:
    """Cut, changed or foreign files are one clear error, never a traceback of something else."""
    text = to_json(plan(CREATE, MEMBERS, DELETE))
    damaged = change(text)
    assert damaged != text
    with pytest.raises(PlanError, match="plan"):
        from_json(damaged)


def test_a_plan_comes_back_from_its_pieces() -> None:
    """As from its file; pieces that are not those of one plan are refused."""
    written = plan(CREATE, MEMBERS, held=(HeldOperation(DELETE, REASONS),))
    assert from_pieces(pieces(written)) == written
    other = [*pieces(plan(CREATE))]
    with pytest.raises(PlanError, match="not the one that was stored"):
        from_pieces([next(pieces(written)), *other[1:]])
    with pytest.raises(PlanError, match="cannot be understood"):
        from_pieces([])


def test_the_settings_are_told_but_not_hashed_twice() -> None:
    """Digests of single settings ride along, to name later which one changed; the id is of the whole."""
    told = make_plan((CREATE,), (), evaluated_at=NOW, settings_digest="s", program="1", settings={"service.x": "0f"})
    assert told.plan_id == plan(CREATE).plan_id
    assert from_json(to_json(told)).settings == (("service.x", "0f"),)
