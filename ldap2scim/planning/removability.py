"""May this key be removed, as far as the reads tell? The one place that answers (P1). Pure."""

from dataclasses import dataclass
from enum import Enum

from ldap2scim.model import Key, ResourceType, directory_of
from ldap2scim.planning.states import DesiredState, Holds, ReadState, Scope


class Removability(Enum):
    """What absence from the desired state means; ordered from free to unknown."""

    FREE = 0
    """The read is proven: an absent entry has gone."""
    HELD = 1
    """The read is visibly short: a person decides."""
    BLOCKED = 2
    """An entry of this scope could not be read at all, and may be this one: not even a person may release it."""
    UNKNOWN = 3
    """Not read: nothing is proposed."""


def worse(one: Removability, other: Removability) -> Removability:
    """Return the more careful of two answers."""
    return max(one, other, key=lambda answer: answer.value)


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What the reads of this run prove, asked by key."""

    desired: DesiredState
    holds: Holds

    def removal_of(self, key: Key, resource_type: ResourceType) -> Removability:
        """Say whether a resource that is not desired may be removed."""
        return Removability.UNKNOWN if key in self.holds.keys else self._scope(Scope(directory_of(key), resource_type))

    def loss_of_member(self, group: Key, member: Key) -> Removability:
        """Say whether a membership that is not desired has really ended.

        The member counts too: one that its directory would not show (short or failed read) has not left.
        """
        answer = worse(
            self.removal_of(group, ResourceType.GROUP),
            self.removal_of(member, ResourceType.USER),
        )
        groups_of_member = Scope(directory_of(member), ResourceType.GROUP)
        if groups_of_member in self.desired.reads or groups_of_member in self.holds.blocked:
            answer = worse(answer, self._scope(groups_of_member))
        return worse(answer, self._elsewhere(group))

    def loss_of_stranger(self, group: Key) -> Removability:
        """Say whether a member that is no entry's may be taken out of a group.

        It could be the resource of an entry that was not read, so the read of the people counts.
        """
        people = self._scope(Scope(directory_of(group), ResourceType.USER))
        return worse(worse(self.removal_of(group, ResourceType.GROUP), people), self._elsewhere(group))

    def _elsewhere(self, group: Key) -> Removability:
        """Say what the reads of all directories allow for a group that has members of several."""
        answer = Removability.FREE
        if group in self.desired.across:
            for scope in {*self.desired.reads, *self.holds.blocked}:
                answer = worse(answer, self._scope(scope))
        return answer

    def _scope(self, scope: Scope) -> Removability:
        match self.desired.read_state(scope):
            case ReadState.PROVEN:
                free = Removability.FREE
            case ReadState.SHORT:
                free = Removability.HELD
            case ReadState.FAILED:
                return Removability.UNKNOWN
        return Removability.BLOCKED if scope in self.holds.blocked else free


def why_held(key: Key, removability: Removability) -> str:
    """Return the sentence for a removal that is not free."""
    if removability is Removability.BLOCKED:
        return (
            f"An entry of directory {directory_of(key)} could not be read, not even its source anchor, so that anybody "
            "absent may be that one: mend the entry that the findings name."
        )
    return (
        "A read that this rests on was visibly shorter than the last one that was believed, or from a server that is "
        "behind (the findings say which): find out why, or approve the plan's id if they have really left."
    )
