"""A service with the published limits of a profile, on a clock that passes when everybody waits.

The service counts on its own, more strictly than any real one: every limit as a sliding window, as a fixed one of any
phase, and where a burst is published as a token bucket too. It looks at the profile's data and at no code of `scim`.
"""

import asyncio
import json
import random
import selectors
from collections import Counter, defaultdict, deque
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx

from ldap2scim.scim.profiles import Profile
from ldap2scim.scim.profiles.profile import Addressed, Counted, RateLimit
from ldap2scim.scim.rate import Clock
from tests.seed import SEED

T = TypeVar("T")
EPOCH = 1_800_000_000.0
"""What the wall clock shows at the start."""
ANSWER = {"content-type": "application/scim+json"}


class _Selector(selectors.DefaultSelector):
    """Lets time pass where a loop would sleep."""

    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Pass the time, and look what came meanwhile."""
        if timeout is None:
            raise AssertionError("everybody waits, and nobody will ever come")
        self.loop.now += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose hours pass in no time; nothing outside of it may be waited for."""

    def __init__(self) -> None:
        self.now = 0.0
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        """Return the virtual time."""
        return self.now


def virtually(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a virtual clock."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


def clock() -> Clock:
    """Return the clock of the running loop."""
    loop = asyncio.get_running_loop()
    chance = random.Random(SEED)
    return Clock(loop.time, lambda: EPOCH + loop.time(), asyncio.sleep, chance.random)


@dataclass
class Ledger:
    """What came in under one limit, as strictly as can be."""

    limit: RateLimit
    what: str
    arrivals: deque[tuple[float, int]] = field(default_factory=deque)
    counted: int = 0
    total: int = 0
    first: float | None = None
    last: float = 0.0
    tokens: float = 0.0
    filled_at: float | None = None

    def take(self, cost: int, now: float) -> str | None:
        """Count an arrival; return what it breaks."""
        limit = self.limit
        while self.arrivals and self.arrivals[0][0] <= now - limit.seconds + 1e-9:
            self.counted -= self.arrivals.popleft()[1]
        self.arrivals.append((now, cost))
        self.counted += cost
        self.total += cost
        self.first = now if self.first is None else self.first
        self.last = now
        if self.counted > limit.requests:
            return f"{self.what}: {self.counted} within {limit.seconds:g} s, allowed are {limit.requests}"
        return self._take_token(cost, now)

    def _take_token(self, cost: int, now: float) -> str | None:
        if self.limit.burst is None:
            return None
        since = now if self.filled_at is None else self.filled_at
        full = float(self.limit.burst)
        held = full if self.filled_at is None else self.tokens
        rate = self.limit.requests / self.limit.seconds
        self.tokens, self.filled_at = min(full, held + (now - since) * rate) - cost, now
        return f"{self.what}: more than {self.limit.burst} at once" if self.tokens < -1e-6 else None

    def use(self, share: float) -> float:
        """Return the time that the fastest sender needs, by the time that it took; 1: nothing was left unused."""
        allowed = int(self.limit.requests * share + 1e-9)
        if self.limit.burst is None:
            fastest = self.limit.seconds * ((self.total - 1) // allowed)
        else:
            burst = int(self.limit.burst * share + 1e-9)
            fastest = (self.total - burst) * self.limit.seconds / allowed
        return fastest / (self.last - (self.first or 0.0))


class SimulatedService(httpx.AsyncBaseTransport):
    """Answers as a SCIM service would, after a while; `broken` says which limits were not kept."""

    def __init__(self, profile: Profile, named: str = "", latency: tuple[float, float] = (0.02, 0.08)) -> None:
        self.profile = profile
        self.named = named or profile.name
        """The profile that the client believes in."""
        self.broken: list[str] = []
        self.asked: Counter[tuple[str, str]] = Counter()
        self.members: defaultdict[str, set[str]] = defaultdict(set)
        self.ledgers: dict[tuple[int, str], Ledger] = {}
        self._latency = latency
        self._chance = random.Random(SEED)
        self._resources: dict[str, dict[str, Any]] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request; it arrives and returns when it likes."""
        content = await request.aread()
        await asyncio.sleep(self._chance.uniform(*self._latency) / 2)
        body = json.loads(content) if content else {}
        self.asked[request.method, request.url.path.split("/")[2]] += 1
        problem = self._problem(request, body, len(content))
        status, answer = (429, None) if problem else self._answer(request, body)
        headers = {**ANSWER, **self.headers(asyncio.get_running_loop().time())}
        await asyncio.sleep(self._chance.uniform(*self._latency) / 2)
        return httpx.Response(status, headers=headers, content=json.dumps(answer).encode() if answer else b"")

    def headers(self, now: float) -> Mapping[str, str]:
        """Return what the answers say of the quota: nothing."""
        del now
        return {}

    def _problem(self, request: httpx.Request, body: dict[str, Any], size: int) -> str | None:
        now = asyncio.get_running_loop().time()
        members = _members(body)
        problems = [ledger.take(cost, now) for ledger, cost in self._ledgers_of(request, size, members) if cost]
        if request.method == "PATCH" and members > self.profile.members_per_request:
            problems.append(f"{members} members in one request")
        if request.method == "PATCH" and size > self.profile.bytes_per_request:
            problems.append(f"{size} bytes in one request")
        found = [problem for problem in problems if problem]
        self.broken += found
        return found[0] if found else None

    def _ledgers_of(self, request: httpx.Request, size: int, members: int) -> list[tuple[Ledger, int]]:
        path = request.url.path.removeprefix("/v2")
        found: list[tuple[Ledger, int]] = []
        for number, limit in enumerate(self.profile.limits):
            if not _applies(limit, request.method, path, size):
                continue
            of_members = limit.counted is Counted.MEMBERS
            place = (number, path if of_members else "")
            what = f"{'/'.join(sorted(limit.methods)) or 'all'} {'/'.join(sorted(limit.resource_types)) or 'anything'}"
            ledger = self.ledgers.setdefault(place, Ledger(limit, what))
            found.append((ledger, members if of_members else 1))
        return found

    def _answer(self, request: httpx.Request, body: dict[str, Any]) -> tuple[int, dict[str, Any] | None]:
        path = request.url.path.removeprefix("/v2")
        match request.method:
            case "POST":
                made = {**body, "id": str(len(self._resources) + 1)}
                self._resources[f"{path}/{made['id']}"] = made
                return 201, made
            case "PATCH":
                for operation in body["Operations"]:
                    for member in _values(operation):
                        self.members[path].add(member["value"])
                return 204, None
            case "GET" if path in self._resources:
                return 200, self._resources[path]
            case "PUT":
                self._resources[path] = body
                return 200, body
            case "DELETE":
                return 204, None
        return 404, {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "404"}


def _applies(limit: RateLimit, method: str, path: str, size: int) -> bool:
    kind, _, identifier = path.removeprefix("/").partition("/")
    one = bool(identifier) and identifier != ".search"
    return (
        (not limit.methods or method in limit.methods)
        and (not limit.resource_types or kind.removesuffix("s") in limit.resource_types)
        and (limit.above_bytes is None or size > limit.above_bytes)
        and (limit.up_to_bytes is None or size <= limit.up_to_bytes)
        and (limit.addressed is Addressed.ANYTHING or (limit.addressed is Addressed.RESOURCE) == one)
    )


def _members(body: dict[str, Any]) -> int:
    return sum(len(_values(operation)) for operation in body.get("Operations", ()))


def _values(operation: dict[str, Any]) -> list[dict[str, Any]]:
    value = operation.get("value")
    if isinstance(value, dict):
        value = value.get("members")
    return value if isinstance(value, list) else []
