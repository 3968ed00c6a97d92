"""Slower after a refusal, and before one where the service says what is left."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.scim.quotas import Quota
from ldap2scim.scim.slowdown import LEAST_KNOWN, RECOVERY, SLOWEST, Learned, Slowdown


def refused_at_ten_a_second() -> Slowdown:
    """Return what is known after 50 requests in five seconds, and a refusal."""
    slowdown = Slowdown()
    for number in range(51):
        slowdown.sent(number / 10)
    slowdown.refused(5.0, 5.0, 5.0)
    return slowdown


def rate(slowdown: Slowdown, now: float) -> float:
    """Return the requests a second that are let out from now on."""
    first = slowdown.reserve(now)
    return 1 / (slowdown.reserve(now) - first)


def test_half_the_rate_then_steadily_more_then_free() -> None:
    """From 10 a second to 5, back at 10 after half a minute, and free at twice of it."""
    assert rate(refused_at_ten_a_second(), 5.0) == pytest.approx(5.0)
    assert rate(refused_at_ten_a_second(), 5.0 + RECOVERY / 4) == pytest.approx(7.5)
    assert rate(refused_at_ten_a_second(), 5.0 + RECOVERY / 2) == pytest.approx(10.0)
    freed = refused_at_ten_a_second()
    assert freed.reserve(5.0 + 1.5 * RECOVERY) == 5.0 + 1.5 * RECOVERY
    assert not freed.active


def test_refusals_of_one_moment_are_one() -> None:
    """Eight workers refused together do not slow down eight times; the next refusal does."""
    slowdown = refused_at_ten_a_second()
    for _ in range(7):
        slowdown.refused(4.9, 5.0 + RECOVERY / 4, 5.0 + RECOVERY / 4)
    assert rate(slowdown, 5.0 + RECOVERY / 4) == pytest.approx(7.5)

    slowdown.sent(21.0)
    slowdown.refused(21.0, 21.1, 21.1)
    assert rate(slowdown, 21.1) < 2.5


def test_nothing_heals_while_everybody_is_held() -> None:
    """Growth begins when the hold is over."""
    slowdown = Slowdown()
    for number in range(51):
        slowdown.sent(number / 10)
    slowdown.refused(5.0, 5.0, 600.0)

    assert rate(slowdown, 600.0) == pytest.approx(5.0)


def test_of_a_few_requests_no_rate_is_known() -> None:
    """A first refusal holds, and slows nothing down."""
    slowdown = Slowdown()
    for number in range(LEAST_KNOWN - 1):
        slowdown.sent(number)
    slowdown.refused(9.0, 9.0, 9.0)

    assert not slowdown.active
    assert slowdown.reserve(9.0) == 9.0


@given(st.lists(st.floats(0.001, 100), min_size=LEAST_KNOWN, max_size=300))
def test_it_never_comes_to_a_stop(gaps: list[float]) -> None:
    """However often a service refuses, something is sent."""
    slowdown, now = Slowdown(), 0.0
    for gap in gaps:
        now += gap
        slowdown.sent(now)
        slowdown.refused(now, now, now)

    assert slowdown.active
    assert rate(slowdown, now) >= SLOWEST - 1e-9


def test_what_is_left_is_not_overdrawn_by_requests_under_way() -> None:
    """Those may not be counted yet: with three left and three under way, the next waits for an answer."""
    learned = Learned()
    learned.hear([Quota("", 3, 60.0, 100)], 0.0, 1.0)

    assert learned.wait(2, 2.0) == 0
    assert learned.wait(3, 2.0) == inf


def test_nothing_left_holds_until_the_reset() -> None:
    """And no longer: then nothing is known any more."""
    learned = Learned()
    learned.hear([Quota("minute", 0, 60.0, 100), Quota("hour", 50, 3000.0, 1000)], 0.0, 1.0)

    assert learned.wait(0, 2.0) == 59.0
    assert learned.wait(0, 61.0) == 0
    assert learned.active
    assert learned.wait(0, 3001.0) == 0
    assert not learned.active


def test_the_last_fifth_is_spread_over_the_time_to_the_reset() -> None:
    """Before that, requests go as they come."""
    plenty, scarce = Learned(), Learned()
    plenty.hear([Quota("", 50, 60.0, 100)], 0.0, 0.0)
    scarce.hear([Quota("", 12, 60.0, 100)], 0.0, 0.0)

    assert [plenty.reserve(0, 0.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert [scarce.reserve(0, 0.0) for _ in range(3)] == [0.0, 5.0, 10.0]


def test_an_older_answer_that_comes_late_is_not_believed_against_a_newer_one() -> None:
    """It was sent before the newer one was heard, and says that more is left of the same window."""
    learned = Learned()
    learned.hear([Quota("", 1, 30.0, 100)], 5.0, 10.0)
    learned.hear([Quota("", 9, 30.5, 100)], 4.0, 10.5)
    assert learned.wait(1, 11.0) == inf

    learned.hear([Quota("", 100, 60.0, 100)], 41.0, 41.0)
    assert learned.wait(1, 41.0) == 0


def test_a_share_of_a_told_quota_is_left_to_others() -> None:
    """With half of it ours, the service's last fifty are not."""
    learned = Learned(0.5)
    learned.hear([Quota("", 50, 60.0, 100)], 0.0, 0.0)

    assert learned.wait(0, 0.0) == 60.0
