"""The members of one group by PATCH, in pieces that the service takes.

Hard, because how much it takes is rarely published: a request that is too large is answered 413, 400 or 500, or not
at all. A piece that fails so is halved and sent again, which is safe: a member is in a group once (RFC 7644
§3.5.2.1). What was confirmed stays recorded. When all of a refused piece got through in smaller ones, size was the
reason, and the rest of the run keeps to the smaller size; when a single member is refused, that member was.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Final, TypeAlias

import orjson

from ldap2scim.errors import OutcomeUnknown, RequestRejected, ResourceNotFound, ServiceError, ServiceUnavailable
from ldap2scim.model import Key
from ldap2scim.run.service_view import ServiceView
from ldap2scim.scim import requests
from ldap2scim.scim.patch import member_counts
from ldap2scim.scim.profiles import Profile
from ldap2scim.scim.provider import ScimRequest
from ldap2scim.scim.requests import Target
from ldap2scim.scim.wire import version_of

Named: TypeAlias = tuple[Key, str]
"""A member with its id at the service."""

MOST_REFUSED: Final = 3
"""Members refused one by one, with none taken between them, after which it is the group that is refused."""
_ABOUT_ONE: Final = frozenset({400, 404})
"""Statuses of a request with one member that may be about that one: its value, or that nobody has this id."""


class MemberPatches:
    """What was confirmed of the change of one group so far."""

    def __init__(self, view: ServiceView, target: Target, groups: frozenset[str]) -> None:
        self._view = view
        self._target = target
        self._groups = groups
        self._limits: Profile = view.learned.limits(view.profile)
        self._suspected: set[Key] = set()
        """The members of pieces that were refused for their size, as far as none got through yet."""
        self._in_vain = 0
        self.entered: list[Key] = []
        self.left: list[Key] = []
        self.refused: list[tuple[Named, ServiceError]] = []
        """Members that the service does not take even alone."""
        self.version: str | None = None

    async def remove(self, leaving: Sequence[Named]) -> None:
        """Take members out.

        Raises:
            ServiceError: the rest was not sent, or what became of a piece is not known.
        """
        await self._send_all(leaving, self.left, is_removal=True)

    async def add(self, entering: Sequence[Named]) -> None:
        """Put members in.

        Raises:
            ServiceError: the rest was not sent, or what became of a piece is not known.
        """
        await self._send_all(entering, self.entered, is_removal=False)

    async def _send_all(self, members: Sequence[Named], confirmed: list[Key], *, is_removal: bool) -> None:
        pending = deque(members)
        while pending:
            part = list(islice(pending, self._limits.members_per_request))
            for request in self._requests(part, is_removal=is_removal):
                piece = part[: sum(member_counts((request.body or {})["Operations"]))]
                try:
                    response = await self._view.service.send(request)
                except ServiceError as error:
                    if is_removal and len(piece) == 1 and error.scim_type == "noTarget":
                        self._taken(piece, confirmed)  # whom we take out is out
                    elif not await self._goes_on(piece, request, error):
                        raise
                    elif len(piece) > 1:
                        break
                else:
                    self._taken(piece, confirmed)
                    self.version = response.etag or version_of(response.body or {})
                del part[: len(piece)]
                for _ in piece:
                    pending.popleft()

    def _requests(self, part: Sequence[Named], *, is_removal: bool) -> tuple[ScimRequest, ...]:
        ids = [found for _, found in part]
        added, removed = ((), ids) if is_removal else (ids, ())
        return requests.change_members(self._target, added, removed, self._limits, self._groups)

    def _taken(self, piece: Sequence[Named], confirmed: list[Key]) -> None:
        confirmed += [key for key, _ in piece]
        if self._in_vain:
            # It was that one member and not the size: as large as before for the others.
            self._in_vain = 0
            self._limits = self._view.learned.limits(self._view.profile)
        if self._suspected:
            self._suspected.difference_update(key for key, _ in piece)
            if not self._suspected:
                self._view.learned.takes_members(self._limits.members_per_request, self._limits.bytes_per_request)

    async def _goes_on(self, piece: Sequence[Named], request: ScimRequest, error: ServiceError) -> bool:
        """Say whether to go on after a piece that failed: with smaller ones, or without its one member."""
        if not await self._may_be_size(error):
            return False
        if len(piece) > 1:
            self._suspected |= {key for key, _ in piece}
            self._halve(len(piece), len(orjson.dumps(request.body)), error)
            return True
        if error.status not in _ABOUT_ONE:
            return False
        self._suspected.clear()
        self.refused.append((piece[0], error))
        self._in_vain += 1
        return self._in_vain < MOST_REFUSED

    def _halve(self, members: int, size: int, error: ServiceError) -> None:
        self._limits = replace(
            self._limits,
            members_per_request=max(1, members // 2),
            bytes_per_request=size // 2 if error.status == 413 else self._limits.bytes_per_request,
        )

    async def _may_be_size(self, error: ServiceError) -> bool:
        # What is not found may be a member as well as the group.
        match error:
            case RequestRejected():
                return error.status in {400, 413}
            case OutcomeUnknown() | ResourceNotFound():
                return await self._is_there()
            case ServiceUnavailable():
                return error.status == 408
        return False

    async def _is_there(self) -> bool:
        """A service that does not answer for anything else either is away, whatever it was sent."""
        try:
            await self._view.read(self._target, excluded=("members",))
        except ServiceError:
            return False
        return True
