"""Published limits: counted so that a service that counts otherwise sees none broken."""

import asyncio
from math import inf

from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.model import ResourceType
from ldap2scim.scim import requests
from ldap2scim.scim.buckets import Bucket, Buckets, members_added, shared
from ldap2scim.scim.limiter import Limiter
from ldap2scim.scim.profiles import by_name
from ldap2scim.scim.profiles.profile import GROUPS, USERS, WRITES, Counted, RateLimit
from ldap2scim.scim.provider import ScimRequest
from ldap2scim.scim.rate import Clock
from ldap2scim.scim.requests import Target
from tests.scim.simulated import Ledger, clock, virtually

POST = ScimRequest("POST", "/Users", {"userName": "bob"})
GENERIC = by_name("generic")

limits = st.builds(
    RateLimit,
    requests=st.integers(1, 20),
    seconds=st.sampled_from([1.0, 30.0, 60.0]),
    burst=st.none() | st.integers(1, 20),
)
latencies = st.lists(st.tuples(st.floats(0, 2), st.floats(0, 2)), min_size=1, max_size=60)


async def arrivals(limit: RateLimit, ways: list[tuple[float, float]], workers: int) -> list[float]:
    """Send a request for each way (seconds there and back), and return when they arrived."""
    limiter = Limiter((limit,), 1.0, clock())
    loop = asyncio.get_running_loop()
    found: list[float] = []
    pending = list(ways)

    async def work() -> None:
        while pending:
            there, back = pending.pop()
            uses = await limiter.enter(POST, 0)
            await asyncio.sleep(there)
            found.append(loop.time())
            await asyncio.sleep(back)
            limiter.leave(uses)

    await asyncio.gather(*(work() for _ in range(workers)))
    return found


@given(limits, latencies, st.integers(1, 8))
def test_no_service_ever_sees_more_than_it_published(
    limit: RateLimit, ways: list[tuple[float, float]], workers: int
) -> None:
    """Whenever requests arrive, sooner or later than they were sent, no window and no bucket overflows."""
    ledger = Ledger(limit, "any")
    found = virtually(arrivals(limit, ways, workers))

    assert len(found) == len(ways)
    assert [ledger.take(1, moment) for moment in found] == [None] * len(ways)


def test_a_whole_window_may_go_out_at_once_and_the_next_when_it_is_over() -> None:
    """Without a published burst; the time of each request runs out from its answer on."""
    bucket = Bucket(3, 60.0)
    for _ in range(3):
        assert bucket.wait(1, 0.0) == 0
        bucket.begin(1)
    assert bucket.wait(1, 5.0) == inf
    bucket.end(1, 10.0)

    assert bucket.wait(1, 20.0) == 50.0
    assert bucket.wait(1, 70.0) == 0
    assert not bucket.is_empty(70.0)


def test_after_a_burst_requests_follow_steadily() -> None:
    """180 a minute with 20 at once: three a second after the first twenty."""
    bucket = Bucket(180, 60.0, 20)
    for _ in range(20):
        assert bucket.wait(1, 0.0) == 0
        bucket.begin(1)
        bucket.end(1, 0.0)

    assert bucket.wait(1, 0.0) == 1 / 3
    assert bucket.wait(6, 1.0) == 1.0
    assert bucket.wait(1, 0.4) == 0


def test_what_costs_more_than_the_limit_goes_out_alone() -> None:
    """It waits for an empty window instead of for ever."""
    bucket = Bucket(10, 60.0, 5)
    assert bucket.wait(50, 0.0) == 0
    bucket.begin(50)
    assert bucket.wait(1, 0.0) == inf
    bucket.end(50, 1.0)

    assert bucket.wait(1, 1.0) >= 60.0


def test_a_request_waits_for_every_limit_that_holds_for_it() -> None:
    """All writes together, users among them, bodies by their size; what no limit is about uses none."""
    limits = (
        RateLimit(600, 60, WRITES),
        RateLimit(180, 60, frozenset({"POST"}), USERS),
        RateLimit(5, 30, frozenset({"PATCH"}), GROUPS, above_bytes=499),
        RateLimit(100, 30, frozenset({"PATCH"}), GROUPS, up_to_bytes=499),
    )
    buckets = Buckets(limits, 0.5)
    group = ScimRequest("PATCH", "/Groups/1", {})

    def most(request: ScimRequest, size: int) -> list[int]:
        return [use.bucket.most for use in buckets.uses_of(request, size, 0.0)]

    assert most(POST, 10) == [300, 90]
    assert most(group, 499) == [300, 50]
    assert most(group, 500) == [300, 2]
    assert most(ScimRequest("GET", "/Users"), 0) == []


def test_members_are_counted_for_each_group() -> None:
    """A limit on the members of one group does not hold up another group, and forgets those long done."""
    buckets = Buckets((RateLimit(1000, 3600, frozenset({"PATCH"}), GROUPS, counted=Counted.MEMBERS),))
    ids = [f"m{n}" for n in range(80)]
    one, same, other = (
        requests.change_members(Target(ResourceType.GROUP, group), ids, (), GENERIC)[0] for group in ("a", "a", "b")
    )
    (first,), (second,), (third,) = (buckets.uses_of(request, 100, 0.0) for request in (one, same, other))

    assert first.bucket is second.bucket
    assert first.bucket is not third.bucket
    assert first.cost == 80
    for number in range(3000):
        request = requests.change_members(Target(ResourceType.GROUP, f"g{number}"), ids[:1], (), GENERIC)[0]
        buckets.uses_of(request, 100, 0.0)
    assert len(buckets._groups) <= 1000


def test_members_are_counted_in_every_dialect() -> None:
    """In one array, one each, inside the value, and in a PUT; removals and titles are none."""
    two = [{"value": "a"}, {"value": "b"}]
    for operations in (
        [{"op": "add", "path": "members", "value": two}],
        [{"op": "add", "path": "members", "value": [one]} for one in two],
        [{"op": "add", "value": {"members": two}}],
    ):
        assert members_added({"Operations": operations}) == 2
    assert members_added({"displayName": "Staff", "members": two}) == 2
    assert members_added({"Operations": [{"op": "remove", "path": "members", "value": two}]}) == 0
    assert members_added({"Operations": [{"op": "replace", "path": "title", "value": "ab"}]}) == 0
    assert members_added(None) == 0


@given(st.integers(1, 5000), st.floats(0.01, 1))
def test_a_share_is_never_more_than_was_meant(amount: int, share: float) -> None:
    """Rounded down, but never to nothing."""
    assert 1 <= shared(amount, share) <= max(1, amount * share + 1e-6)


def test_nobody_waits_where_there_is_room() -> None:
    """A first request goes out at once, without a sleep."""

    async def never(seconds: float) -> None:
        raise AssertionError(f"slept for {seconds}")

    async def sent() -> int:
        limiter = Limiter((RateLimit(1, 60),), 1.0, Clock(sleep=never))
        return len(await limiter.enter(POST, 0))

    assert asyncio.run(sent()) == 1
