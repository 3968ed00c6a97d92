"""Operations and a profile → how many requests, and how long the service's limits make them take. Pure.

Counted is what the executor sends when nothing goes wrong: no look-ups after a conflict, nothing sent twice. Time is
that of the limits, step by step as the load goes: all of one rank and kind, then the next.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import groupby
from typing import Final, NamedTuple

import orjson

from ldap2scim.model import ResourceType
from ldap2scim.planning.forecast import Decisive, Expected, Forecast
from ldap2scim.planning.operations import (
    Adopt,
    ChangeMembers,
    Create,
    Deactivate,
    Delete,
    Operation,
    Restore,
    Update,
)
from ldap2scim.scim import requests
from ldap2scim.scim.buckets import members_added, shared
from ldap2scim.scim.profiles import Profile, RestoreMethod, UpdateMethod
from ldap2scim.scim.profiles.profile import Counted, RateLimit
from ldap2scim.scim.provider import ScimRequest
from ldap2scim.scim.requests import Target
from ldap2scim.scim.schemas import ENDPOINT

ROUND_TRIP: Final = 0.1
"""Seconds by which the time for one answer makes every window longer."""
_ID: Final = "00000000-0000-0000-0000-{:012}"
"""As long as most ids are."""


class _Kind(NamedTuple):
    """Requests that the limits do not tell apart."""

    method: str
    resource_type: ResourceType
    one: bool
    """About one resource, not the end point."""
    size: int = 0
    """Bytes of the body; counted out where limits ask for it."""
    members: int = 0
    """Members that each of them adds."""


class _Step(NamedTuple):
    """What goes out before anything of the next step does."""

    counts: Counter[_Kind]
    groups: tuple[Counter[_Kind], ...]
    """The same, for each change of members by itself."""


def forecast(
    operations: Iterable[Operation], profile: Profile, share: float | None = None, at_once: int = 8
) -> Forecast:
    """Return what it takes to carry out `operations` in their order.

    Args:
        operations: of a plan.
        profile: of the service.
        share: of the limits that may be used; None: as the profile says.
        at_once: requests under way at once.
    """
    share = share or profile.quota_share
    steps = tuple(_steps(operations, profile))
    counts: Counter[tuple[str, ResourceType]] = Counter()
    for step in steps:
        for kind, count in step.counts.items():
            counts[kind.method, kind.resource_type] += count
    expected = tuple(Expected(method, kind, count) for (method, kind), count in sorted(counts.items()))
    seconds, decisive = _time(steps, profile, share, at_once) if profile.limits else (None, None)
    return Forecast(profile.name, expected, seconds, share, decisive)


def _steps(operations: Iterable[Operation], profile: Profile) -> Iterator[_Step]:
    of_members = cache(lambda added, removed: Counter(_member_kinds(added, removed, profile)))
    for _, step in groupby(operations, key=lambda one: (one.rank, one.resource_type)):
        counts: Counter[_Kind] = Counter()
        groups: list[Counter[_Kind]] = []
        alike: Counter[bool] = Counter()
        samples: dict[bool, Operation] = {}
        for operation in step:
            if isinstance(operation, ChangeMembers):
                changes = of_members(len(operation.added), len(operation.removed))
                groups.append(changes)
                counts.update(changes)
            else:
                changed = bool(getattr(operation, "changes", True))
                alike[changed] += 1
                samples.setdefault(changed, operation)
        for changed, sample in samples.items():
            counts.update(dict.fromkeys(_kinds(sample, profile), alike[changed]))
        yield _Step(counts, tuple(groups))


def _kinds(operation: Operation, profile: Profile) -> tuple[_Kind, ...]:
    kind = operation.resource_type
    match operation:
        case Create():
            return (_Kind("POST", kind, one=False),)
        case Restore() if kind is ResourceType.USER and profile.restore is RestoreMethod.POST:
            return (_Kind("POST", kind, one=False),)
        case Delete():
            return (_Kind("DELETE", kind, one=True),)
        case Adopt() | Update() if not operation.changes:
            return ()
        case Adopt() | Update() | Restore() | Deactivate():
            return _changes(kind, profile)
        case ChangeMembers():  # counted by `_member_kinds`
            return ()


def _changes(kind: ResourceType, profile: Profile) -> tuple[_Kind, ...]:
    if _patches(kind, profile):
        return (_Kind("PATCH", kind, one=True),)
    return (_Kind("GET", kind, one=True), _Kind("PUT", kind, one=True))


def _member_kinds(added: int, removed: int, profile: Profile) -> Iterator[_Kind]:
    group = ResourceType.GROUP
    if not _patches(group, profile):
        yield from _changes(group, profile)
        return
    entering, leaving = ([_ID.format(number) for number in range(count)] for count in (added, removed))
    for request in requests.change_members(Target(group, _ID), entering, leaving, profile):
        yield _Kind("PATCH", group, one=True, size=len(orjson.dumps(request.body)), members=members_added(request.body))


def _patches(kind: ResourceType, profile: Profile) -> bool:
    return profile.assumed.patch and profile.update_of(kind) is UpdateMethod.PATCH


def _time(steps: Iterable[_Step], profile: Profile, share: float, at_once: int) -> tuple[float, Decisive | None]:
    meters = [_Meter(limit, share) for limit in profile.limits]
    now = 0.0
    deciding: defaultdict[int, float] = defaultdict(float)
    for step in steps:
        ends = {number: meter.end_of(step, now, at_once) for number, meter in enumerate(meters)}
        last = max(ends, key=lambda number: ends[number])
        end = max(now, ends[last])
        deciding[last] += end - now
        for meter in meters:
            meter.pass_to(end, step)
        now = end
    most = max(deciding, key=lambda number: deciding[number], default=0)
    decisive = _decisive(profile.limits[most]) if deciding and deciding[most] > 0 else None
    return now, decisive


class _Meter:
    """One limit, as `buckets.Bucket` keeps it, for many requests at once."""

    def __init__(self, limit: RateLimit, share: float) -> None:
        self._limit = limit
        self._most = shared(limit.requests, share)
        self._burst = None if limit.burst is None else min(shared(limit.burst, share), self._most)
        self._window = limit.seconds + ROUND_TRIP
        self._rate = self._most / limit.seconds
        self._opened = 0.0
        self._used = 0
        self._tokens = float(self._burst or 0)
        self._now = 0.0

    def end_of(self, step: _Step, now: float, at_once: int) -> float:
        """Return when the last request of a step may go out, as far as this limit goes."""
        if self._limit.counted is Counted.MEMBERS:
            waits = [self._members_time(group) for group in step.groups]
            return now + max(max(waits, default=0.0), sum(waits) / at_once)
        count = self._count(step.counts)
        if not count:
            return now
        opened, used = (now, 0) if now >= self._opened + self._window else (self._opened, self._used)
        end = max(now, opened + self._window * ((used + count - 1) // self._most))
        if self._burst is None:
            return end
        return max(end, now + max(0.0, count - self._tokens) / self._rate)

    def pass_to(self, end: float, step: _Step) -> None:
        """Take in that a step went out until `end`."""
        count = 0 if self._limit.counted is Counted.MEMBERS else self._count(step.counts)
        if self._burst is not None:
            self._tokens = max(0.0, min(self._burst, self._tokens + (end - self._now) * self._rate - count))
        self._now = end
        if not count:
            return
        if end >= self._opened + self._window:
            # Somewhere in the last window: what of it was used is at most what is left over.
            self._used = (self._used + count - 1) % self._most + 1
            self._opened = end
        else:
            self._used += count

    def _count(self, counts: Counter[_Kind]) -> int:
        return sum(count for kind, count in counts.items() if self._holds_for(kind))

    def _members_time(self, group: Counter[_Kind]) -> float:
        """Return the seconds from the first to the last request that fills one group."""
        windows, left = 0, self._most
        for kind, count in group.items():
            cost = min(kind.members, self._most)
            if not cost or not self._holds_for(kind):
                continue
            each = self._most // cost
            fitting = min(count, left // cost)
            more = -(-(count - fitting) // each)
            windows += more
            left = self._most - cost * ((count - fitting) - each * (more - 1)) if more else left - cost * fitting
        return windows * self._window

    def _holds_for(self, kind: _Kind) -> bool:
        path = ENDPOINT[kind.resource_type] + ("/1" if kind.one else "")
        return self._limit.holds_for(ScimRequest(kind.method, path), kind.size)


def _decisive(limit: RateLimit) -> Decisive:
    kinds = " and ".join(f"{kind.value.lower()}s" for kind in sorted(limit.resource_types))
    what = "members of one group" if limit.counted is Counted.MEMBERS else kinds or "requests"
    return Decisive(what, limit.requests, limit.seconds)
