"""Which groups are in scope where all of them are read, so that members of inner groups can be followed.

Groups are flattened through whatever group is inside, so that in that mode the directory is asked for all groups of
the class. The administrator's filter then says, by a search for keys alone, which of them are synchronised.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import select

from ldap2scim.directory import dn
from ldap2scim.directory.anchors import entry_uuid, source_anchor
from ldap2scim.directory.entry import LdapEntry
from ldap2scim.directory.reader import DirectoryReader, SearchProof
from ldap2scim.directory.searches import group_scope_search
from ldap2scim.directory.settings import DirectorySettings
from ldap2scim.model import ResourceType
from ldap2scim.state.image_rows import Standing
from ldap2scim.state.schema import image
from ldap2scim.state.store import Store

OUTSIDE: Final = ";outside the filter"
"""Stands among the attributes of a group out of scope. No attribute has such a name (RFC 4512 §2.5)."""


@dataclass(frozen=True, slots=True)
class GroupScope:
    """Which of the groups that were read the administrator's filter selects."""

    identities: Collection[str] | None
    """None: all of them."""
    proofs: tuple[SearchProof, ...] = field(default=(), compare=False)
    """That the search for them came to its end."""

    def holds(self, entry: LdapEntry, settings: DirectorySettings) -> bool:
        """Say whether a group is in scope."""
        return self.identities is None or _identity(entry, settings) in self.identities


EVERY_GROUP: Final = GroupScope(None)


def read_group_scope(reader: DirectoryReader, settings: DirectorySettings) -> GroupScope:
    """Ask for the keys of the groups in scope, where the search for groups finds others too.

    Raises:
        DirectoryUnavailable, ReadIncomplete: the search did not come to its proven end.
    """
    search = group_scope_search(settings)
    if search is None:
        return EVERY_GROUP
    found: set[str] = set()
    pages = reader.read(search)
    while True:
        try:
            page = next(pages)
        except StopIteration as end:
            return GroupScope(found, (end.value,))
        found.update(_identity(entry, settings) for entry in page)


def scope_of_one(reader: DirectoryReader, settings: DirectorySettings, name: str) -> GroupScope:
    """Ask for one group, by its DN or `<GUID=…>`, whether it is in scope.

    Raises:
        DirectoryUnavailable, ReadIncomplete: the server would not say.
    """
    search = group_scope_search(settings)
    if search is None:
        return EVERY_GROUP
    entry = reader.reread(name, search)
    return GroupScope(frozenset() if entry is None else frozenset({_identity(entry, settings)}))


def is_outside(attributes: Collection[str]) -> bool:
    """Say whether the attributes of the image are those of a group out of scope."""
    return OUTSIDE in attributes


def strayed(store: Store, settings: DirectorySettings, scope: GroupScope) -> Iterator[str]:
    """Yield the names of groups that the image has otherwise than `scope` says: they came into it, or left it."""
    if scope.identities is None:
        return
    query = select(image.c.dn, image.c.dn_normalised, image.c.uuid, image.c.key, image.c.standing).where(
        image.c.directory == settings.name, image.c.resource_type == ResourceType.GROUP.value
    )
    with store.read() as connection:
        for row in connection.execute(query):
            anchor = None if row.key is None else str(row.key).partition(":")[2]
            is_in = (row.uuid or anchor or row.dn_normalised) in scope.identities
            was_in = None if row.standing is None else row.standing != Standing.OUT_OF_SCOPE
            if is_in is not was_in:
                yield row.dn


def _identity(entry: LdapEntry, settings: DirectorySettings) -> str:
    return entry_uuid(entry, settings) or source_anchor(entry, settings) or dn.normalise(entry.dn)
