"""A member whose name no entry has: gone, or moved while we read? Asked of the directory, where it matters.

It matters where a group would lose members: one that was renamed between our two searches looks as if it had left
(DESIGN §6: a member DN that cannot be resolved has not left). The next run sees it under its new name.
"""

from collections.abc import Mapping
from dataclasses import replace

from ldap2scim.directory import client
from ldap2scim.directory.anchors import source_anchor
from ldap2scim.directory.reader import DirectoryReader
from ldap2scim.directory.settings import DirectorySettings, MemberReference
from ldap2scim.errors import DirectoryError
from ldap2scim.model import Key, directory_of, make_key
from ldap2scim.planning.members import member_inputs
from ldap2scim.planning.operations import ChangeMembers, HeldOperation, Operation
from ldap2scim.planning.proposals import Difference
from ldap2scim.run.believe import Believed
from ldap2scim.run.context import Run

MOST_LOOKUPS = 1000
"""Look-ups in one directory; groups beyond them keep their members this run."""
REASON = (
    "The group lists a member that could not be resolved and was not shown to be gone (moved while it was read, a name "
    "that several entries have, or no right to see it), so that nobody leaves the group: run again, or approve the "
    "plan's id."
)


def hold_unresolved_losses(run: Run, believed: Believed, difference: Difference) -> Difference:
    """Hold the losses of groups with a member that may only have moved, or may be one of several."""
    losing = {one.key for one in difference.operations if isinstance(one, ChangeMembers) and one.removed}
    unresolved = {group: names for group, names in believed.unresolved.items() if group in losing}
    doubtful = (believed.ambiguous & losing) | (_moved(run, unresolved) if unresolved else frozenset())
    if not doubtful:
        return difference
    operations: list[Operation] = []
    held = list(difference.held)
    for operation in difference.operations:
        if isinstance(operation, ChangeMembers) and operation.removed and operation.key in doubtful:
            lost = member_inputs((), operation.removed)
            held.append(HeldOperation(replace(operation, added=(), inputs=lost), (REASON,)))
            if operation.added:
                gained = member_inputs(operation.added, ())
                operations.append(replace(operation, removed=(), inputs=gained))
        else:
            operations.append(operation)
    return replace(difference, operations=tuple(operations), held=tuple(held))


def _moved(run: Run, references: Mapping[Key, tuple[str, ...]]) -> frozenset[Key]:
    """Return the groups with a reference that is not shown to lead to nobody."""
    moved: set[Key] = set()
    for directory in run.settings.directories:
        own = {group: names for group, names in references.items() if directory_of(group) == directory.settings.name}
        if not own or directory.settings.member_reference is MemberReference.UID:
            continue  # a uid that nobody has is gone: it is no name that could have moved
        try:
            reader = client.connect(directory.settings)
        except DirectoryError:
            moved |= own.keys()
            continue
        try:
            moved |= _moved_in(run, directory.settings, reader, own)
        finally:
            reader.close()
    return frozenset(moved)


def _moved_in(
    run: Run, settings: DirectorySettings, reader: DirectoryReader, references: Mapping[Key, tuple[str, ...]]
) -> set[Key]:
    asked: dict[str, bool] = {}
    moved: set[Key] = set()
    for group, names in references.items():
        for name in names:
            if name not in asked:
                asked[name] = len(asked) >= MOST_LOOKUPS or _may_be_ours(run, settings, reader, name)
            if asked[name]:
                moved.add(group)
                break
    return moved


def _may_be_ours(run: Run, settings: DirectorySettings, reader: DirectoryReader, name: str) -> bool:
    try:
        entry = reader.lookup(name, (settings.source_anchor,))
    except DirectoryError:
        return True
    if entry is None:
        # Nobody has this name now. It may be that of somebody renamed since the groups were read, whom the image
        # then has under the old name; so the name is unknown to both, and has really gone.
        return False
    anchor = source_anchor(entry, settings)
    if anchor is None:
        return True
    key = make_key(settings.name, anchor)
    return bool(run.state.image.essences([key]))
