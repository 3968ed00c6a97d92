"""Re-created accounts and Microsoft 365: the four rows of the manual, as the plan tells them."""

from typing import Any

import pytest

from ldap2scim.planning.frames import Status
from ldap2scim.planning.linking import FOUR_ROWS, Account, Behind, Linking, Result, deciding_row, possible_rows
from ldap2scim.planning.operations import Adopt, Create, Restore
from ldap2scim.planning.states import KnownState
from tests.planning.worlds import Row, Service, World, difference, group, user

OLD, NEW = "ad:old", "ad:new"


class LinkedService(Service):
    """A service that hands its users on to Microsoft 365."""

    def known(self) -> KnownState:
        """Return it as frames."""
        known = super().known()
        return KnownState(
            known.users, known.groups, known.members, known.login_matches, known.strangers, Behind.MICROSOFT_365
        )


def test_the_table_is_that_of_the_manual() -> None:
    """Same or different linking ID, account blocked or gone: one of the four fails."""
    told = [(row.linking, row.account, row.result) for row in FOUR_ROWS]
    assert told == [
        (Linking.SAME, Account.BLOCKED, Result.WORKS),
        (Linking.SAME, Account.GONE, Result.WORKS),
        (Linking.DIFFERENT, Account.BLOCKED, Result.FAILS),
        (Linking.DIFFERENT, Account.GONE, Result.WORKS),
    ]
    assert [deciding_row(linking).number for linking in Linking] == [1, 3]
    assert [len(possible_rows(linking)) for linking in Linking] == [2, 2]


BEFORE: dict[str, Any] = {"downstream_id": "link"}
CASES: list[tuple[str, dict[str, Any], dict[str, Any], tuple[int, ...], bool]] = [
    # name, the old resource, the re-created entry, rows named, held
    ("all as before", BEFORE, BEFORE, (1, 2), False),
    ("no linking ID, external ID as before", {}, {}, (1, 2), False),
    ("another linking ID", BEFORE, {"downstream_id": "other"}, (3, 4), True),
    ("another external ID, no linking ID", {}, {"external_id": "other"}, (3, 4), True),
    ("another external ID, linking ID as before", BEFORE, {**BEFORE, "external_id": "other"}, (1, 2), True),
    ("both different", BEFORE, {"downstream_id": "other", "external_id": "other"}, (3, 4), True),
    ("the linking ID has gone", BEFORE, {}, (3, 4), True),
    ("a linking ID that is the external ID", {}, {"downstream_id": "x-u"}, (1, 2), True),
]


@pytest.mark.parametrize("status", [Status.MANAGED, Status.LEFT])
@pytest.mark.parametrize(("old", "new", "rows", "held"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_plan_names_the_rows_that_are_possible(
    old: dict[str, Any], new: dict[str, Any], rows: tuple[int, ...], held: bool, status: Status
) -> None:
    """Both possible rows are named, the failing one is said to decide, and what changes an ID is held."""
    service = LinkedService({OLD: Row(user("u", **old), status)})
    found = difference(World({NEW: user("u", **new)}), service)
    if held:
        (waiting,) = found.held
        assert isinstance(waiting.operation, Create | Adopt | Restore)
        told = " ".join(waiting.reasons)
    else:
        assert found.held == ()
        (note,) = found.findings
        told = note.message
    named = tuple(number for number in (1, 2, 3, 4) if f"row {number}, where" in told)
    assert named == rows
    assert ("fails" in told) is (3 in rows)
    assert ("row 3 is the worse one and decides" in told) is (3 in rows)
    assert ("ldap2scim keep" in told and "purge" in told) is held
    refused = "refuses a user with the login or external ID of one that is pending deletion" in told
    assert refused is (new.get("external_id", "x-u") != "x-u")


def test_at_other_services_nothing_is_said_of_microsoft_365() -> None:
    """A service of which nothing is known gets the ways out, and no table."""
    service = Service({OLD: Row(user("u"))})
    (waiting,) = difference(World({NEW: user("u", external_id="other")}), service).held
    told = " ".join(waiting.reasons)
    assert "Microsoft" not in told
    assert "ldap2scim keep" in told


def test_a_group_is_not_linked_by_an_id() -> None:
    """A re-created group keeps its resource, and the table, which is about people, is not quoted."""
    service = LinkedService(groups={OLD: Row(group("g"))})
    found = difference(World(groups={NEW: group("g")}), service)
    assert [op.key for op in found.operations if isinstance(op, Adopt)] == [NEW]
    assert "Microsoft" not in found.findings[0].message
    (waiting,) = difference(World(groups={NEW: group("g", external_id="other")}), service).held
    assert "Microsoft" not in " ".join(waiting.reasons)
