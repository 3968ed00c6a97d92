"""What a person is shown of a plan and of a run."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ldap2scim.findings import Finding, Severity
from ldap2scim.model import Key, ResourceType, Scope
from ldap2scim.planning.accounts import Accounts, Counted, Outcome, Result
from ldap2scim.planning.document import MOST_ROWS, to_rows
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
from ldap2scim.planning.plan import Plan, make_plan
from ldap2scim.planning.render_accounts import accounts_table
from ldap2scim.planning.render_markdown import to_markdown
from ldap2scim.planning.render_plan import plan_document, report_document
from ldap2scim.planning.render_text import MOST_LINES, to_text

UPDATE = Update(
    Key("ad:1"), ResourceType.USER, "cn=A|B,dc=x", Inputs("a", "b"), "1", None, '{"title":"secret-value"}',
    (AttributeChange("active", True, False), AttributeChange("title", "old-value", "secret-value")),
)  # fmt: skip
MEMBERS = ChangeMembers(
    Key("ad:2"), ResourceType.GROUP, "cn=g", Inputs("a", "b"), "2", (Key("ad:1"), Key("ad:3")), (Key("ad:4"),)
)
DELETE = Delete(Key("ad:5"), ResourceType.USER, "gone\x1b[2J", Inputs(None, "b"), "5", None)
USERS, GROUPS = (Scope("ad", kind) for kind in ResourceType)
ONE = Counted(in_image=1, managed_before=1, managed_after=1)
FINDING = Finding("some-rule", Severity.HOLD, "It is so.", "Do this.", tuple(f"cn={n}" for n in range(7)))


def plan(*operations: Operation, held: tuple[HeldOperation, ...] = ()) -> Plan:
    """Return a plan."""
    now = datetime(2024, 4, 1, 9, tzinfo=UTC)
    return make_plan(operations, held, evaluated_at=now, settings_digest="s", program="1")


def test_a_plan_shows_names_paths_and_booleans_but_no_values() -> None:
    """The terminal shows what would change and for whom, and no value that is not a boolean."""
    text = to_text(plan_document(plan(UPDATE, MEMBERS)))
    assert "update 1 user, change members 1 group" in text
    assert "active: true → false, title" in text
    assert "+2 −1 members" in text
    assert "cn=A|B,dc=x" in text
    assert "value" not in text
    assert "value" not in to_markdown(plan_document(plan(UPDATE, MEMBERS)))


def test_held_operations_show_their_reason_once_and_the_way_out() -> None:
    """Operations with one reason stand together, and the id to approve is printed whole."""
    held = tuple(
        HeldOperation(Delete(Key(f"ad:{n}"), ResourceType.USER, f"u{n}", Inputs(None, "b"), "5", None), ("Too many.",))
        for n in range(3)
    )
    shown = plan(held=held)
    text = to_text(plan_document(shown))
    assert text.count("Too many.") == 1
    assert f"ldap2scim approve {shown.plan_id}" in text


def test_nothing_in_a_name_drives_the_terminal() -> None:
    """A control character in a name is spelt out."""
    text = to_text(plan_document(plan(DELETE)))
    assert "\x1b" not in text
    assert "gone\\x1b[2J" in text


def test_markdown_is_escaped() -> None:
    """A bar in a DN does not end a cell."""
    assert "cn=A\\|B,dc=x" in to_markdown(plan_document(plan(UPDATE)))


def test_tables_have_at_most_500_rows_and_say_how_many_more() -> None:
    """What is left out is counted."""
    many = [Delete(Key(f"ad:{n}"), ResourceType.USER, f"u{n}", Inputs(None, "b"), "5", None) for n in range(620)]
    operations = plan_document(plan(*many)).tables[0]
    assert (len(to_rows(operations)), operations.more) == (MOST_ROWS, 120)
    held = plan_document(plan(held=tuple(HeldOperation(op, (op.name,)) for op in many))).tables[0]
    assert (len(to_rows(held)), held.more) == (MOST_ROWS, 120)
    assert f"… and {620 - MOST_LINES} more" in to_text(plan_document(plan(*many)))
    assert "… and 120 more" in to_text(plan_document(plan(*many)), most=MOST_ROWS)


@pytest.mark.parametrize("creations", [MOST_LINES + 5, MOST_ROWS + 5])
def test_what_is_few_is_shown_beside_what_is_many(creations: int) -> None:
    """A plan ends with its removals: none of them is behind `… and 55 more`, however many are created."""
    new = [Create(Key(f"ad:{n}"), ResourceType.USER, f"new{n}", Inputs("a", None), "{}") for n in range(creations)]
    left = [Delete(Key(f"ad:x{n}"), ResourceType.USER, f"left{n}", Inputs(None, "b"), f"{n}", None) for n in range(2)]
    text = to_text(plan_document(plan(*new, *left)))

    assert [name for name in ("left0", "left1") if name in text] == ["left0", "left1"]
    assert text.count("  create ") == MOST_LINES - 2
    assert f"… and {creations + 2 - MOST_LINES} more" in text


def test_an_empty_plan_says_so() -> None:
    """In step is one sentence and no table."""
    document = plan_document(plan())
    assert document.tables == ()
    assert "the service is in step" in to_text(document)


def test_findings_name_their_entries() -> None:
    """A finding shows its severity, whom it is about, what it is, its rule, and below it what to do."""
    text = to_text(plan_document(plan(), [FINDING]))
    assert "  hold  cn=0; cn=1; cn=2 and 4 more: It is so. (some-rule)\n        Do this.\n" in text


def test_a_finding_that_names_its_entry_itself_does_so_once() -> None:
    """A name that is in the message is not said again before it."""
    finding = replace(FINDING, message="cn=0 is so.", subjects=("cn=0",))
    assert "  hold  cn=0 is so. (some-rule)\n" in to_text(plan_document(plan(), [finding]))


def test_a_report_shows_troubles_and_accounts() -> None:
    """What failed, what the service ignored, and both accounts are in the report."""
    outcomes = [
        Outcome(UPDATE, Result.FAILED, error="409: the name is taken. Rename one."),
        Outcome(MEMBERS, Result.APPLIED, ignored=("members",)),
    ]
    accounts = Accounts.of(dict.fromkeys((USERS, GROUPS), ONE), outcomes, ())
    document = report_document(plan(UPDATE, MEMBERS, DELETE), outcomes, accounts, [FINDING])
    text = to_text(document)
    assert "1 applied, 1 failed" in text
    assert "1 operations were not reached" in text
    assert "Rename one." in text
    assert "The service ignored members." in text
    assert "Directory: 2 entries = 1 updated + 1 failed." in text
    assert "Service: 2 managed before = 2 managed after." in text
    assert "  ad  users   1 entries = 1 failed   1 managed before = 1 managed after\n" in text
    assert "  ad  groups  1 entries = 1 updated  1 managed before = 1 managed after\n" in text


def test_the_table_of_the_accounts_has_every_number_and_the_totals() -> None:
    """A row a directory and type, zeros included, with the words of both accounts; what does not add up says NO."""
    outcomes = [Outcome(MEMBERS, Result.APPLIED)]
    rows = to_rows(accounts_table(Accounts.of(dict.fromkeys((USERS, GROUPS), ONE), outcomes, ())))
    assert [(row["directory"], row["type"]) for row in rows] == [("ad", "users"), ("ad", "groups"), ("all", "all")]
    assert [row["in image"] for row in rows] == ["1", "1", "2"]
    assert [row["updated"] for row in rows] == ["0", "1", "1"]
    assert [row["entries add up"] for row in rows] == ["NO", "yes", "NO"]
    assert [row["managed after"] for row in rows] == ["1", "1", "2"]
    assert {row["managed add up"] for row in rows} == {"yes"}
    assert to_rows(accounts_table(None)) == []


def test_accounts_that_do_not_add_up_are_said_at_the_top() -> None:
    """An unbalanced run says that it failed."""
    accounts = Accounts.of({USERS: Counted(in_image=9, managed_before=2, managed_after=2)}, [], ())
    document = report_document(plan(), [], accounts)
    assert any("do not add up" in line for line in document.lines)
    assert any("9 entries ≠ 0" in line for line in document.lines)
    assert "ad, users: 9 of the directory's entries have no fate." in document.lines
