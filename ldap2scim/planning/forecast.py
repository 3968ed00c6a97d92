"""What carrying out a plan will cost at the service: requests and time. A pure value; `scim.forecast` makes it."""

from dataclasses import dataclass
from typing import Final

from ldap2scim.model import ResourceType

_EXACT: Final = 1000
"""Below it every request is counted out."""
_UNITS: Final = {1.0: "second", 60.0: "minute", 3600.0: "hour"}


@dataclass(frozen=True, slots=True)
class Expected:
    """How many requests of one kind."""

    method: str
    resource_type: ResourceType
    count: int


@dataclass(frozen=True, slots=True)
class Decisive:
    """The limit that takes most of the time."""

    what: str
    """`users`, `members of one group`, `requests`."""
    amount: int
    seconds: float

    def __str__(self) -> str:
        unit = _UNITS.get(self.seconds)
        return f"{self.what}: {self.amount:,} " + (f"a {unit}" if unit else f"in {self.seconds:g} s")


@dataclass(frozen=True, slots=True)
class Forecast:
    """Requests that a plan needs when nothing goes wrong, and the time that the service's limits make of it."""

    profile: str
    requests: tuple[Expected, ...]
    seconds: float | None
    """None: the profile knows of no limits."""
    share: float
    """Part of the limits that is used."""
    decisive: Decisive | None
    """None: all of it goes out at once."""

    @property
    def total(self) -> int:
        """Return the number of all requests."""
        return sum(one.count for one in self.requests)

    def __str__(self) -> str:
        total = self.total
        counted = f"About {round(total, -2):,} requests" if total >= _EXACT else f"{total} request{'s' * (total != 1)}"
        if self.seconds is None:
            return f"{counted}; the profile {self.profile} knows of no rate limits."
        if self.decisive is None:
            return f"{counted}, all within the limits of profile {self.profile}."
        used = "" if self.share == 1.0 else f", of which {self.share:.0%} are used"
        return f"{counted}, {duration(self.seconds)} at the limits of profile {self.profile} ({self.decisive}{used})."


def duration(seconds: float) -> str:
    """Return a time as a person says it: `40 s`, `57 min`, `4 h 10 min`, `2 d 3 h`."""
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"
