"""A read of changes: each entry that something happened to is read again, under the filters of a full read.

Found, it goes into the image as a full read would put it there; not found, it has left. Where the source of changes
cannot name everything, the keys of all entries are read with the same filters, and only those that differ in full;
whom they leave out is asked for a second time, as after a full read.

OpenLDAP's entries are read by their DN. Who was moved again after she was named is not there any more, and has not
left: she stays as she was, and the next run, which goes on from before the move, is told her new name.

A server may refuse to say anything of one name (no rights, a referral), and would refuse each time: everything is read
then, so that one entry stops nobody else.
"""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from ldap2scim.directory import change_sources, deleted_objects, dn
from ldap2scim.directory.changes import ChangeMethod, Changes, Position, Touch
from ldap2scim.directory.dependence import depends_on_others, reads_back_links
from ldap2scim.directory.filters import parse
from ldap2scim.directory.reader import SearchProof
from ldap2scim.directory.searches import group_scope_search
from ldap2scim.directory.settings import DirectoryKind
from ldap2scim.errors import ChangesRefused, ReadIncomplete
from ldap2scim.model import ResourceType
from ldap2scim.run.full_read import ask_again, keep_those_elsewhere, key_of, pages
from ldap2scim.run.group_scope import EVERY_GROUP, read_group_scope, scope_of_one, strayed
from ldap2scim.run.image_rows import image_rows
from ldap2scim.run.reading import Read, Reading
from ldap2scim.state.image import ImageWriter, image_writer
from ldap2scim.state.image_rows import ImageRow, KnownName, Place

logger = logging.getLogger("ldap2scim.run")

_ANY_ENTRY = "(objectClass=*)"
MOST_REREAD = 2000
"""Entries to read one by one; beyond them a search for all is quicker."""


@dataclass(frozen=True, slots=True)
class ChangeRead:
    """A read of changes, and from where it went on."""

    read: Read
    position: Position


def read_changes(reading: Reading, place: Place) -> ChangeRead:
    """Bring the image of a directory up to now.

    Raises:
        ChangesRefused: the changes cannot be had from here, or everything is quicker; the image is as it was.
        DirectoryUnavailable, ReadIncomplete: as for a full read.
        RunRefused, StateError: the image cannot be written.
    """
    position = Position(ChangeMethod(place.method), place.cookie)
    changes = change_sources.since(reading.session, reading.settings, position, reading.state)
    if changes.unsure == deleted_objects.NOT_VISIBLE:
        reading.run.note(deleted_objects.finding(reading.session, reading.settings))
    with image_writer(reading.run.lease, reading.settings.name) as image:
        catching_up = _CatchingUp(reading, image)
        catching_up.take(changes.touched)
        why = catching_up.why_all_keys(changes)
        if why is not None:
            logger.info("Directory %s: the keys of all entries are read, since %s.", reading.settings.name, why)
            catching_up.compare_keys()
        transferred = changes.transferred + catching_up.received
        next_place = reading.place(changes.position, place.full_read_at)
        stored = image.commit_changes(reading.evidence(transferred, next_place))
    read = reading.finished(stored, tuple(catching_up.proofs), transferred, by_changes=place.method)
    return ChangeRead(read, changes.position)


