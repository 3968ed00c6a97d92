"""What a run finds out about its service by using it: kept for the rest of the run, shared by all of its workers."""

from collections import Counter
from dataclasses import replace
from typing import Final

from ldap2scim.model import ResourceType
from ldap2scim.scim.profiles import Profile
from ldap2scim.scim.settings import ReadBack

SAMPLE_FIRST: Final = 3
"""Writes of each kind that a sampled read-back looks at from the first on: a habit shows at once."""
SAMPLE_EVERY: Final = 100
"""And of the others every so many."""
_WITNESSES: Final = 2


class Learned:
    """Habits of a service that no profile told."""

    def __init__(self, read_back: ReadBack = ReadBack.NONE) -> None:
        self._read_back = read_back
        self._written: Counter[tuple[ResourceType, str]] = Counter()
        self._members: int | None = None
        self._bytes: int | None = None
        self._attributes_by_put: set[ResourceType] = set()
        self._members_by_put = False
        self._found_by: set[tuple[ResourceType, str]] = set()
        self._members_shown: bool | None = None
        self._made: dict[ResourceType, tuple[str, ...]] = {}
        self.claimed = False
        """Whether a resource that was there already was taken in the place of one that was to be created."""

    def limits(self, profile: Profile) -> Profile:
        """Return the profile with the size of member requests that the service was seen to take."""
        if self._members is None and self._bytes is None:
            return profile
        return replace(
            profile,
            members_per_request=min(profile.members_per_request, self._members or profile.members_per_request),
            bytes_per_request=min(profile.bytes_per_request, self._bytes or profile.bytes_per_request),
        )

    def takes_members(self, members: int, size: int) -> None:
        """Keep member requests to this many members and bytes from now on; a smaller limit stays."""
        self._members = min(members, self._members or members)
        self._bytes = min(size, self._bytes or size)

    def patches_attributes(self, resource_type: ResourceType) -> bool:
        """Say whether PATCH of attributes was not refused so far."""
        return resource_type not in self._attributes_by_put

    def refuses_patch(self, resource_type: ResourceType) -> None:
        """Send attributes of a kind by PUT from now on."""
        self._attributes_by_put.add(resource_type)

    @property
    def patches_members(self) -> bool:
        """Whether PATCH of members was not refused so far."""
        return not self._members_by_put

    def refuses_member_patch(self) -> None:
        """Send members by PUT from now on."""
        self._members_by_put = True

    def finds_by(self, resource_type: ResourceType, attribute: str) -> bool:
        """Say whether a filter on an attribute was seen to find something."""
        return (resource_type, attribute) in self._found_by

    def found_by(self, resource_type: ResourceType, attribute: str) -> None:
        """Remember that a filter found something: where it finds nothing, there is nothing."""
        self._found_by.add((resource_type, attribute))

    @property
    def members_shown(self) -> bool | None:
        """Whether the service shows the members of a group; None: not known yet."""
        return self._members_shown

    def members_are_shown(self, *, shown: bool) -> None:
        """Remember whether a group that has members showed any; once seen, they are shown."""
        self._members_shown = shown or bool(self._members_shown)

    def made(self, resource_type: ResourceType, service_id: str) -> None:
        """Remember some resources that this run saw at the service."""
        known = self._made.get(resource_type, ())
        if service_id not in known:
            self._made[resource_type] = (*known, service_id)[-_WITNESSES:]

    def seen(self, resource_type: ResourceType) -> tuple[str, ...]:
        """Return ids of resources that this run saw at the service, the latest last."""
        return self._made.get(resource_type, ())

    def is_read_back(self, resource_type: ResourceType, verb: str) -> bool:
        """Count a write, and say whether it is to be read back."""
        match self._read_back:
            case ReadBack.NONE:
                return False
            case ReadBack.ALL:
                return True
            case ReadBack.SAMPLE:
                self._written[resource_type, verb] += 1
                number = self._written[resource_type, verb]
                return number <= SAMPLE_FIRST or number % SAMPLE_EVERY == 0
