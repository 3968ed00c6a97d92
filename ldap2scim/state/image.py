"""Writing the directory image: what a directory last said, kept entry by entry.

One read of one directory is one transaction. It is committed with the proof that the read came to its end, and a
read that failed leaves the old image as it was. An entry that did not change costs a look-up and no write.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import Connection, delete, func, insert, select

from ldap2scim.errors import ReadIncomplete
from ldap2scim.model import Key, ResourceType
from ldap2scim.state.chunks import chunks
from ldap2scim.state.departed import remember_departing
from ldap2scim.state.encoding import digest
from ldap2scim.state.image_members import MemberChanges, groups_with, members_digest
from ldap2scim.state.image_names import names
from ldap2scim.state.image_pages import Known, Page, known_of, name_of
from ldap2scim.state.image_rows import Duplicate, Evidence, ImageChanges, ImageRow, KnownName
from ldap2scim.state.lease import Lease
from ldap2scim.state.marks import mark, remembered_mark
from ldap2scim.state.places import store_place
from ldap2scim.state.schema import image, reads
from ldap2scim.state.store import Clock, Store

_LAST_CHANGE = "image-changed-in"
_MANY = 10_000
"""Numbers of entries that a read has not met, free ones among them."""


def last_change(store: Store) -> str:
    """Return what differs when a read has changed the image, whatever became of the run that made it.

    Raises:
        StateError: the state cannot be read.
    """
    return remembered_mark(store, _LAST_CHANGE) or ""


@contextmanager
def image_writer(lease: Lease, directory: str) -> Iterator["ImageWriter"]:
    """Open the write transaction of one read of one directory; leaving it without `commit` undoes it.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the store cannot be written.
    """
    try:
        # The reader's connection keeps seeing the image from before this read.
        with lease.store.read() as before, lease.write() as connection:
            writer = ImageWriter(connection, before, directory, lease.store.clock)
            yield writer
            _require_commit(writer)
    except _Abandoned:
        return


class _Abandoned(Exception):
    """The read ended without its proof."""


def _require_commit(writer: "ImageWriter") -> None:
    if writer.changes is None:
        raise _Abandoned  # through the transaction, which is rolled back by it


class ImageWriter:
    """Takes in the entries of one read of one directory."""

    def __init__(self, connection: Connection, before: Connection, directory: str, clock: Clock) -> None:
        self._connection = connection
        self._before = before
        self._directory = directory
        self._clock = clock
        self._members = MemberChanges(connection)
        self._read_no = 1 + (connection.scalar(select(func.max(reads.c.read_no))) or 0)
        self._next_id = 1 + (connection.scalar(select(func.max(image.c.id))) or 0)
        # One byte an id: a million entries are a megabyte, and marking one as seen is no write.
        self._seen = bytearray(self._next_id)
        self._put = dict.fromkeys(ResourceType, 0)
        self._new = self._changed = self._unchanged = self._repeated = self._removed = 0
        self._duplicates: list[Duplicate] = []
        self.changes: ImageChanges | None = None
        """What the read did, once it is committed."""

    def key_of_dn(self, dn_normalised: str) -> Key | None:
        """Return the key that the image had for a DN before this read; None when it had none, or several."""
        found = self._before.scalars(
            select(image.c.key)
            .where(image.c.directory == self._directory, image.c.dn_normalised == dn_normalised)
            .where(image.c.key.is_not(None))
            .limit(2)
        ).all()
        return Key(found[0]) if len(found) == 1 else None

    def put(self, resource_type: ResourceType, rows: Iterable[ImageRow]) -> None:
        """Take in a page of entries, in the order in which they were read.

        Raises:
            StateError: the store cannot be written.
        """
        for rows_of_page in chunks(rows):
            known = known_of(self._connection, self._directory, rows_of_page)
            page = Page()
            for row in rows_of_page:
                self._put[resource_type] += 1
                self._take(resource_type, row, known, page)
            page.write(self._connection)
            self._members.write()

    def named(self, uuids: Iterable[str]) -> tuple[KnownName, ...]:
        """Return the entries that the image has under the server's own names for them."""
        mine = image.c.directory == self._directory
        return tuple(
            found for piece in chunks(uuids) for found in names(self._connection, mine, image.c.uuid.in_(piece))
        )

    def keyed(self, keys: Iterable[Key]) -> tuple[KnownName, ...]:
        """Return the entries that the image has under these keys."""
        return tuple(found for piece in chunks(keys) for found in names(self._connection, image.c.key.in_(piece)))

    def groups_listing(self, uuids: Iterable[str]) -> tuple[KnownName, ...]:
        """Return the groups that list entries by the server's own names for them, each group once."""
        mine = image.c.directory == self._directory
        found = {
            name.id: name
            for piece in chunks(uuids)
            for name in names(self._connection, mine, image.c.id.in_(groups_with(piece)))
        }
        return tuple(found.values())

    def every_name(self) -> tuple[KnownName, ...]:
        """Return all entries of the directory that the image has, those of this read included."""
        return names(self._connection, image.c.directory == self._directory)

    def unseen(self) -> tuple[KnownName, ...]:
        """Return the entries that this read has not met: they leave with a full read."""
        mine = image.c.directory == self._directory
        missing: Iterable[int] = (row_id for row_id, seen in enumerate(self._seen) if not seen)
        if self._seen.count(0) > _MANY:
            # Most are of other directories: going through the table is quicker than asking for each of them.
            missing = [
                row_id for row_id in self._connection.scalars(select(image.c.id).where(mine)) if not self._seen[row_id]
            ]
        return tuple(
            found for piece in chunks(missing) for found in names(self._connection, mine, image.c.id.in_(piece))
        )

    def saw(self, row_id: int) -> bool:
        """Say whether this read met an entry."""
        return bool(self._seen[row_id])

    def met(self, dn_normalised: str) -> bool:
        """Say whether this read met an entry of that name whose key could be read."""
        query = select(image.c.id).where(image.c.directory == self._directory, image.c.dn_normalised == dn_normalised)
        return any(self._seen[row_id] for row_id in self._connection.scalars(query.where(image.c.key.is_not(None))))

    def spare(self, ids: Iterable[int]) -> None:
        """Keep entries as they were, as if this read had met them unchanged."""
        for row_id in ids:
            self._seen[row_id] = 1

    def forget(self, ids: Iterable[int]) -> None:
        """Let entries leave the image."""
        for piece in chunks(ids):
            remember_departing(self._connection, piece, self._clock)
            # Raw entry, essence and references go with it (ON DELETE CASCADE).
            self._connection.execute(delete(image).where(image.c.id.in_(piece)))
            self._removed += len(piece)

    def commit_full(self, counts: Mapping[ResourceType, int], evidence: Evidence) -> ImageChanges:
        """End a full read: entries that were not seen leave the image, and the read is recorded as proven.

        Args:
            counts: entries of each kind by the proof of completeness.
            evidence: what is kept of the read.

        Raises:
            ReadIncomplete: the proof counts other entries than were put here; nothing is committed.
        """
        self._compare(counts)
        self.forget([name.id for name in self.unseen()])
        return self._record(dict(self._put), evidence, full=True)

    def commit_changes(self, evidence: Evidence) -> ImageChanges:
        """End a read of changes: what was not named stays as it is, and the read is recorded as proven."""
        query = (
            select(image.c.resource_type, func.count())
            .where(image.c.directory == self._directory)
            .group_by(image.c.resource_type)
        )
        present = {ResourceType(kind): count for kind, count in self._connection.execute(query)}
        return self._record({kind: present.get(kind, 0) for kind in ResourceType}, evidence, full=False)

    def _record(self, counts: Mapping[ResourceType, int], evidence: Evidence, *, full: bool) -> ImageChanges:
        record = {
            "read_no": self._read_no,
            "directory": self._directory,
            "server": evidence.server,
            "server_state": evidence.server_state,
            "full": full,
            "transferred": evidence.transferred,
            "finished_at": self._clock(),
            "believed": False,
        }
        rows = [{**record, "resource_type": kind.value, "entries": count} for kind, count in counts.items()]
        self._connection.execute(insert(reads), rows)
        store_place(self._connection, self._directory, evidence.place if self._can_follow() else None)
        self.changes = ImageChanges(
            read_no=self._read_no,
            new=self._new,
            changed=self._changed,
            unchanged=self._unchanged,
            removed=self._removed,
            repeated=self._repeated,
            duplicates=tuple(self._duplicates),
            counts=counts,
        )
        if self.changes.any:
            mark(self._connection, _LAST_CHANGE, str(self._read_no))
        return self.changes

    def _can_follow(self) -> bool:
        """Say whether a read of changes could go on from here: each entry has a name of its own at the server.

        An anchor that two entries share is found by a full read alone.
        """
        nameless = select(image.c.id).where(image.c.directory == self._directory, image.c.uuid.is_(None)).limit(1)
        return not self._duplicates and self._connection.execute(nameless).first() is None

    def _compare(self, counts: Mapping[ResourceType, int]) -> None:
        wrong = [
            f"{counts.get(kind, 0)} {kind.value} entries read, {put} stored"
            for kind, put in self._put.items()
            if counts.get(kind, 0) != put
        ]
        if wrong:
            raise ReadIncomplete(
                f"The read of directory {self._directory} does not add up: {'; '.join(wrong)}.",
                "Nothing was changed. Run again; if it happens again, it is a defect: report it.",
            )

    def _take(self, resource_type: ResourceType, row: ImageRow, known: dict[str, Known], page: Page) -> None:
        name = name_of(row)
        old = known.get(name)
        if old is not None and self._seen[old.id]:
            self._again(resource_type, row, old)
            return
        row_digest = digest("\0".join(row.names).encode("utf-8", "surrogateescape"), row.entry)
        references = members_digest(row)
        if old is None:
            row_id = self._next_id
            self._next_id += 1
            self._seen.append(1)
            self._new += 1
            self._members.note_new(row_id, row)
        else:
            row_id = old.id
            self._seen[row_id] = 1
            same_entry = old.digest == row_digest and old.resource_type == resource_type
            if same_entry and old.members_digest == references:
                self._unchanged += 1
                return
            self._changed += 1
            if old.members_digest != references:
                self._members.note_changed(row_id, row)
            if same_entry:
                page.members.append((row_id, references, self._read_no))
                return
        known[name] = Known(row_id, resource_type, row.dn_normalised, row_digest, references)
        names = (row.dn, row.dn_normalised, row.uid, row.uuid, row.sid, row.primary_group)
        values = (resource_type.value, *names, row_digest, references, self._read_no)
        if old is None:
            page.inserted.append((row_id, row.key, self._directory, *values))
            page.new_entries.append((row_id, row.entry))
        else:
            page.updated.append((row_id, *values))
            page.changed_entries.append((row_id, row.entry))

    def _again(self, resource_type: ResourceType, row: ImageRow, old: Known) -> None:
        if row.key is None or (old.dn_normalised == row.dn_normalised and old.resource_type == resource_type):
            self._repeated += 1
        else:
            self._duplicates.append(Duplicate(row.key, row.dn, old.dn_normalised))
