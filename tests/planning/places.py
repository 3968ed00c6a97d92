"""Where the people of a small world stand, as the state would answer; counts what it is asked."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from ldap2scim.essence import from_essence, to_essence
from ldap2scim.model import Key, ResourceType, directory_of
from ldap2scim.planning.dimensions import text_at
from ldap2scim.planning.policy import Dimension
from ldap2scim.planning.population import NOBODY, Removed
from tests.planning.worlds import LOGIN, World, dn_of


@dataclass
class WorldPlaces:
    """The places of a world that is managed as it is; `dns` may name other DNs than those of the world."""

    world: World
    named: Mapping[str, str] = field(default_factory=dict)
    attribute: str = "enterprise.department"
    asked: list[str] = field(default_factory=list)
    gone: Mapping[ResourceType, Removed] = field(default_factory=dict)
    """Who was removed in the last 24 hours; the world may have them still, and its sizes do not count them."""
    left: Mapping[str, frozenset[Key]] = field(default_factory=dict)

    def dns(self, keys: Collection[Key]) -> Mapping[Key, str]:
        """Return DNs of whoever is in the world."""
        self.asked.append("dns")
        return {key: self._dn(key) for key in keys if key in self._all()}

    def parts(self, dimension: Dimension, keys: Collection[Key]) -> Mapping[Key, str]:
        """Return directory, unit or department."""
        self.asked.append(f"parts of {dimension.value}")
        found = {key: self._part(dimension, key) for key in keys if key in self._all()}
        return {key: part for key, part in found.items() if part is not None}

    def sizes(self, dimension: Dimension, kind: ResourceType, parts: Collection[str]) -> Mapping[str, int]:
        """Count."""
        self.asked.append(f"sizes of {dimension.value}")
        away = self.gone.get(kind, NOBODY).gone
        counts = Counter(self._part(dimension, Key(key)) for key in self.world.of(kind) if key not in away)
        return {part: counts[part] for part in parts}

    def groups_of(self, members: Collection[Key]) -> Mapping[Key, frozenset[Key]]:
        """Return groups with some of their members."""
        self.asked.append("groups")
        found: defaultdict[Key, set[Key]] = defaultdict(set)
        for group, member in self.world.edges:
            if member in members:
                found[Key(group)].add(Key(member))
        return {group: frozenset(own) for group, own in found.items()}

    def group_sizes(self, groups: Collection[Key]) -> Mapping[Key, int]:
        """Count members."""
        counts = Counter(group for group, _ in self.world.edges)
        return {group: counts[group] for group in groups}

    def logins(self, keys: Collection[Key]) -> Mapping[Key, str]:
        """Return logins and names of groups."""
        kinds = {key: kind for kind in ResourceType for key in self.world.of(kind)}
        return {key: str(self._all()[key][LOGIN[kinds[key]]]) for key in keys if key in kinds}

    def memberships(self) -> int:
        """Count."""
        self.asked.append("memberships")
        return len(self.world.edges)

    def removed(self, kind: ResourceType) -> Removed:
        """Return who has gone."""
        self.asked.append("removed")
        return self.gone.get(kind, NOBODY)

    def left_recently(self, groups: Collection[Key]) -> Mapping[Key, frozenset[Key]]:
        """Return who has left."""
        self.asked.append("left")
        return {group: self.left[group] for group in groups if group in self.left}

    def _all(self) -> Mapping[str, Mapping[str, object]]:
        return {**self.world.users, **self.world.groups}

    def _dn(self, key: str) -> str:
        return self.named.get(key, dn_of(key))

    def _part(self, dimension: Dimension, key: Key) -> str | None:
        if dimension is Dimension.DIRECTORY:
            return directory_of(key)
        if dimension is Dimension.UNIT:
            return self._dn(key).partition(",")[2]
        attributes = self._all()[key]
        return text_at(from_essence(to_essence(attributes)), self.attribute)  # type: ignore[arg-type]
