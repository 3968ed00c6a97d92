"""Who has left comes back, on the word of a server that is behind: it may not have heard yet that she left.

A server that is behind removes nobody (P1), and gives nobody back what was taken, an account or a membership: another
one knew better. Whoever is new flows, and so does every other change.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from ldap2scim.model import Key, ResourceType, directory_of
from ldap2scim.planning.operations import ChangeMembers, Create, HeldOperation, Operation, Restore
from ldap2scim.planning.proposals import Difference
from ldap2scim.planning.removals import changes_of
from ldap2scim.run.believe import Believed
from ldap2scim.run.context import Run
from ldap2scim.state.population import StatePlaces

REASON: Final = (
    "The account was taken away, and the server that shows the entry now is behind the one that was read then (the "
    "findings say which): wait until it has caught up, or approve the plan's id if the entry is to have it again."
)
_LEFT_IT: Final = (
    "left it in the last 24 hours, and the server that shows them in it now is behind the one that was read then (the "
    "findings say which), so that nobody enters: wait until it has caught up, or approve the plan's id."
)


def hold_returns(run: Run, believed: Believed, difference: Difference, since: datetime) -> Difference:
    """Hold what would give an account or a membership back in directories whose server is behind.

    Args:
        run: the run.
        believed: says which they are.
        difference: of today.
        since: from when on somebody who is created, or enters a group, was lately removed.
    """
    if not believed.behind:
        return difference
    places = StatePlaces(run.store, "", since)
    removed = frozenset(key for kind in ResourceType for key in places.removed(kind).keys)
    flowing: list[Operation] = []
    held = list(difference.held)
    for one in difference.operations:
        if directory_of(one.key) in believed.behind and _gives_back(one, was_removed=one.key in removed):
            held.append(HeldOperation(one, (REASON,)))
        else:
            flowing.append(one)
    gains = _doubtful_gains(believed, flowing, places)
    return replace(difference, operations=tuple(flowing), held=tuple(held), doubtful_gains=gains)


def _doubtful_gains(believed: Believed, operations: Iterable[Operation], places: StatePlaces) -> Mapping[Key, str]:
    """Return the groups that somebody would enter who has just left them."""
    entering = {
        one.key: one.added
        for one in operations
        if isinstance(one, ChangeMembers) and one.added and directory_of(one.key) in believed.behind
    }
    left = places.left_recently(entering)
    again = {group: len(gone.intersection(entering[group])) for group, gone in left.items()}
    return {
        group: f"{count} of the {len(entering[group])} who would enter {_LEFT_IT}"
        for group, count in again.items()
        if count
    }


def _gives_back(operation: Operation, *, was_removed: bool) -> bool:
    if isinstance(operation, Restore):
        return True
    if isinstance(operation, Create):
        return was_removed
    return any(one.path == "active" and one.new is True and one.old is False for one in changes_of(operation))
