"""How long what is held has waited, as a person reads it."""

from datetime import UTC, datetime, timedelta

import pytest

from ldap2scim.planning.ages import ages, with_ages
from ldap2scim.planning.document import Document

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)

MANY_DAYS = "Of these, 1 has been held since 2026-11-15, 1 since 2026-11-16, 1 since 2026-11-17 and 3 since later days."


def before(days: int) -> datetime:
    """Return a moment some days ago."""
    return NOW - timedelta(days=days)


@pytest.mark.parametrize(
    ("since", "said"),
    [
        ([], ""),
        ([NOW] * 8, ""),
        ([before(3)] * 12 + [NOW] * 8, "Of these, 12 have been held since 2026-11-17 and 8 are new."),
        ([before(3)], "Of these, 1 has been held since 2026-11-17."),
        (
            [*map(before, (5, 4, 3, 2, 1, 1))],
            MANY_DAYS,
        ),
    ],
)
def test_what_is_held_for_long_is_counted_by_its_days(since: list[datetime], said: str) -> None:
    """The oldest first, what is new last, and nothing where all is new."""
    assert ages(since, NOW) == said


def test_the_sentence_stands_below_what_is_held() -> None:
    """A plan says it before it says how to approve."""
    shown = Document("Plan", ("Plan 1.", "To do: x.", "Held: y.", "To release what is held: z."), ())
    assert with_ages(shown, "Of these, old.").lines[2:] == ("Held: y.", "Of these, old.", "To release what is held: z.")
    assert with_ages(shown, "") == shown
