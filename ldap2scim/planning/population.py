"""What shares are measured against, counted before anything is applied. Pure.

What is asked of `Places` costs a look into the state, and is asked only where enough operations touch one part.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.policy import Dimension


class Places(Protocol):
    """Where everybody stands who is managed: directory, unit, department, groups."""

    def dns(self, keys: Collection[Key]) -> Mapping[Key, str]:
        """Return the DN of each entry; of one that has gone, the last."""

    def parts(self, dimension: Dimension, keys: Collection[Key]) -> Mapping[Key, str]:
        """Return the directory, unit or department of each entry that has one, as the state knows it."""

    def sizes(self, dimension: Dimension, kind: ResourceType, parts: Collection[str]) -> Mapping[str, int]:
        """Count the managed of some directories, units or departments."""

    def groups_of(self, members: Collection[Key]) -> Mapping[Key, frozenset[Key]]:
        """Return the groups, as last confirmed, that have any of these members, with those of them."""

    def group_sizes(self, groups: Collection[Key]) -> Mapping[Key, int]:
        """Count the members of groups, as last confirmed."""

    def logins(self, keys: Collection[Key]) -> Mapping[Key, str]:
        """Return the login, or the name of a group, of those that are known."""

    def memberships(self) -> int:
        """Count all memberships."""


class Nowhere:
    """Knows nobody: with it no part is large enough to be looked at."""

    def dns(self, keys: Collection[Key]) -> Mapping[Key, str]:  # noqa: ARG002 (signature)
        """Return nothing."""
        return {}

    def parts(self, dimension: Dimension, keys: Collection[Key]) -> Mapping[Key, str]:  # noqa: ARG002 (signature)
        """Return nothing."""
        return {}

    def sizes(
        self,
        dimension: Dimension,  # noqa: ARG002 (signature)
        kind: ResourceType,  # noqa: ARG002 (signature)
        parts: Collection[str],  # noqa: ARG002 (signature)
    ) -> Mapping[str, int]:
        """Return nothing."""
        return {}

    def groups_of(self, members: Collection[Key]) -> Mapping[Key, frozenset[Key]]:  # noqa: ARG002 (signature)
        """Return nothing."""
        return {}

    def group_sizes(self, groups: Collection[Key]) -> Mapping[Key, int]:  # noqa: ARG002 (signature)
        """Return nothing."""
        return {}

    def logins(self, keys: Collection[Key]) -> Mapping[Key, str]:  # noqa: ARG002 (signature)
        """Return nothing."""
        return {}

    def memberships(self) -> int:
        """Return nought."""
        return 0


@dataclass(frozen=True, slots=True)
class Population:
    """What shares are measured against."""

    managed_users: int
    managed_groups: int
    members: Mapping[Key, int] = field(default_factory=dict)
    """How many members each group that loses some had (`Difference.known_members`)."""
    places: Places = field(default_factory=Nowhere)

    def managed(self, resource_type: ResourceType) -> int:
        """Return how many resources of a kind are managed."""
        return self.managed_users if resource_type is ResourceType.USER else self.managed_groups
