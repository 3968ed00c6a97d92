"""What changed in Active Directory, by DirSync ([MS-ADTS] §3.1.1.3.4.1.3).

Two traps. The attributes that are asked for are a filter as well: an object of which only others have changed is not
sent (Microsoft, "Polling for Changes Using the DirSync Control"), so of people and groups all are asked for. And a
deletion takes its object out of all groups without a change of the groups: they are not sent.

The cookie says how far the replica was searched, and nothing of what was looked for. A first search that finds
nothing therefore gives a position without transferring the directory.

Whether deleted objects are sent depends on rights, of which Samba asks for more than Active Directory does. So it is
tried out: a bind that was never sent one is not believed to be sent all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from ldap2scim.directory import deleted_objects, dirsync_control, domain_controller, filters, questions, results
from ldap2scim.directory import watched_objects as watched
from ldap2scim.directory.changes import ChangeMethod, Changes, Position
from ldap2scim.directory.dirsync_control import Reply, Sight
from ldap2scim.directory.domain_controller import DomainController, refused
from ldap2scim.directory.encoder import Scope, SearchRequest
from ldap2scim.directory.entry import LdapEntry
from ldap2scim.directory.filters import Filter
from ldap2scim.directory.questions import Asked
from ldap2scim.directory.settings import DirectorySettings
from ldap2scim.directory.touches import Touches, is_deleted
from ldap2scim.errors import ChangesRefused

_NOTHING = filters.equals("objectGUID", UUID(int=0).bytes)
_DELETED = filters.equals("isDeleted", "TRUE")
_ANY_CHANGE = ("*",)
_SEES_DELETED = 2
"""Behind the stamp of a position, beside the sight."""
_NAMING = ("name", "isDeleted", "whenCreated")
"""What tells that an object was renamed or moved (both stamp `name`), deleted, or made."""


def begin(session: Asked, settings: DirectorySettings) -> Position | None:
    """Return the position of this moment; None where this bind may not use DirSync, or the server has none.

    Raises:
        DirectoryUnavailable: the connection was lost or the server is busy.
        ReadIncomplete: what arrived is not LDAP.
    """
    controller = domain_controller.find(session, settings)
    if controller is None:
        return None
    for sight in Sight:
        place = _Place(session, controller, sight, sees_deleted=False, cookie=b"")
        try:
            cookie = place.changes(_NOTHING, ("objectGUID",), lambda _: None)
            return place.position(cookie, sees_deleted=place.is_sent_deleted(watched.members(settings)))
        except ChangesRefused:
            continue
    return None


def since(session: Asked, settings: DirectorySettings, position: Position) -> Changes:
    """Return what was touched since a position.

    Raises:
        ChangesRefused: the server does not go on from there.
        DirectoryUnavailable: the connection was lost or the server is busy.
        ReadIncomplete: what arrived is not LDAP.
    """
    controller, usn, rest = domain_controller.go_on(session, settings, position)
    if usn == controller.usn:
        return Changes((), None, position, 0)  # it has written nothing at all
    place = _place(session, controller, rest)
    touches = Touches()
    cookie = place.changes(watched.members(settings), _ANY_CHANGE, touches.take)
    # From the same place: what happens between the two searches is seen again next time.
    place.changes(watched.containers(settings), _NAMING, lambda entry: _take_container(touches, entry))
    if touches.unnamed:
        raise refused(session, "it does not say of every object which one it is")
    sees_deleted = place.sees_deleted or any(touch.dn is None for touch in touches.found)
    unsure = None if sees_deleted else deleted_objects.NOT_VISIBLE
    return Changes(touches.found, unsure, place.position(cookie, sees_deleted=sees_deleted), touches.transferred)


@dataclass(frozen=True, slots=True)
class _Place:
    """From where changes are asked for, and with which sight."""

    session: Asked
    controller: DomainController
    sight: Sight
    sees_deleted: bool
    """Deleted objects were seen to be sent."""
    cookie: bytes

    def position(self, cookie: bytes, *, sees_deleted: bool) -> Position:
        flags = self.sight | (_SEES_DELETED if sees_deleted else 0)
        return Position(ChangeMethod.DIRSYNC, self.controller.stamp + bytes([flags]) + cookie)

    def changes(self, wanted: Filter, attributes: tuple[str, ...], receive: Callable[[LdapEntry], None]) -> bytes:
        """Hand over what changed, and return the cookie to go on from.

        Raises:
            ChangesRefused: the server does not answer to the end.
        """
        cookie = self.cookie
        while (reply := self._ask(cookie, wanted, attributes, receive)).more:
            cookie = reply.cookie
        return reply.cookie

    def is_sent_deleted(self, wanted: Filter) -> bool:
        """Say whether a deleted object was sent; of many not more than one answer is asked for.

        Raises:
            ChangesRefused: the server does not answer to the end.
        """
        found: list[LdapEntry] = []
        deleted = filters.all_of(_DELETED, wanted)
        reply = self._ask(b"", deleted, ("isDeleted",), found.append)
        while reply.more and not found:
            reply = self._ask(reply.cookie, deleted, ("isDeleted",), found.append)
        return bool(found)

    def _ask(
        self, cookie: bytes, wanted: Filter, attributes: tuple[str, ...], receive: Callable[[LdapEntry], None]
    ) -> Reply:
        base = self.controller.naming_context
        control = dirsync_control.request(self.sight, cookie)
        request = SearchRequest(base, Scope.SUBTREE, wanted, attributes, (control,))
        done = questions.ask(self.session, request, f"the search for changes in {base}", receive)
        if done.code != results.SUCCESS:
            raise refused(self.session, f"it ended the search for them with {results.name_of(done.code)}")
        reply = dirsync_control.reply(done)
        if reply is None:
            raise refused(self.session, "it does not say where to go on")
        if reply.more and reply.cookie == cookie:
            raise refused(self.session, "it sends the same changes again and again")
        return reply


def _place(session: Asked, controller: DomainController, rest: bytes) -> _Place:
    if len(rest) < 2 or rest[0] not in range(_SEES_DELETED * 2):
        raise refused(session, domain_controller.DAMAGED)
    return _Place(session, controller, Sight(rest[0] % _SEES_DELETED), rest[0] >= _SEES_DELETED, rest[1:])


def _take_container(touches: Touches, entry: LdapEntry) -> None:
    """Take a container with what lies below it; of a new or deleted one everything below is sent by itself."""
    if is_deleted(entry) or "whencreated" in entry.attributes:
        touches.pass_over()
    else:
        touches.take(entry, may_hold_others=True)
