"""Where requests wait for the published limits of their service. Decisions are those of `buckets`."""

from collections.abc import Sequence
from math import inf

from ldap2scim.scim.buckets import Buckets, Use
from ldap2scim.scim.profiles.profile import RateLimit
from ldap2scim.scim.provider import ScimRequest
from ldap2scim.scim.rate import SHORTEST, Clock, Endings


class Limiter:
    """Lets a request out when every limit that holds for it has room."""

    def __init__(self, limits: Sequence[RateLimit], share: float, clock: Clock) -> None:
        self._buckets = Buckets(limits, share)
        self._clock = clock
        self._endings = Endings()

    async def enter(self, request: ScimRequest, size: int) -> tuple[Use, ...]:
        """Wait for room, and take it; `leave` must follow.

        Args:
            request: what is to be sent.
            size: bytes of its body.
        """
        uses = self._buckets.uses_of(request, size, self._clock.monotonic())
        while (wait := self._wait(uses)) > 0:
            await (self._endings.next() if wait == inf else self._clock.sleep(max(wait, SHORTEST)))
        for use in uses:
            use.bucket.begin(use.cost)
        return uses

    def leave(self, uses: tuple[Use, ...]) -> None:
        """Say that the request was answered, or never will be."""
        now = self._clock.monotonic()
        for use in uses:
            use.bucket.end(use.cost, now)
        self._endings.tell()

    def _wait(self, uses: tuple[Use, ...]) -> float:
        now = self._clock.monotonic()
        return max((use.bucket.wait(use.cost, now) for use in uses), default=0.0)
