"""Two plans side by side."""

from dataclasses import replace
from datetime import UTC, datetime

from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.document import ALL_ROWS
from ldap2scim.planning.operations import AttributeChange, ChangeMembers, Delete, HeldOperation, Inputs, Update
from ldap2scim.planning.plan import Plan, make_plan
from ldap2scim.planning.plan_difference import difference
from ldap2scim.planning.render_difference import difference_document
from ldap2scim.planning.render_text import to_text

USER, GROUP = ResourceType.USER, ResourceType.GROUP
TITLE = AttributeChange("title", "secret", "hidden")
UPDATE = Update(Key("d:1"), USER, "cn=one", Inputs("a", "b"), "id-1", None, "{}", (TITLE,))
LEAVER = Delete(Key("d:2"), USER, "two", Inputs(None, "b"), "id-2", None)
MEMBERS = ChangeMembers(Key("d:g"), GROUP, "cn=g", Inputs("m", None), "id-g", (Key("d:1"),), ())
FEWER = replace(MEMBERS, inputs=Inputs(None, "n"), added=(), removed=(Key("d:3"),))


def plan(*operations: Update | Delete | ChangeMembers, held: tuple[Update | Delete | ChangeMembers, ...] = ()) -> Plan:
    """Return a plan of some operations."""
    waiting = [HeldOperation(one, ("too many of them",)) for one in held]
    return make_plan(
        operations, waiting, evaluated_at=datetime(2024, 4, 1, tzinfo=UTC), settings_digest="s", program="1"
    )


def test_a_plan_does_not_differ_from_itself() -> None:
    """Everything is the same."""
    one = plan(UPDATE, MEMBERS, held=(LEAVER, FEWER))
    assert difference(one, one).is_empty
    assert difference(one, one).same == 4


def test_what_one_has_and_the_other_has_not() -> None:
    """Added by the second, dropped from the first."""
    found = difference(plan(UPDATE), plan(LEAVER))
    assert [one.operation for one in found.added] == [LEAVER]
    assert [one.operation for one in found.dropped] == [UPDATE]


def test_what_is_another_operation() -> None:
    """The same verb on the same resource, to another state."""
    other = replace(UPDATE, inputs=Inputs("c", "b"), changes=(AttributeChange("nick_name", None, "x"),))
    found = difference(plan(UPDATE), plan(other))
    assert [(before.operation, after.operation) for before, after in found.changed] == [(UPDATE, other)]
    text = to_text(difference_document(("Compared.",), found, ()))
    assert "title, nickName" in text
    assert "secret" not in text


def test_what_waits_under_one_of_them() -> None:
    """The same operation, held by the one and flowing by the other."""
    assert [one.operation for one in difference(plan(LEAVER), plan(held=(LEAVER,))).newly_held] == [LEAVER]
    assert [one.operation for one in difference(plan(held=(LEAVER,)), plan(LEAVER)).released] == [LEAVER]


def test_the_two_changes_of_one_group_are_told_apart() -> None:
    """Who enters flows, who leaves waits: a group has one of each."""
    found = difference(plan(MEMBERS), plan(MEMBERS, held=(FEWER,)))
    assert ([one.operation for one in found.added], found.same) == ([FEWER], 1)
    found = difference(plan(MEMBERS, held=(FEWER,)), plan(MEMBERS))
    assert ([one.operation for one in found.dropped], found.same) == ([FEWER], 1)


def test_each_part_has_its_table() -> None:
    """With why it waits; a file says it in each row."""
    more = replace(LEAVER, key=Key("d:9"), name="nine")
    found = difference(plan(UPDATE), plan(held=(LEAVER, more)))
    shown = difference_document((), found, ())
    assert [table.title for table in shown.tables] == ["Added", "Dropped"]
    assert [row[-1] for row in shown.tables[0].rows] == ["too many of them", "as above"]
    assert {row[-1] for row in difference_document((), found, (), ALL_ROWS).tables[0].rows} == {"too many of them"}
    assert shown.lines == ("Operations: 2 added, 1 dropped; 0 are the same.",)
