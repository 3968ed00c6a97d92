"""What the diff compares: the desired state, the known state, and what must be left alone. Pure values."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from ldap2scim.findings import Held
from ldap2scim.model import Key
from ldap2scim.model import Scope as Scope  # noqa: PLC0414 (a word of the states, too)
from ldap2scim.planning.linking import Behind

if TYPE_CHECKING:
    import pandas as pd

    from ldap2scim.planning.matching import Column


class ReadState(StrEnum):
    """What a read of one scope is worth. Only `PROVEN` may lead to a removal (P1)."""

    PROVEN = "proven"
    """Read to its proven end, from a server that is not behind the last proven read."""
    SHORT = "short"
    """Read to its end, but visibly fewer entries than last time, or from a server that is behind: removals are held."""
    FAILED = "failed"
    """Not read, or not to its end: nothing is known, no removal is even proposed."""


class Leaving(StrEnum):
    """What happens at the service to a person who has left. Groups have no `active` and are always deleted."""

    DELETE = "delete"
    DEACTIVATE = "deactivate"


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """Memberships as two columns of equal length: the key of the group, the key of the member."""

    group: "Column"
    member: "Column"

    def __post_init__(self) -> None:
        if len(self.group) != len(self.member):
            raise ValueError(f"{len(self.group)} groups beside {len(self.member)} members")

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> "Edges":
        """Build memberships from (group key, member key)."""
        from ldap2scim.planning.frames import text_array

        rows: Sequence[tuple[str, str]] = tuple(pairs)
        return cls(text_array(group for group, _ in rows), text_array(member for _, member in rows))


@dataclass(frozen=True, slots=True, eq=False)
class DesiredState:
    """What the directories want, and what their reads are worth."""

    users: "pd.DataFrame"
    groups: "pd.DataFrame"
    """Desired frames (`frames.desired_frame`)."""
    members: Edges
    reads: Mapping[Scope, ReadState]
    """A scope that is not in it counts as `FAILED`."""
    across: frozenset[Key] = frozenset()
    """Groups that list somebody of another directory: whoever leaves them may have done so there."""

    def read_state(self, scope: Scope) -> ReadState:
        """Return what the read of a scope is worth."""
        return self.reads.get(scope, ReadState.FAILED)


@dataclass(frozen=True, slots=True)
class LoginMatch:
    """A resource of the service that matches a new entry by login alone: a person decides."""

    service_id: str
    login: str
    external_id: str | None


@dataclass(frozen=True, slots=True, eq=False)
class KnownState:
    """What the service last confirmed."""

    users: "pd.DataFrame"
    groups: "pd.DataFrame"
    """Known frames (`frames.known_frame`)."""
    members: Edges
    login_matches: Mapping[Key, LoginMatch] = field(default_factory=dict)
    """By the key of the desired entry (`correlate`)."""
    strangers: frozenset[Key] = frozenset()
    """Keys in `members` that stand for users of the service who are no entry's: they do not belong into our groups."""
    behind: Behind = Behind.UNKNOWN
    """What the service hands its users on to: what a person is told of re-created accounts."""


@dataclass(frozen=True, slots=True)
class Holds:
    """What is left alone this run."""

    keys: frozenset[Key] = frozenset()
    blocked: frozenset[Scope] = frozenset()
    """Scopes with an entry whose key could not be read: anybody of them could be that one, nobody is removed."""

    @classmethod
    def of(cls, held: Iterable[Held]) -> "Holds":
        """Gather held entries."""
        keys: set[Key] = set()
        blocked: set[Scope] = set()
        for entry in held:
            if entry.key is None:
                blocked.add(Scope(entry.directory, entry.resource_type))
            else:
                keys.add(entry.key)
        return cls(frozenset(keys), frozenset(blocked))


class EssenceLookup(Protocol):
    """Where essences come from; asked in batches, for rows that differ alone."""

    def desired(self, keys: Sequence[Key]) -> Mapping[Key, str]:
        """Return the essence of each desired entry."""

    def known(self, keys: Sequence[Key]) -> Mapping[Key, str]:
        """Return the essence of each resource of the service, by the key of its known row."""
