"""Faults on demand: what the service does to chosen requests instead of, or with, the right answer."""

import threading
from dataclasses import dataclass
from enum import Enum, StrEnum


class FaultKind(StrEnum):
    """What happens to the request."""

    STATUS = "status"
    """A SCIM error of this status: 500, 503, 429, 401."""
    DROP = "drop"
    """The connection ends without an answer."""
    GARBAGE = "garbage"
    """Status 200 and bytes that are no JSON."""
    HTML = "html"
    """A page for people, as proxies and gateways send it, with `status`."""
    REDIRECT = "redirect"
    """302 to a sign-in page."""
    CUT = "cut"
    """The right answer, ended in the middle of its JSON."""
    SLOW = "slow"
    """The right answer, after `seconds`."""
    SHORT_PAGE = "short page"
    """A list answers half of its page and says nothing of it."""
    WRONG_TOTAL = "wrong total"
    """A list names a `totalResults` that is one too many."""
    IGNORE_ATTRIBUTE = "ignore attribute"
    """A write is answered with success, and `attribute` stays what it was."""
    IGNORE_WRITE = "ignore write"
    """A write is answered with 204, and nothing happens."""
    LOSE_MEMBERS = "lose members"
    """A PATCH keeps the first `members` that it adds, loses the others, and is answered with success."""
    IGNORE_FILTER = "ignore filter"
    """A list answers everybody, whatever was asked for."""
    EMPTY_FILTER = "empty filter"
    """A list with a filter answers 200 with nothing."""
    PAGE_ONE_AGAIN = "page one again"
    """A list whose start is beyond the end answers its first page."""
    CHANGED_CASE = "changed case"
    """Every userName is shown in capital letters."""
    NO_SCIM_TYPE = "no scimType"
    """Errors do not say their `scimType`, which is optional (RFC 7644 §3.12)."""
    UNKNOWN_AS = "unknown as"
    """404 is answered as `status`."""
    BARE = "bare"
    """A write is answered without a body; its Location is relative."""
    MUTE = "mute"
    """A write is answered without a body and without a Location."""


class Moment(Enum):
    """Before the request is carried out, and it is not; or after it was."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, and which requests it befalls."""

    kind: FaultKind
    status: int = 500
    """Of `STATUS`, `HTML` and `UNKNOWN_AS`."""
    retry_after: str | None = None
    """The Retry-After header as it is sent: seconds or an HTTP date (RFC 9110 §10.2.3)."""
    moment: Moment = Moment.BEFORE
    """Of `STATUS`, `DROP`, `GARBAGE`, `HTML` and `REDIRECT`; the other kinds let the request be carried out."""
    seconds: float = 1.0
    """Of `SLOW`."""
    attribute: str = ""
    """Of `IGNORE_ATTRIBUTE`: `title`, or `urn:…:User` for a whole extension."""
    method: str | None = None
    """None: every method."""
    path_prefix: str = "/"
    """Below the base URL: `/Users`, which is `/Users/.search` too."""
    path: str | None = None
    """This path and no other; None: every one with the prefix."""
    members: int | None = None
    """Only requests that name more members than this; None: every one."""
    after: int = 0
    """How many requests that match go untouched first."""
    every: int = 1
    """Of those that follow, each first of this many."""
    times: int | None = None
    """How often it strikes; None: until it is removed."""

    def matches(self, method: str, path: str, members: int = 0) -> bool:
        """Say whether a request, which names so many members, is one that this fault may befall."""
        if self.method is not None and self.method != method.upper():
            return False
        if self.members is not None and members <= self.members:
            return False
        return path.startswith(self.path_prefix) and self.path in (None, path)


class Faults:
    """The faults set, with their counts; the first one that strikes wins. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._set: list[Fault] = []
        self._seen: list[int] = []
        self._struck: list[int] = []

    def add(self, fault: Fault) -> None:
        """Set a fault beside those that are set."""
        with self._lock:
            self._set.append(fault)
            self._seen.append(0)
            self._struck.append(0)

    def clear(self) -> None:
        """Take all faults away."""
        with self._lock:
            self._set, self._seen, self._struck = [], [], []

    @property
    def struck(self) -> int:
        """How often faults struck since the last `clear`."""
        return sum(self._struck)

    def strike(self, method: str, path: str, members: int = 0) -> Fault | None:
        """Count a request and return the fault that befalls it."""
        with self._lock:
            chosen = None
            for number, fault in enumerate(self._set):
                if not fault.matches(method, path, members):
                    continue
                turn = self._seen[number] - fault.after
                self._seen[number] += 1
                spent = fault.times is not None and self._struck[number] >= fault.times
                if chosen is None and turn >= 0 and turn % fault.every == 0 and not spent:
                    chosen = fault
                    self._struck[number] += 1
            return chosen
