"""What shares are measured against, counted before anything is applied. Pure.

What is asked of `Places` costs a look into the state, and is asked only where enough operations touch one part.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.policy import Dimension


@dataclass(frozen=True, slots=True)
class Removed:
    """Who lost an account in the last 24 hours, or is about to: the operation was applied, or is in doubt."""

    keys: frozenset[Key] = frozenset()
    managed: frozenset[Key] = frozenset()
    """Those of them who are managed still (disabled by an update), or again."""

    @property
    def gone(self) -> frozenset[Key]:
        """Return those whom the count of the managed does not have any more."""
        return self.keys - self.managed


NOBODY = Removed()


class Places(Protocol):
    """Where everybody stands who is managed: directory, unit, department, groups."""

    def dns(self, keys: Collection[Key]) -> Mapping[Key, str]:
        """Return the DN of each entry; of one that has gone, the last."""

    def parts(self, dimension: Dimension, keys: Collection[Key]) -> Mapping[Key, str]:
        """Return the directory, unit or department of each entry that has one, as the state knows it.

        Of who was removed in the last 24 hours: as it was before that.
        """

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

    def removed(self, kind: ResourceType) -> Removed:
        """Return who was removed in the last 24 hours."""

    def left_recently(self, groups: Collection[Key]) -> Mapping[Key, frozenset[Key]]:
        """Return who left each of some groups in the last 24 hours, and is not in it again."""


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

    def removed(self, kind: ResourceType) -> Removed:  # noqa: ARG002 (signature)
        """Return nobody."""
        return NOBODY

    def left_recently(self, groups: Collection[Key]) -> Mapping[Key, frozenset[Key]]:  # noqa: ARG002 (signature)
        """Return nothing."""
        return {}


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
