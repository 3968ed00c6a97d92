"""A full read: both searches to their proven end, and whoever seems to have left asked for a second time."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ldap2scim.directory import change_sources, dn, references
from ldap2scim.directory.anchors import source_anchor
from ldap2scim.directory.entry import LdapEntry
from ldap2scim.directory.reader import Search, SearchProof
from ldap2scim.findings import Finding, Severity
from ldap2scim.model import Key, ResourceType, make_key
from ldap2scim.run.group_scope import GroupScope, read_group_scope
from ldap2scim.run.image_rows import image_rows
from ldap2scim.run.reading import Read, Reading
from ldap2scim.state.image import ImageWriter, image_writer
from ldap2scim.state.image_rows import KnownName

logger = logging.getLogger("ldap2scim.run")


@dataclass(frozen=True, slots=True)
class FullRead:
    """A full read, and who left the image with it."""

    read: Read
    left: tuple[KnownName, ...]


def read_in_full(reading: Reading, why: str) -> FullRead:
    """Read a whole directory into its image.

    Raises:
        DirectoryUnavailable: the connection was lost or the server is busy.
        ReadIncomplete: a search did not come to its proven end; the image is as it was.
        RunRefused, StateError: the image cannot be written.
    """
    # Before the first entry is read: what changes from now on is reported next time, whether this read saw it or not.
    position = change_sources.begin(reading.session, reading.settings) if reading.settings.full_read_every else None
    with image_writer(reading.run.lease, reading.settings.name) as image:
        scope = read_group_scope(reading.session, reading.settings)
        proofs = tuple(_read_search(reading, search, image, scope) for search in reading.searches)
        again = ask_again(reading, image)
        keep_those_elsewhere(reading, image, (*proofs, *again))
        left = image.unseen()
        counts = dict.fromkeys(ResourceType, 0)
        for proof in proofs:
            counts[proof.search.resource_type] += proof.entries
        transferred = sum(proof.entries for proof in (*scope.proofs, *proofs, *again))
        place = reading.place(position, reading.run.now)
        changes = image.commit_full(counts, reading.evidence(transferred, place))
    proofs = (*scope.proofs, *proofs, *again)
    return FullRead(reading.finished(changes, proofs, transferred, why_full=why), left)


def pages(reading: Reading, search: Search) -> Iterator[tuple[list[LdapEntry], SearchProof | None]]:
    """Yield the pages of a search, and at its end an empty one with the proof.

    Raises:
        DirectoryError: the search did not come to its proven end.
    """
    arriving = reading.session.read(search)
    try:
        while True:
            page = list(next(arriving))
            reading.run.progress.advance(len(page))
            yield page, None
    except StopIteration as end:
        yield [], end.value


def key_of(reading: Reading, entry: LdapEntry) -> Key | None:
    """Return the key of an entry; None where its source anchor cannot be read."""
    anchor = source_anchor(entry, reading.settings)
    return make_key(reading.settings.name, anchor) if anchor else None


def keep_those_elsewhere(reading: Reading, image: ImageWriter, proofs: Iterable[SearchProof]) -> None:
    """Keep who is missing and lies in a part that the server refers to another server for: nothing was told of them.

    But for a part that this run has read there, as a directory of its own: who is missing here has left this one.
    """
    parts = [part for part in references.elsewhere(proofs) if not dn.lies_in(part, reading.bases_read)]
    if not parts:
        return
    kept = [one for one in image.unseen() if dn.lies_in(one.dn_normalised, parts)]
    if kept:
        image.spare(one.id for one in kept)
        reading.run.note(_elsewhere(reading, kept, [url for proof in proofs for url in proof.referrals]))


def ask_again(reading: Reading, image: ImageWriter) -> tuple[SearchProof, ...]:
    """Read the keys of all once more where somebody is missing; whoever is among them has not left.

    Raises:
        DirectoryError: a search did not come to its proven end.
    """
    missing = image.unseen()
    if not missing:
        return ()
    keys: set[Key | None] = set()
    names: set[str] = set()
    proofs: list[SearchProof] = []
    for search in reading.key_searches:
        for page, proof in pages(reading, search):
            keys.update(key_of(reading, entry) for entry in page)
            names.update(dn.normalise(entry.dn) for entry in page)
            proofs += [proof] if proof is not None else []
    present = [
        one
        for one in missing
        # Whose key could not be read then, and was read now, is here by that key: nobody is left out.
        if (one.key in keys if one.key is not None else one.dn_normalised in names and not image.met(one.dn_normalised))
    ]
    if present:
        image.spare(one.id for one in present)
        reading.run.note(_contradiction(reading, present))
    return tuple(proofs)


def _read_search(reading: Reading, search: Search, image: ImageWriter, scope: GroupScope) -> SearchProof:
    kind = search.resource_type
    for page, proof in pages(reading, search):
        if proof is not None:
            return proof
        image.put(kind, image_rows(reading.settings, kind, page, image.key_of_dn, scope))
    raise AssertionError("a search ends with its proof or with an error")


def _elsewhere(reading: Reading, kept: Iterable[KnownName], urls: Iterable[str]) -> Finding:
    names = tuple(one.dn for one in kept)
    return Finding(
        rule="referred-elsewhere",
        severity=Severity.HOLD,
        message=f"{reading.session.server} refers to another server for a part of directory {reading.settings.name} "
        f"({', '.join(sorted(set(urls))[:5])}), and told nothing of {len(names)} entries there: "
        f"{', '.join(names[:5])}. They are kept as they were.",
        remedy="Read that server as well, as one more of `directories` with that part as its `base_dn` (if it is one, "
        "see why it was not read); or, if they have left for good, take the reference out of this one.",
        subjects=names[:20],
    )


def _contradiction(reading: Reading, present: Iterable[KnownName]) -> Finding:
    names = tuple(one.dn for one in present)
    return Finding(
        rule="read-contradicts-itself",
        severity=Severity.NOTE,
        message=f"{reading.session.server} left out {len(names)} entries when directory {reading.settings.name} was "
        f"read, and named them when it was asked for the keys once more: {', '.join(names[:5])}. "
        "They are kept as they were.",
        remedy="Entries that are moved during a read do that once. If it comes again, look into the server's log.",
        subjects=names[:20],
    )
