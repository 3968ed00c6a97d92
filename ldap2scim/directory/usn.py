"""What changed in Active Directory, by `uSNChanged`: for a bind that may not use DirSync, or a server without it.

The highest committed USN is read before the search, so that nothing falls between two reads; each controller counts
for itself, so a position belongs to one database (Microsoft, "Polling for Changes Using USNChanged"). What was moved
to where the bind user may not look is not seen.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ldap2scim.directory import (
    controls,
    deleted_objects,
    domain_controller,
    filters,
    questions,
    replication_data,
    results,
)
from ldap2scim.directory import watched_objects as watched
from ldap2scim.directory.changes import ChangeMethod, Changes, Position
from ldap2scim.directory.domain_controller import refused
from ldap2scim.directory.encoder import Scope, SearchRequest
from ldap2scim.directory.entry import LdapEntry
from ldap2scim.directory.filters import Comparison, Filter, Operator
from ldap2scim.directory.questions import Asked
from ldap2scim.directory.settings import DirectorySettings
from ldap2scim.directory.syntaxes import ValueSyntaxError, integer
from ldap2scim.directory.touches import Touches, is_deleted

_MEMBER = ("objectGUID", "isDeleted")
_CONTAINER = (*_MEMBER, "uSNCreated", "replPropertyMetaData")


def begin(session: Asked, settings: DirectorySettings) -> Position | None:
    """Return the position of this moment; None where the server does not count its writes.

    Raises:
        DirectoryUnavailable: the connection was lost or the server is busy.
        ReadIncomplete: what arrived is not LDAP.
    """
    controller = domain_controller.find(session, settings)
    return None if controller is None else Position(ChangeMethod.USN, controller.stamp)


def since(session: Asked, settings: DirectorySettings, position: Position) -> Changes:
    """Return what was touched since a position.

    Raises:
        ChangesRefused: the server does not go on from there.
        DirectoryUnavailable: the connection was lost or the server is busy.
        ReadIncomplete: what arrived is not LDAP.
    """
    controller, usn, _ = domain_controller.go_on(session, settings, position)
    if usn == controller.usn:
        return Changes((), None, position, 0)  # it has written nothing at all
    touches = Touches()
    later = Comparison("uSNChanged", Operator.AT_LEAST, str(usn + 1).encode())
    search = _Search(session, controller.naming_context, later, settings.page_size)
    search.read(watched.members(settings), _MEMBER, touches.take)
    search.read(watched.containers(settings), _CONTAINER, lambda entry: _take_container(touches, entry, usn))
    if touches.unnamed:
        raise refused(session, "it does not say of every object which one it is")
    blind = not deleted_objects.are_visible(session, controller.naming_context)
    unsure = deleted_objects.NOT_VISIBLE if blind else None
    return Changes(touches.found, unsure, Position(ChangeMethod.USN, controller.stamp), touches.transferred)


@dataclass(frozen=True, slots=True)
class _Search:
    """A search for changed objects, deleted ones included."""

    session: Asked
    base: str
    later: Filter
    page_size: int

    def read(self, wanted: Filter, attributes: tuple[str, ...], receive: Callable[[LdapEntry], None]) -> None:
        """Hand over what is found, page by page.

        Raises:
            ChangesRefused: the server does not answer to the end.
        """
        found = filters.all_of(self.later, wanted)
        cookie = b""
        while True:
            asked = (deleted_objects.SHOW_DELETED, controls.paged_results(self.page_size, cookie))
            request = SearchRequest(self.base, Scope.SUBTREE, found, attributes, asked)
            done = questions.ask(self.session, request, f"the search for changes in {self.base}", receive)
            if done.code != results.SUCCESS:
                raise refused(self.session, f"it ended the search for them with {results.name_of(done.code)}")
            if not done.cookie:
                return
            cookie = done.cookie


def _take_container(touches: Touches, entry: LdapEntry, usn: int) -> None:
    """Take a container that was renamed or moved; of a new or deleted one everything below is found by itself."""
    if is_deleted(entry) or _is_new(entry, usn) or not _was_renamed(entry, usn):
        touches.pass_over()
    else:
        touches.take(entry, may_hold_others=True)


def _is_new(entry: LdapEntry, usn: int) -> bool:
    values = entry.attributes.get("usncreated", ())
    try:
        return bool(values) and integer(values[0]) > usn
    except ValueSyntaxError:
        return False


def _was_renamed(entry: LdapEntry, usn: int) -> bool:
    """Say whether a name was written after `usn`; yes where that may not be read."""
    values = entry.attributes.get("replpropertymetadata", ())
    try:
        written = replication_data.stamped_at(values[0], replication_data.NAME) if values else None
    except ValueSyntaxError:
        return True
    return written is None or written > usn
