"""What answers say of a quota, in all the ways in which services say it."""

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.scim.quotas import LONGEST_RESET, Quota, quotas_of

NOW = 1_800_000_000.0
HEADERS = (
    "ratelimit",
    "ratelimit-policy",
    "ratelimit-limit",
    "ratelimit-remaining",
    "ratelimit-reset",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-rate-limit-remaining",
    "x-rate-limit-reset",
    "date",
)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"ratelimit": '"default";r=50;t=30'}, [(50, 30, None)]),
        ({"ratelimit": '"default";r=50;t=30', "ratelimit-policy": '"default";q=100;w=60'}, [(50, 30, 100)]),
        ({"ratelimit": '"a";r=5', "ratelimit-policy": '"b";q=9;w=1, "a";q=100;w=60'}, [(5, 60, 100)]),
        ({"ratelimit": '"minute";r=3;t=20, "hour";r=900;t=3000'}, [(3, 20, None), (900, 3000, None)]),
        ({"ratelimit": '"default";t=30;r=0;pk=:cHsdsRa894==:'}, [(0, 30, None)]),
        ({"ratelimit": "limit=100, remaining=50, reset=30"}, [(50, 30, 100)]),
        ({"ratelimit-limit": "100, 100;w=60", "ratelimit-remaining": "7", "ratelimit-reset": "9"}, [(7, 9, 100)]),
        ({"ratelimit-remaining": "7", "ratelimit-policy": "100;w=60"}, [(7, 60, None)]),
        ({"x-ratelimit-limit": "60", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "12.5"}, [(0, 12.5, 60)]),
        ({"x-ratelimit-remaining": "4", "x-ratelimit-reset": str(int(NOW) + 40)}, [(4, 40, None)]),
        ({"x-rate-limit-remaining": "4", "x-rate-limit-reset": str((int(NOW) + 40) * 1000)}, [(4, 40, None)]),
        ({"x-rate-limit-remaining": "4", "x-rate-limit-reset": "86400"}, [(4, LONGEST_RESET, None)]),
        ({"x-ratelimit-remaining": "4", "x-ratelimit-reset": str(int(NOW) - 40)}, [(4, 0, None)]),
        (
            {
                "ratelimit-policy": '"bytes";q=65535;qu="content-bytes"',
                "ratelimit": '"bytes";qu="content-bytes";r=0;t=9',
            },
            [],
        ),
        ({"x-ratelimit-limit": "60"}, []),
        ({"x-ratelimit-remaining": "many", "x-ratelimit-reset": "soon"}, []),
        ({"x-ratelimit-remaining": "-1", "x-ratelimit-reset": "5"}, []),
        ({}, []),
    ],
)
def test_every_form_is_read(headers: dict[str, str], expected: list[tuple[int, float, int | None]]) -> None:
    """Remaining, seconds to the reset, and the limit where it is told."""
    assert [(quota.remaining, quota.reset, quota.limit) for quota in quotas_of(headers, NOW)] == expected


def test_a_moment_is_counted_from_the_clock_of_the_service() -> None:
    """Where its answer says what time it is there: ours may be wrong."""
    headers = {
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": str(int(NOW) + 540),
        "date": formatdate(NOW + 500, usegmt=True),
    }
    assert quotas_of(headers, NOW) == (Quota("x-ratelimit-", 0, 40.0, None),)


@given(st.dictionaries(st.sampled_from(HEADERS), st.text(max_size=60) | st.from_regex(r'"?[a-z]*"?;?[rtqw]?=?\d*')))
def test_no_header_breaks_anything(headers: dict[str, str]) -> None:
    """Whatever stands in it, what is read of it is bounded."""
    for quota in quotas_of(headers, NOW):
        assert quota.remaining >= 0
        assert 0 <= quota.reset <= LONGEST_RESET
