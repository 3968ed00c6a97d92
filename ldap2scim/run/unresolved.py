"""A member whose name no entry has: gone, or moved while we read? Asked of the directory, where it matters.

It matters where a group would lose members: one that was renamed between our two searches looks as if it had left
(DESIGN §6: a member DN that cannot be resolved has not left). One whom the directory then shows to be somebody of the
image is a member; where the directory would not say, nobody leaves the group.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from ldap2scim.directory import client
from ldap2scim.directory.anchors import source_anchor
from ldap2scim.directory.reader import DirectoryReader
from ldap2scim.directory.settings import DirectorySettings, Nesting
from ldap2scim.errors import DirectoryError
from ldap2scim.findings import Finding, Severity
from ldap2scim.model import Key, ResourceType, directory_of, make_key
from ldap2scim.planning.members import member_inputs
from ldap2scim.planning.operations import ChangeMembers, HeldOperation, Operation
from ldap2scim.planning.proposals import Difference
from ldap2scim.planning.states import Edges
from ldap2scim.run.believe import Believed
from ldap2scim.run.context import Run

MOST_LOOKUPS = 1000
"""Look-ups in one directory; groups beyond them keep their members this run."""
REASON = (
    "The group lists a member that could not be resolved and was not shown to be gone (renamed or moved while the "
    "group keeps the old name, a name that several entries have, or no right to see it), so that nobody leaves the "
    "group: run again, correct the group, or approve the plan's id."
)


@dataclass(slots=True)
class LookedUp:
    """What the directories said of names that the image does not have."""

    members: set[tuple[Key, Key]] = field(default_factory=set)
    """Group, member: entries of the image, under a name that they got while we read."""
    doubtful: set[Key] = field(default_factory=set)
    """Groups that list somebody who was not shown to be nobody of ours."""


def look_up_unresolved(run: Run, believed: Believed, difference: Difference) -> LookedUp:
    """Ask the directories about the names that are listed by groups which would lose members."""
    losing = {one.key: one.removed for one in difference.operations if isinstance(one, ChangeMembers) and one.removed}
    looked_up = LookedUp(doubtful=set(believed.ambiguous & losing.keys()))
    unresolved = {group: names for group, names in believed.unresolved.items() if group in losing}
    for directory in run.settings.directories:
        own = {group: names for group, names in unresolved.items() if directory_of(group) == directory.settings.name}
        if not own:
            continue
        try:
            reader = client.connect(directory.settings)
        except DirectoryError:
            looked_up.doubtful |= own.keys()
            continue
        try:
            _LookUp(directory.settings, reader, believed).ask(own, looked_up)
        finally:
            reader.close()
        looked_up.doubtful |= _listing_renamed(run, directory.settings.name, own, losing)
    return looked_up


def _listing_renamed(
    run: Run, directory: str, listed: Mapping[Key, tuple[str, ...]], losing: Mapping[Key, tuple[Key, ...]]
) -> set[Key]:
    """Return the groups that would lose somebody whom they still list under the name before a rename or move."""
    former = run.state.image.former_holders(directory, {name for names in listed.values() for name in names})
    return {group for group, names in listed.items() if {former.get(name) for name in names} & set(losing[group])}


def with_members(believed: Believed, members: Iterable[tuple[Key, Key]]) -> Believed:
    """Return what is believed with these memberships besides."""
    edges = believed.desired.members
    more = Edges.of(sorted(members))
    group, member = (
        pd.concat([pd.Series(old), pd.Series(new)], ignore_index=True).array
        for old, new in ((edges.group, more.group), (edges.member, more.member))
    )
    return replace(believed, desired=replace(believed.desired, members=Edges(group, member)))


def hold_losses(difference: Difference, doubtful: Iterable[Key]) -> Difference:
    """Hold what these groups would lose; whoever enters them does."""
    groups = frozenset(doubtful)
    if not groups:
        return difference
    operations: list[Operation] = []
    held = list(difference.held)
    for operation in difference.operations:
        if isinstance(operation, ChangeMembers) and operation.removed and operation.key in groups:
            lost = member_inputs((), operation.removed)
            held.append(HeldOperation(replace(operation, added=(), inputs=lost), (REASON,)))
            if operation.added:
                gained = member_inputs(operation.added, ())
                operations.append(replace(operation, removed=(), inputs=gained))
        else:
            operations.append(operation)
    return replace(difference, operations=tuple(operations), held=tuple(held))


def moved_note(members: Iterable[tuple[Key, Key]]) -> Finding:
    """Say that members were recognised under a name that is not the one they were read with."""
    moved = {member for _, member in members}
    return Finding(
        rule="member-moved",
        severity=Severity.NOTE,
        message=f"{len(moved)} members of groups were renamed or moved while the directory was read; they were looked "
        "up under their new names, and are members.",
        remedy="Nothing needs to be done; the next run reads them under their new names.",
    )


class _LookUp:
    """Questions to one directory; each name is asked about once."""

    def __init__(self, settings: DirectorySettings, reader: DirectoryReader, believed: Believed) -> None:
        self._settings = settings
        self._reader = reader
        self._kinds = {
            kind: frozenset(frame["key"])
            for kind, frame in (
                (ResourceType.USER, believed.desired.users),
                (ResourceType.GROUP, believed.desired.groups),
            )
        }
        self._asked: dict[str, Key | bool] = {}

    def ask(self, references: Mapping[Key, tuple[str, ...]], looked_up: LookedUp) -> None:
        """Ask about every name; a group with one that is in doubt is not asked about any further."""
        for group, names in references.items():
            for name in names:
                if name not in self._asked:
                    self._asked[name] = len(self._asked) >= MOST_LOOKUPS or self._ask(name)
                found = self._asked[name]
                if found is True:
                    looked_up.doubtful.add(group)
                    break
                if found is not False:
                    looked_up.members.add((group, found))

    def _ask(self, name: str) -> Key | bool:
        """Return who of ours it is; True: it may be somebody of ours; False: it is nobody of ours."""
        try:
            entry = self._reader.lookup(name, (self._settings.source_anchor,))
        except DirectoryError:
            return True
        if entry is None:
            # Nobody has this name now. It may be that of somebody renamed since the groups were read, whom the image
            # then has under the old name; so the name is unknown to both, and has really gone.
            return False
        anchor = source_anchor(entry, self._settings)
        if anchor is None:
            return True
        key = make_key(self._settings.name, anchor)
        if key in self._kinds[ResourceType.USER]:
            return key
        return self._is_group(key)

    def _is_group(self, key: Key) -> Key | bool:
        """Return what a group that moved means; one that is flattened has members that are not known from here."""
        if key not in self._kinds[ResourceType.GROUP]:
            return False
        match self._settings.nesting:
            case Nesting.KEEP:
                return key
            case Nesting.FLATTEN:
                return True
            case Nesting.IGNORE:
                return False
