"""Changes of an OpenLDAP by content synchronisation (RFC 4533, refreshOnly), as its overlay syncprov provides it.

What slapd 2.5 was seen to do, and what follows from it:

- A database without the overlay refuses the control, although the root DSE lists it for the server.
- Each added, changed, renamed or moved entry comes once with its new DN; what lies below a renamed one does not.
- A changed entry that is not below the base, or not visible, is named as deleted, like one that was deleted or
  moved away. That somebody is named so therefore proves nothing but that something happened.
- Those who left are named as long as `syncprov-sessionlog` reaches back; it counts all writes, lives in memory and
  starts again with slapd. Beyond it, and without it for each change, those who *stay* are named instead.
- A cookie that cannot be read is answered with success, everything, and the claim that all who left were named. So
  nothing is sent that has not the shape of a cookie.
- A killed slapd starts with the contextCSN of its last checkpoint and an empty log that claims to reach back to it. It
  refuses later positions until the next write; from then on, whoever was deleted before the crash and not yet
  reported is not named, and nothing tells so. The next full read finds it; `syncprov-checkpoint` makes the gap smaller.
- Where nothing was written to the database, the answer is one empty success, whatever the bind DN may see.
"""

import re
from dataclasses import replace

from ldap2scim.directory import filters, openldap_state, results, sync_messages, whereabouts
from ldap2scim.directory.ber import DecodeError
from ldap2scim.directory.changes import ChangeMethod, Changes, Position
from ldap2scim.directory.conversation import Found
from ldap2scim.directory.decoder import Done, Intermediate
from ldap2scim.directory.encoder import Scope, SearchRequest
from ldap2scim.directory.reader import ServerState
from ldap2scim.directory.session import Session
from ldap2scim.directory.settings import DirectorySettings
from ldap2scim.directory.sync_refresh import MAY_HOLD_OTHERS, Refresh
from ldap2scim.errors import ChangesRefused, is_temporary

_CSN = rb"\d{14}\.\d{6}Z#[0-9a-f]{6}#[0-9a-f]{3}#[0-9a-f]{6}"
_COOKIE = re.compile(rb"rid=\d{3},(?:sid=[0-9a-f]{3},)?csn=" + _CSN + rb"(?:;" + _CSN + rb")*")
_REFRESH_REQUIRED = 4096
_GIVES_UP = {
    2: "it does not take the request",
    3: "the changes take longer than its time limit allows",
    4: "there are more changes than its size limit allows",
    11: "the changes exceed its administrative limit",
    12: "the database has no overlay syncprov any more",
    53: "it is behind the place where the last run stopped, or does not want to go on from there",
    _REFRESH_REQUIRED: "it does not know the place any more where the last run stopped",
}
"""Ends of a search for changes after which everything is read instead."""
_FIRST = "the first question for changes"
_ANY_ENTRY = filters.Present("objectClass")


def begin(session: Session, settings: DirectorySettings) -> Position | None:
    """Return the position of this moment, without reading the directory; None where syncprov is not loaded or seen.

    Raises:
        DirectoryUnavailable: the connection was lost or the server is busy.
        ReadIncomplete: the server did not answer to the end.
    """
    server = openldap_state.root_dse(session, settings.base_dn)
    if sync_messages.REQUEST not in server.controls or server.naming_context is None:
        return None
    csns = openldap_state.context_csns(session, server.naming_context)
    position = Position(ChangeMethod.SYNC, f"rid=000,csn={';'.join(csns)}".encode())
    if not _COOKIE.fullmatch(position.cookie):
        return None
    # The root DSE speaks of the whole server; only the database itself says whether it has the overlay.
    *_, done = session.ask(_request(settings, position, Scope.BASE), _FIRST)
    if isinstance(done, Done) and done.code != results.SUCCESS:
        error = results.refused_read(done, _FIRST, session.server)
        if is_temporary(error):
            raise error
        return None
    return position


def stands_still(position: Position, state: ServerState) -> bool:
    """Say whether a server that knows this has nothing to tell: its contextCSN is that of the position."""
    if position.method is not ChangeMethod.SYNC or not _COOKIE.fullmatch(position.cookie):
        return False
    csns = position.cookie.decode().partition("csn=")[2].split(";")
    return sorted(csns) == sorted(mark for _, mark in state.knows)


def since(session: Session, settings: DirectorySettings, position: Position) -> Changes:
    """Return what was touched since a position.

    Raises:
        ChangesRefused: the server does not go on from there.
        DirectoryUnavailable: the connection was lost or the server is busy.
        ReadIncomplete: the base DN is not there, or the server refuses the search.
    """
    if not _COOKIE.fullmatch(position.cookie):
        raise _refused(session, "the place where the last run stopped is damaged in the state")
    refresh, cookie = _refresh(session, settings, position)
    # Without a cookie nothing was written since.
    following = position if cookie is None else replace(position, cookie=cookie)
    if not _COOKIE.fullmatch(following.cookie):
        raise _refused(session, "it does not say where to go on")
    touched, looked_up = whereabouts.resolve(session, settings, refresh.touched)
    return Changes(touched, _unsure(refresh), following, refresh.transferred + looked_up)


def _refresh(session: Session, settings: DirectorySettings, position: Position) -> tuple[Refresh, bytes | None]:
    """Run one refresh to its end; return what it said, and the cookie."""
    what = f"the search for changes below {settings.base_dn}"
    refresh = Refresh()
    problem: DecodeError | None = None
    for answer in session.ask(_request(settings, position, Scope.SUBTREE), what):
        try:
            match answer:
                case Done(code) if code in _GIVES_UP:
                    raise _refused(session, _GIVES_UP[code])
                case Done(code) if code != results.SUCCESS:
                    raise results.refused_read(answer, what, session.server)
                case Done() if problem is None:
                    return refresh, refresh.end(answer).cookie
                case Found() | Intermediate():
                    refresh.take(answer)
        except DecodeError as error:
            problem = error  # the rest is received nevertheless, so that the connection can be used
    raise _refused(session, f"its answer is not one of RFC 4533 ({problem})") from problem


def _request(settings: DirectorySettings, position: Position, scope: Scope) -> SearchRequest:
    # Every entry is asked for, not users and groups alone: what lies below a renamed container is not reported.
    control = sync_messages.request(position.cookie)
    return SearchRequest(settings.base_dn, scope, _ANY_ENTRY, (MAY_HOLD_OTHERS,), (control,))


def _unsure(refresh: Refresh) -> str | None:
    if not refresh.had_present_phase:
        return None
    return (
        "the server's session log does not reach back to the last run, so that it does not name those who left "
        "(`syncprov-sessionlog` of OpenLDAP sets how many writes it keeps)"
    )


def _refused(session: Session, why: str) -> ChangesRefused:
    return ChangesRefused(
        f"{session.server} does not tell what changed since the last run: {why}.",
        "Everything is read instead. If it stays so, look into the server's log.",
    )
