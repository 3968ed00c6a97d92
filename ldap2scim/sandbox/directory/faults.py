"""What goes wrong on purpose. Frozen values: another thread sets a whole new one. Pure."""

from dataclasses import dataclass

from ldap2scim.sandbox.directory.names import is_within


@dataclass(frozen=True, slots=True)
class FailAfter:
    """Every search ends with an error once it has sent some entries, pages together."""

    entries: int
    result_code: int


@dataclass(frozen=True, slots=True)
class CutAfter:
    """The connection is cut in the middle of the entry that follows."""

    entries: int


@dataclass(frozen=True, slots=True)
class StallAfter:
    """Nothing more is answered, and the connection stays open."""

    entries: int


Interruption = FailAfter | CutAfter | StallAfter


@dataclass(frozen=True, slots=True)
class Faults:
    """The faults in force; none by default."""

    interruption: Interruption | None = None
    hidden: frozenset[str] = frozenset()
    """Keys of subtrees that only the administrator sees."""
    withheld: frozenset[str] = frozenset()
    """Canonical attribute types that only the administrator sees."""

    def hides(self, key: str) -> bool:
        """Say whether an entry is in a hidden subtree."""
        return any(is_within(key, subtree) for subtree in self.hidden)
