"""Rate limits, counted so that none is ever broken: token buckets and sliding windows. Pure: time is given.

When a request reaches the service is not known, only that it is between its sending and its answer. So it counts from
its sending on, and its time begins to run out with its answer: whatever the service's way of counting (a fixed window,
a sliding one, or a bucket that fills steadily), it sees no more than was published. The price is one round trip for
each window.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Final

from ldap2scim.scim.profiles.profile import Counted, RateLimit
from ldap2scim.scim.provider import ScimRequest

MOST_GROUPS: Final = 1000
"""Buckets of single groups, or twice those in use, at which the ones that are empty again are dropped."""


class Bucket:
    """What was used of one limit: at most `most` in any `seconds`, and at most `burst` at once."""

    def __init__(self, most: int, seconds: float, burst: int | None = None) -> None:
        self._most = most
        self._seconds = seconds
        self._ended: deque[tuple[float, int]] = deque()
        self._counted = 0
        self._under_way = 0
        self._burst = most if burst is None else min(burst, most)
        self._rate = most / seconds
        self._level = 0.0
        self._level_at = -inf

    @property
    def most(self) -> int:
        """The most that may be used in one window."""
        return self._most

    def wait(self, cost: int, now: float) -> float:
        """Return the seconds until `cost` more may be used; infinite: not before something under way has ended.

        What costs more than the whole limit goes out when nothing else is counted.
        """
        return max(self._wait_for_window(min(cost, self._most), now), self._wait_for_burst(cost, now))

    def begin(self, cost: int) -> None:
        """Count what is sent now."""
        self._under_way += cost

    def end(self, cost: int, now: float) -> None:
        """Let the time run out of what was answered, or will never be."""
        self._under_way -= cost
        self._counted += cost
        self._ended.append((now, cost))
        self._level = self._level_now(now) + cost
        self._level_at = now

    def is_empty(self, now: float) -> bool:
        """Say whether nothing is counted any more."""
        self._forget(now)
        return self._under_way == 0 == self._counted

    def _wait_for_window(self, cost: int, now: float) -> float:
        self._forget(now)
        over = self._under_way + self._counted + cost - self._most
        if over <= 0:
            return 0.0
        for ended, used in self._ended:
            over -= used
            if over <= 0:
                return ended + self._seconds - now
        return inf

    def _wait_for_burst(self, cost: int, now: float) -> float:
        if self._burst == self._most:
            return 0.0  # the window says it all
        ahead = self._under_way + min(cost, self._burst) - self._burst
        if ahead > 0:
            return inf
        return max(0.0, (self._level_now(now) + ahead) / self._rate)

    def _forget(self, now: float) -> None:
        while self._ended and self._ended[0][0] + self._seconds <= now:
            self._counted -= self._ended.popleft()[1]

    def _level_now(self, now: float) -> float:
        return max(0.0, self._level - (now - self._level_at) * self._rate)


@dataclass(frozen=True, slots=True)
class Use:
    """What one request uses of one limit."""

    bucket: Bucket
    cost: int


class Buckets:
    """All published limits of one service."""

    def __init__(self, limits: Sequence[RateLimit], share: float = 1.0) -> None:
        self._share = share
        self._limits = tuple((limit, self._bucket(limit)) for limit in limits)
        self._groups: dict[tuple[int, str], Bucket] = {}
        self._most_groups = MOST_GROUPS

    def uses_of(self, request: ScimRequest, size: int, now: float) -> tuple[Use, ...]:
        """Return what a request with a body of `size` bytes uses of every limit that holds for it."""
        uses: list[Use] = []
        for number, (limit, bucket) in enumerate(self._limits):
            if not limit.holds_for(request, size):
                continue
            if limit.counted is Counted.REQUESTS:
                uses.append(Use(bucket, 1))
            elif added := members_added(request.body):
                uses.append(Use(self._of_group(number, limit, request.path, now), added))
        return tuple(uses)

    def _of_group(self, number: int, limit: RateLimit, path: str, now: float) -> Bucket:
        found = self._groups.get((number, path))
        if found is None:
            if len(self._groups) >= self._most_groups:
                self._groups = {place: one for place, one in self._groups.items() if not one.is_empty(now)}
                self._most_groups = max(MOST_GROUPS, 2 * len(self._groups))
            found = self._groups[number, path] = self._bucket(limit)
        return found

    def _bucket(self, limit: RateLimit) -> Bucket:
        burst = None if limit.burst is None else shared(limit.burst, self._share)
        return Bucket(shared(limit.requests, self._share), limit.seconds, burst)


def shared(amount: int, share: float) -> int:
    """Return the part of a limit that may be used, at least 1."""
    return max(1, int(amount * share + 1e-9))


def members_added(body: Mapping[str, Any] | None) -> int:
    """Return how many members the body of a PATCH adds to a group, or that of a PUT sets."""
    if body is None:
        return 0
    return _listed(body) + sum(
        _listed(operation["value"]) if isinstance(operation.get("value"), Mapping) else _listed_in(operation)
        for operation in body.get("Operations", ())
        if operation["op"] != "remove"
    )


def _listed(holder: Mapping[str, Any]) -> int:
    members = holder.get("members", ())
    return len(members) if isinstance(members, list | tuple) else 0


def _listed_in(operation: Mapping[str, Any]) -> int:
    value = operation.get("value")
    return len(value) if operation.get("path") == "members" and isinstance(value, list | tuple) else 0
