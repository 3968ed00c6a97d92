"""Slowing down: after a refusal, and before one where the service says what is left of a quota. Pure: time is given."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from typing import Final

from ldap2scim.scim.buckets import shared
from ldap2scim.scim.quotas import Quota

LEAST_KNOWN: Final = 8
"""Requests from which on the rate of sending is known."""
REMEMBERED: Final = 128
SLOWEST: Final = 0.2
"""Requests a second: a refusal never slows down below it."""
RECOVERY: Final = 60.0
"""Seconds in which the rate grows by what it was when it was refused."""
SCARCE: Final = 0.2
"""Part of a quota that is spread over the time until the reset."""
SAME_WINDOW: Final = 1.5
"""Seconds by which two words on the same reset may differ: services round them."""


class Slowdown:
    """Half the rate after a refusal, then more by steady steps, as TCP does (RFC 5681 §3.1); at twice, free."""

    def __init__(self) -> None:
        self._sent: deque[float] = deque(maxlen=REMEMBERED)
        self._refused_at = -inf
        self._rate: float | None = None
        self._refused_rate = 0.0
        self._since = 0.0
        self._next = -inf

    @property
    def active(self) -> bool:
        """Whether requests are spaced now."""
        return self._rate is not None

    def sent(self, now: float) -> None:
        """Remember that a request goes out."""
        self._sent.append(now)

    def refused(self, sent_at: float, now: float, resume_at: float) -> None:
        """Slow down, once for all that were under way together; time begins to heal at `resume_at`."""
        if sent_at <= self._refused_at:
            return
        self._refused_at = now
        if len(self._sent) < LEAST_KNOWN:
            return
        rate = (len(self._sent) - 1) / max(now - self._sent[0], 0.001)
        self._refused_rate = max(rate, SLOWEST)
        self._rate = max(rate / 2, SLOWEST)
        self._since = resume_at

    def reserve(self, now: float) -> float:
        """Return the moment at which the next request may go out, and keep it for it."""
        rate = self._rate_at(now)
        if rate is None:
            return now
        moment = max(now, self._next)
        self._next = moment + 1 / rate
        return moment

    def _rate_at(self, now: float) -> float | None:
        if self._rate is None:
            return None
        rate = self._rate + max(0.0, now - self._since) * self._refused_rate / RECOVERY
        if rate >= 2 * self._refused_rate:
            self._rate = None
            return None
        return rate


@dataclass(frozen=True, slots=True)
class _Known:
    left: int
    """That may be used, those under way included."""
    limit: int | None
    until: float
    heard_at: float


class Learned:
    """The quotas that the service speaks of; all of them hold for every request, since none says what it is about."""

    def __init__(self, share: float = 1.0) -> None:
        self._share = share
        self._known: dict[str, _Known] = {}
        self._next = -inf

    @property
    def active(self) -> bool:
        """Whether any quota is known."""
        return bool(self._known)

    def hear(self, quotas: Iterable[Quota], sent_at: float, now: float) -> None:
        """Take in what an answer says. One that was sent before the last one was heard may be older: less counts."""
        for quota in quotas:
            reserve = 0 if quota.limit is None else quota.limit - shared(quota.limit, self._share)
            left, until = quota.remaining - reserve, now + quota.reset
            known = self._known.get(quota.name)
            if known is not None and sent_at < known.heard_at and until <= known.until + SAME_WINDOW:
                left = min(left, known.left)
            self._known[quota.name] = _Known(left, quota.limit, until, now)

    def wait(self, under_way: int, now: float) -> float:
        """Return the seconds until a request may go out; infinite: not before one under way has been answered."""
        self._known = {name: known for name, known in self._known.items() if known.until > now}
        waits = [0.0]
        for known in self._known.values():
            if known.left <= 0:
                waits.append(known.until - now)
            elif known.left <= under_way:
                waits.append(inf)
        return max(waits)

    def reserve(self, under_way: int, now: float) -> float:
        """Return the moment at which the next request may go out, and keep it for it."""
        gap = max((self._gap(known, under_way, now) for known in self._known.values()), default=0.0)
        if gap == 0.0:
            return now
        moment = max(now, self._next)
        self._next = moment + gap
        return moment

    @staticmethod
    def _gap(known: _Known, under_way: int, now: float) -> float:
        left = known.left - under_way
        scarce = known.limit is not None and left < known.limit * SCARCE
        return max(0.0, known.until - now) / max(1, left) if scarce else 0.0
