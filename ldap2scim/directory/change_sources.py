"""Who tells what changed in a directory, and what its server knows: one answer for each kind of server."""

from ldap2scim.directory import dirsync, domain_controller, entry_csn, openldap_state, syncrepl, usn
from ldap2scim.directory.changes import ChangeMethod, Changes, Position
from ldap2scim.directory.reader import ServerState
from ldap2scim.directory.session import Session
from ldap2scim.directory.settings import DirectoryKind, DirectorySettings
from ldap2scim.errors import ChangesRefused


def server_state(session: Session, settings: DirectorySettings) -> ServerState:
    """Return which server answers, and what it knows at this moment.

    Raises:
        DirectoryUnavailable: the connection was lost or the server is busy.
    """
    match settings.kind:
        case DirectoryKind.OPENLDAP:
            return openldap_state.server_state(session, settings)
        case DirectoryKind.ACTIVE_DIRECTORY:
            return domain_controller.server_state(session, settings)
    return ServerState(session.server)


def begin(session: Session, settings: DirectorySettings) -> Position | None:
    """Return the position of this moment; None where the server cannot tell what changes.

    Raises:
        DirectoryUnavailable: the connection was lost or the server is busy.
        ReadIncomplete: the server did not answer to the end.
    """
    match settings.kind:
        case DirectoryKind.OPENLDAP:
            return syncrepl.begin(session, settings) or entry_csn.begin(session, settings)
        case DirectoryKind.ACTIVE_DIRECTORY:
            return dirsync.begin(session, settings) or usn.begin(session, settings)
    return None


def since(
    session: Session, settings: DirectorySettings, position: Position, state: ServerState | None = None
) -> Changes:
    """Return what was touched since a position.

    Args:
        session: connection to the server.
        settings: of the directory.
        position: where to go on.
        state: what the server knew at a moment after which nothing need be seen; it may save all questions.

    Raises:
        ChangesRefused: the server does not go on from there.
        DirectoryUnavailable: the connection was lost or the server is busy.
        ReadIncomplete: the server did not answer to the end.
    """
    if state is not None and _stands_still(settings, position, state):
        return Changes((), None, position, 0)
    match settings.kind, position.method:
        case DirectoryKind.OPENLDAP, ChangeMethod.SYNC:
            return syncrepl.since(session, settings, position)
        case DirectoryKind.OPENLDAP, ChangeMethod.ENTRY_CSN:
            return entry_csn.since(session, settings, position)
        case DirectoryKind.ACTIVE_DIRECTORY, ChangeMethod.DIRSYNC:
            return dirsync.since(session, settings, position)
        case DirectoryKind.ACTIVE_DIRECTORY, ChangeMethod.USN:
            return usn.since(session, settings, position)
    raise ChangesRefused(
        f"{session.server} was asked for changes by {position.method}, which servers of its kind do not know.",
        "Everything is read instead.",
    )


def _stands_still(settings: DirectorySettings, position: Position, state: ServerState) -> bool:
    match settings.kind:
        case DirectoryKind.OPENLDAP:
            return syncrepl.stands_still(position, state)
        case DirectoryKind.ACTIVE_DIRECTORY:
            return domain_controller.stands_still(position, state)
    return False