@dataclass(slots=True)
class _CatchingUp:
    reading: Reading
    image: ImageWriter
    received: int = 0
    proofs: list[SearchProof] = field(default_factory=list)
    people: set[str] = field(default_factory=set)
    """Entries that are users and nothing else, by the server's names for them."""

    def take(self, touched: tuple[Touch, ...]) -> None:
        """Read the touched entries again; those that are not found leave the image."""
        self._not_too_many(len(touched))
        known = self.image.named(one.uuid for one in touched)
        names = {one.uuid: one for one in known}
        self.people.update(one.uuid for one in known if one.uuid and one.resource_type is ResourceType.USER)
        for touch in touched:
            self._reread(self._base_of(touch, names.get(touch.uuid)))
        outrun = {touch.uuid for touch in touched if self._is_nowhere(touch, names)}
        self.image.spare([one.id for one in known if one.uuid in outrun])
        self._forget([one for one in known if not self.image.saw(one.id)])
        self._reread_groups_of(touch.uuid for touch in touched if touch.dn is None)

    def why_all_keys(self, changes: Changes) -> str | None:
        """Say why entries may have come, left or moved that nobody named; None: none has."""
        if changes.unsure is not None:
            return changes.unsure
        if any(touch.may_hold_others for touch in changes.touched):
            return "an entry was changed that others may lie below"
        if all(touch.uuid in self.people for touch in changes.touched):
            return None
        self._refuse_back_links()
        scope = group_scope_search(self.reading.settings)
        asked = (*self.reading.searches, *([scope] if scope is not None else []))
        if any(depends_on_others(parse(search.filter)) for search in asked):
            return "a filter depends on groups, and something else than a person was changed"
        return None

    def compare_keys(self) -> None:
        """Read the keys of all entries; read in full what is new or has another name; let go whom nobody named."""
        known = {one.key: one for one in self.image.every_name() if one.key is not None}
        scope = read_group_scope(self.reading.session, self.reading.settings)
        self.received += sum(proof.entries for proof in scope.proofs)
        self.proofs += scope.proofs
        astray = set(strayed(self.reading.run.store, self.reading.settings, scope))
        again: list[str] = []
        named: list[int] = []
        for search in self.reading.key_searches:
            for page, proof in pages(self.reading, search):
                self.received += len(page)
                self.proofs += [proof] if proof is not None else []
                for entry in page:
                    key = key_of(self.reading, entry)
                    old = known.get(key) if key is not None else None
                    named += [old.id] if old is not None else []
                    if old is None or old.dn_normalised != dn.normalise(entry.dn):
                        again.append(entry.dn)
                    elif old.resource_type is not search.resource_type or old.dn in astray:
                        again.append(entry.dn)  # users and groups at once, which a full read reports; or another scope
                    else:
                        self.image.spare([old.id])
        self._not_too_many(len(again))
        for name in again:
            self._reread(name)
        self.image.spare([one for one in named if not self.image.saw(one)])
        second = ask_again(self.reading, self.image)
        self.received += sum(proof.entries for proof in second)
        self.proofs += second
        keep_those_elsewhere(self.reading, self.image, self.proofs)
        self._forget(self.image.unseen())

    def _forget(self, gone: Collection[KnownName]) -> None:
        self.image.forget(one.id for one in gone)
        self._reread_groups_of(one.uuid for one in gone if one.uuid is not None)

    def _reread_groups_of(self, uuids: Iterable[str]) -> None:
        """Read the groups again that list entries which are gone.

        Active Directory takes a deleted member out of its groups without a change of theirs ([MS-ADTS] §3.1.1.1.6).
        """
        for group in self.image.groups_listing(uuids):
            self._reread(f"<GUID={group.uuid}>")

    def _reread(self, name: str | None) -> None:
        """Put an entry into the image as both searches see it; None: it has no name any more."""
        if name is None:
            return
        with _or_everything(name):
            self._reread_as_both(name)

    def _reread_as_both(self, name: str) -> None:
        for search in self.reading.searches:
            entry = self.reading.session.reread(name, search)
            if entry is None or not self.reading.covers(search, entry.dn):
                continue
            self.received += 1
            settings, kind = self.reading.settings, search.resource_type
            scope = EVERY_GROUP
            if kind is ResourceType.GROUP:
                scope = scope_of_one(self.reading.session, settings, name)
            rows = image_rows(settings, kind, [entry], self.image.key_of_dn, scope)
            self._refuse_shared_anchors(rows)
            self.image.put(kind, rows)
            if kind is ResourceType.USER:
                self.people.update(row.uuid for row in rows if row.uuid)

    def _refuse_shared_anchors(self, rows: Iterable[ImageRow]) -> None:
        """Let a full read decide about an entry with the source anchor of another one: put here, it would become that.

        The other one may be there still, unchanged and not named; then both are held.
        """
        uuids = {row.key: row.uuid for row in rows if row.key is not None}
        for old in self.image.keyed(uuids):
            if old.key is not None and old.uuid != uuids[old.key]:
                raise ChangesRefused(
                    f"an entry was changed that has the source anchor of {old.dn}, and is another one",
                    "Everything is read instead.",
                )

    def _base_of(self, touch: Touch, known: KnownName | None) -> str | None:
        if self.reading.settings.kind is DirectoryKind.ACTIVE_DIRECTORY:
            return f"<GUID={touch.uuid}>"
        if touch.dn is not None:
            return touch.dn
        return known.dn if known is not None else None

    def _is_nowhere(self, touch: Touch, names: Mapping[str | None, KnownName]) -> bool:
        """Say whether a known entry was not found, since nothing has the DN any more that it was named with."""
        known = names.get(touch.uuid)
        by_identity = self.reading.settings.kind is DirectoryKind.ACTIVE_DIRECTORY
        if known is None or self.image.saw(known.id) or touch.dn is None or by_identity:
            return False
        anything = replace(self.reading.searches[0], filter=_ANY_ENTRY)
        with _or_everything(touch.dn):
            return self.reading.session.reread(touch.dn, anything) is None

    def _refuse_back_links(self) -> None:
        mapped = {name for search in self.reading.searches for name in search.attributes}
        if links := reads_back_links(mapped):
            raise ChangesRefused(
                f"something else than a person was changed, and the mapping reads {', '.join(sorted(links))}"
            )

    def _not_too_many(self, count: int) -> None:
        if count > MOST_REREAD:
            raise ChangesRefused(f"{count} entries were changed, and reading everything is quicker")


@contextmanager
def _or_everything(name: str) -> Iterator[None]:
    try:
        yield
    except ReadIncomplete as error:
        raise ChangesRefused(
            f"something was changed at {name}, of which the server says nothing when it is asked for it by name",
            "Everything is read instead.",
        ) from error


def touched_since(reading: Reading, position: Position) -> Iterable[str] | None:
    """Return the server's names of what was touched since a position; None where not everything is named.

    Raises:
        ChangesRefused: the server does not go on from there.
    """
    changes = change_sources.since(reading.session, reading.settings, position)
    return None if changes.unsure is not None else tuple(touch.uuid for touch in changes.touched)
