"""A company is brought in step with a service, kept in step, and repaired: with services of three makes."""

import pytest

from ldap2scim.sandbox.world import Size
from tests.integration.comparing import differences
from tests.integration.conftest import StartPair
from tests.integration.days import DISABLED, damage, day_of_changes

LARGE = Size(people=2000, groups=150, largest_group=1500)
SMALLER = Size(people=250, groups=20, largest_group=150)


@pytest.mark.parametrize(
    ("pair_of", "company"),
    [("embedded", LARGE), pytest.param("real", LARGE, marks=pytest.mark.slapd), ("django", SMALLER)],
    ids=["embedded", "scim2-server", "django-scim2"],
)
def test_a_company_is_kept_in_step(request: pytest.FixtureRequest, pair_of: str, company: Size) -> None:
    """Different, synced, in step; a second run writes nothing; after a day and after damage both sides agree again."""
    start: StartPair = request.getfixturevalue(f"start_{pair_of}_pair")
    pair = start(company)
    program = pair.program
    program.others["mapping"] = DISABLED
    program.write()

    assert program("plan").code == 2
    assert program("drift").code == 2
    assert pair.writes() == 0

    assert program.run("sync", "--apply").code == 0  # a process of its own, as from cron
    assert pair.writes() > company.people
    assert program("drift").code == 0

    assert program("sync", "--apply").code == 0
    assert pair.writes() == 0

    day = day_of_changes(pair.administrator)
    assert program("sync", "--apply").code == 0
    assert differences(pair, left=day.left) == []

    damaged = damage(pair.console)
    said = program("drift")
    assert said.code == 2
    for name in (damaged.edited, damaged.deleted, damaged.deactivated, damaged.deleted_group, damaged.changed_group):
        assert name in said.out
    assert program("recover", "--apply").code == 0
    assert program("drift").code == 0
    assert differences(pair, left=day.left, foreign=["stranger"]) == []
