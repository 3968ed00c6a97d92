"""What the form of a run that waits must say before it releases anything. Needs no server."""

import pytest
from pydantic import ValidationError

from ldap2scim.errors import PlanRefused
from ldap2scim.planning.approvals import Release
from tasks.approval import Answer, Decided, Decision

PLAN = "4b55e6048b81e7513e74fbad9c76637fe918b9cc61b3ca00c64456d44afc6d60"


@pytest.mark.parametrize(
    ("plan", "by"),
    [(" " * 8, "Sato"), ("", "Sato"), (f"{PLAN[:7]} ", "Sato"), (PLAN, " "), (PLAN, "")],
    ids=["eight blanks", "nothing", "seven digits and a blank", "a blank as name", "no name"],
)
def test_blanks_are_no_answer(plan: str, by: str) -> None:
    """The form is sent back; and an answer that did not come through the form releases nothing either."""
    with pytest.raises(ValidationError):
        Decision(plan=plan, answer=Answer.APPROVE, by=by)
    unchecked = Decision.model_construct(plan=plan, answer=Answer.APPROVE, kinds=[], by=by, why="")
    with pytest.raises(PlanRefused):
        _ = Decided(PLAN, unchecked).release


def test_the_id_and_the_name_may_be_written_with_blanks_around_them() -> None:
    """As they come from a page; the digits may be capitals."""
    answered = Decision(plan=f" {PLAN[:8].upper()}\n", answer=Answer.APPROVE, by=" Sato ")
    assert Decided(PLAN, answered).release.by == "Sato"


def test_a_rejection_says_who_and_why_and_is_of_this_plan() -> None:
    """It is kept as it was given; one that names another plan is none, and an approval is none."""
    said = Decision(plan=PLAN, answer=Answer.REJECT, by=" Sato ", why="A wrong filter.")
    assert Decided(PLAN, said).rejection == Release("Sato", "A wrong filter.")
    with pytest.raises(PlanRefused, match="was rejected by Sato: A wrong filter"):
        _ = Decided(PLAN, said).release
    with pytest.raises(PlanRefused, match="names plan"):
        _ = Decided("0" * 64, said).rejection
    assert Decided(PLAN, Decision(plan=PLAN, answer=Answer.APPROVE, by="Sato")).rejection is None


def test_the_page_shows_plain_fields_of_text() -> None:
    """Prefect draws the form from this schema, and knows no other kind of field for them."""
    fields = Decision.model_json_schema()["properties"]
    assert {name: (fields[name]["type"], fields[name]["minLength"]) for name in ("plan", "by")} == {
        "plan": ("string", 8),
        "by": ("string", 1),
    }
