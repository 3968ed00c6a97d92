"""Changes of an OpenLDAP without syncprov: by the stamp that each entry keeps of its last change.

The stamp is entryCSN, or modifyTimestamp where the bind DN may not search that one. Both are set when a write begins,
and writes end in another order; so the search goes back beyond the greatest stamp seen by a minute, until a minute
has passed since it was seen. An entry is then reported twice at worst.

What cannot be seen: who was deleted or moved away, which is why the result is never sure; and on a replica, a change
that arrives more than a minute after a later one of another server. The next full read finds it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import orjson

from ldap2scim.directory import results
from ldap2scim.directory.changes import ChangeMethod, Changes, Position, Touch
from ldap2scim.directory.conversation import Found
from ldap2scim.directory.decoder import Done
from ldap2scim.directory.encoder import Scope, SearchRequest
from ldap2scim.directory.entry import LdapEntry
from ldap2scim.directory.filters import Comparison, Operator
from ldap2scim.directory.session import Session
from ldap2scim.directory.settings import DirectorySettings
from ldap2scim.directory.sync_refresh import MAY_HOLD_OTHERS, may_hold_others
from ldap2scim.errors import ChangesRefused, is_temporary

OVERLAP = timedelta(seconds=60)
"""How long a write may take from its stamp to its commit."""
_LOOK_BACK = (timedelta(minutes=1), timedelta(hours=1), timedelta(days=1))
"""How far back the greatest stamp is looked for at first: no further than needed. A day is also how far the clocks may
differ."""
_STAMPS = {"entryCSN": "{:%Y%m%d%H%M%S.000000Z}#000000#000#000000", "modifyTimestamp": "{:%Y%m%d%H%M%SZ}"}
"""The stamp of the beginning of a second, by attribute. Later stamps are greater texts."""
_TOO_MUCH = {3, 4, 11}
"""Limits of the server."""
_UNSURE = (
    "the server has no overlay syncprov that the bind DN may use, and the stamps of its entries do not tell who was "
    "deleted or moved away"
)


Clock: TypeAlias = Callable[[], datetime]


def now() -> datetime:
    """Return the time of this machine."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """What a position holds."""

    attribute: str
    bound: str
    """All with a lower stamp were reported."""
    greatest: str
    """The greatest stamp seen, or the bound."""
    seen_at: datetime
    """When it was, by the clock of this machine."""

    def __post_init__(self) -> None:
        before(self.bound, self.attribute), before(self.greatest, self.attribute)
        if self.seen_at.tzinfo is None:
            raise ValueError("a time without its zone")

    def next(self, greatest: str, began: datetime, ended: datetime) -> "Place":
        """Return the place after a search between two moments that saw stamps up to `greatest`."""
        greatest = max(greatest, self.greatest)
        bounds = [self.bound, before(greatest, self.attribute)]
        if began - self.seen_at >= OVERLAP:
            bounds.append(self.greatest)  # whatever began before has ended
        return Place(self.attribute, max(bounds), greatest, self.seen_at if greatest == self.greatest else ended)


def stamp(at: datetime, attribute: str) -> str:
    """Return the least stamp of the second of `at`."""
    return _STAMPS[attribute].format(at.astimezone(UTC))


def before(found: str, attribute: str) -> str:
    """Return the stamp that is by the overlap older than another.

    Raises:
        ValueError: it is no stamp.
    """
    at = datetime.strptime(found[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    return stamp(at - OVERLAP, attribute)


def begin(session: Session, settings: DirectorySettings, clock: Clock = now) -> Position | None:
    """Return the position of this moment; None where the bind DN may not search any stamp.

    Raises:
        DirectoryUnavailable: the connection was lost or the server is busy.
        ReadIncomplete: the server did not answer to the end.
    """
    for attribute in _STAMPS:
        if not _is_searchable(session, settings, attribute):
            continue
        bound = ""
        for span in _LOOK_BACK:
            bound = stamp(clock() - span, attribute)
            entries, _ = _search(session, settings, attribute, bound)
            greatest = max((_stamp_of(entry, attribute) for entry in entries), default="")
            if greatest:
                return _position(Place(attribute, before(greatest, attribute), greatest, clock()))
        return _position(Place(attribute, bound, bound, clock()))
    return None


def since(session: Session, settings: DirectorySettings, position: Position, clock: Clock = now) -> Changes:
    """Return what was touched since a position, and is still there.

    Raises:
        ChangesRefused: the position is damaged, or the search is not answered any more.
        DirectoryUnavailable: the connection was lost or the server is busy.
        ReadIncomplete: the base DN is not there, or the server refuses the search.
    """
    place = _place(session, position)
    if not _is_searchable(session, settings, place.attribute):
        raise _refused(session, f"the bind DN may not search {place.attribute} of {settings.base_dn} any more")
    began = clock()
    entries, done = _search(session, settings, place.attribute, place.bound)
    if done.code in _TOO_MUCH:
        raise _refused(session, f"there are more changes than it hands out ({results.name_of(done.code)})")
    if done.code != results.SUCCESS:
        raise results.refused_read(done, _what(settings), session.server)
    greatest = max((_stamp_of(entry, place.attribute) for entry in entries), default=place.greatest)
    touched = {}
    for entry in entries:
        values = entry.attributes.get("entryuuid")
        if not values:
            raise _refused(session, f"the bind DN may not read entryUUID of {entry.dn}")
        uuid = values[0].decode("ascii", "replace").lower()
        touched[uuid] = Touch(uuid, entry.dn, may_hold_others(entry))
    following = _position(place.next(greatest, began, clock()))
    return Changes(tuple(touched.values()), _UNSURE, following, len(entries) + 1)


def _is_searchable(session: Session, settings: DirectorySettings, attribute: str) -> bool:
    """Say whether the base entry is found by its stamp: what may not be searched is silently not found."""
    wanted = Comparison(attribute, Operator.AT_LEAST, stamp(datetime(1970, 1, 1, tzinfo=UTC), attribute).encode())
    request = SearchRequest(settings.base_dn, Scope.BASE, wanted, (attribute,))
    what = f"the look-up of {attribute} of {settings.base_dn}"
    *found, done = session.ask(request, what)
    if isinstance(done, Done) and is_temporary(error := results.refused_read(done, what, session.server)):
        raise error
    return any(isinstance(answer, Found) and _stamp_of(answer.entry, attribute) for answer in found)


def _search(session: Session, settings: DirectorySettings, attribute: str, bound: str) -> tuple[list[LdapEntry], Done]:
    wanted = Comparison(attribute, Operator.AT_LEAST, bound.encode())
    request = SearchRequest(settings.base_dn, Scope.SUBTREE, wanted, ("entryUUID", attribute, MAY_HOLD_OTHERS))
    entries: list[LdapEntry] = []
    for answer in session.ask(request, _what(settings)):
        match answer:
            case Found(entry):
                entries.append(entry)
            case Done():
                return entries, answer
    raise AssertionError("a search ended without its end")  # pragma: no cover - `ask` yields it or raises


def _what(settings: DirectorySettings) -> str:
    return f"the search for changes below {settings.base_dn}"


def _stamp_of(entry: LdapEntry, attribute: str) -> str:
    values = entry.attributes.get(attribute.lower(), ())
    return values[0].decode("ascii", "replace") if values else ""


def _position(place: Place) -> Position:
    return Position(ChangeMethod.ENTRY_CSN, orjson.dumps(place))


def _place(session: Session, position: Position) -> Place:
    try:
        found = orjson.loads(position.cookie)
        seen_at = datetime.fromisoformat(found["seen_at"])
        return Place(found["attribute"], found["bound"], found["greatest"], seen_at)
    except (ValueError, KeyError, TypeError) as error:
        raise _refused(session, "the place where the last run stopped is damaged in the state") from error


def _refused(session: Session, why: str) -> ChangesRefused:
    return ChangesRefused(
        f"{session.server} does not tell what changed since the last run: {why}.", "Everything is read instead."
    )
