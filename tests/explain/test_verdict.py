"""What is said of somebody in a sentence, and what waits for a person."""

from datetime import UTC, datetime

import pytest

from ldap2scim.directory.settings import Nesting
from ldap2scim.explain.answer import WHO, Explanation, Values, to_lines
from ldap2scim.explain.paths import Above, path_rows
from ldap2scim.explain.planned import Planned, plan_rows
from ldap2scim.explain.service import AtService
from ldap2scim.explain.verdict import Known, verdict
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.operations import Adopt, ChangeMembers, Deactivate, HeldOperation, Inputs
from ldap2scim.state.image_rows import Standing
from ldap2scim.state.snapshot_rows import SnapshotRow, Status

NOW = datetime(2026, 11, 20, tzinfo=UTC)
LEAVER, HEIR, GROUP = Key("main:1"), Key("main:2"), Key("main:9")
SAME = Inputs("f", "f")
DEACTIVATE = HeldOperation(
    Deactivate(LEAVER, ResourceType.USER, "h.ikeda0120", SAME, "id-1", None), ("21 removals, more than 15.",)
)
LEAVES_GROUP = HeldOperation(
    ChangeMembers(GROUP, ResourceType.GROUP, "dept-sales", SAME, "id-9", (), (LEAVER,)),
    ("20 of its members wait with their own operations, which are held.",),
)


def of_leaver(*held: HeldOperation) -> str:
    """Return the answer about a resource whose entry has gone."""
    resource = SnapshotRow(
        LEAVER, ResourceType.USER, "id-1", "x", "h.ikeda0120", "f", '{"active":true}', None, Status.MANAGED, NOW
    )
    return answer(resource, None, *held)


def answer(
    resource: SnapshotRow | None,
    at_service: AtService | None,
    *held: HeldOperation,
    orphaned_in: str | None = None,
) -> str:
    """Return the answer about a resource that no entry has."""
    return verdict(
        Known(
            entry=None,
            seen=None,
            resource=resource,
            at_service=at_service,
            orphaned_in=orphaned_in,
            planned=Planned((), held),
            findings=(),
            excluded_by=None,
            has_history=resource is not None,
            in_doubt=False,
            is_held=False,
            first_run=False,
            unasked=False,
            now=NOW,
        )
    )


def test_a_leaver_who_waits_is_told_by_her_own_reasons() -> None:
    """A group that she would leave is no entry that was re-created, and its reasons are not hers."""
    assert of_leaver(LEAVES_GROUP, DEACTIVATE, LEAVES_GROUP) == (
        "Has left: no directory has its entry any more, and its resource is still there. "
        "To deactivate it at the service is held. 21 removals, more than 15."
    )


def test_a_leaver_whom_another_entry_would_take_over_is_told_by_which() -> None:
    """Only an operation that takes her resource over makes a re-creation, and the entry is named."""
    heir = Adopt(HEIR, ResourceType.USER, "uid=h.ikeda0120,dc=example", SAME, "id-1", None, "{}", (), LEAVER)
    said = of_leaver(LEAVES_GROUP, HeldOperation(heir, ("It has the login.", "It has the login.")))
    assert said == (
        "Its entry has gone, and uid=h.ikeda0120,dc=example may be the same one re-created, which a person decides. "
        "It has the login."
    )


@pytest.mark.parametrize(
    ("external_id", "in_filter", "told"), [("x", True, True), (None, True, False), ("x", False, False)]
)
def test_who_may_be_orphaned_is_told_who_decides(external_id: str | None, in_filter: bool, told: bool) -> None:
    """What is not ours may be of somebody who left while nothing was remembered, where a full read would see it."""
    said = answer(None, AtService(ResourceType.USER, "id-7", "zoe", external_id, True, in_filter))
    assert "it is not ours" in said
    assert ("proposes its removal as orphaned, which a person decides" in said) is told


def test_her_own_operation_stands_before_those_of_groups() -> None:
    """Each operation that waits has its own line, and each of its reasons one below it."""
    twice = HeldOperation(DEACTIVATE.operation, DEACTIVATE.reasons * 2)
    assert list(plan_rows(Planned((), (LEAVES_GROUP, twice)), LEAVER, Values.CLASS)) == [
        ("held", "deactivate"),
        ("  because", "21 removals, more than 15."),
        ("held", "leave the group dept-sales"),
        ("  because", "20 of its members wait with their own operations, which are held."),
    ]


@pytest.mark.parametrize(
    ("nesting", "said"),
    [
        (Nesting.IGNORE, "no member: a group in a group does not count (`nesting: ignore`)"),
        (Nesting.FLATTEN, "no member itself: its members are (`nesting: flatten`)"),
    ],
)
def test_a_group_in_a_group_is_told_by_the_setting(nesting: Nesting, said: str) -> None:
    """A group that is in scope is no member where groups in groups do not count, and the setting is named."""
    above = Above(Key("main:8"), "cn=all-departments", Standing.DESIRED, ("dept-sales", "all-departments"))
    assert list(path_rows((above,), (), nesting, ResourceType.GROUP)) == [(said, "dept-sales → all-departments")]


def test_a_name_that_nobody_goes_by_is_told_with_what_may_be_asked() -> None:
    """That nobody goes by a person's name does not mean that nobody has it."""
    assert list(to_lines(Explanation("森", ()))) == [
        "Nobody goes by '森', neither in the state, nor in a directory, nor at the service.",
        f"WHO is {WHO}.",
    ]


def test_an_orphan_that_a_plan_holds_is_told_with_its_id() -> None:
    """Where a person can decide, and by which command, instead of what a full read would do."""
    said = answer(
        None, AtService(ResourceType.USER, "id-7", "zoe", "x", True, True), orphaned_in="0123456789abcdef" * 4
    )

    assert "plan 0123456789ab proposes its removal as orphaned" in said
    assert "`ldap2scim approve 0123456789ab --kind orphaned`" in said
    assert "is left alone" not in said
