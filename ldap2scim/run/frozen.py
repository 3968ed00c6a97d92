"""A decision on a copy of the state: no lease is taken, nobody is asked, nothing is written but the copy.

What the state says is mapped, believed, compared and judged as a run would do it, at the price of a copy that ends
with the question. What only the directory or the service can tell is left as the last run knew it.
"""

import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import delete, func, insert, select

from ldap2scim.directory import currency, dn
from ldap2scim.directory.reader import Completeness, Extract
from ldap2scim.errors import DirectoryError, StateError
from ldap2scim.model import Key, ResourceType, directory_of
from ldap2scim.run.believe import Believed, believe
from ldap2scim.run.context import LEASE, Mode, Run
from ldap2scim.run.decide import Decision, compare_as_read, plan_of
from ldap2scim.run.extract import Unread
from ldap2scim.run.mapping import map_entries
from ldap2scim.run.reading import Read
from ldap2scim.settings import Settings
from ldap2scim.state.failures import not_opened
from ldap2scim.state.image_rows import Duplicate, ImageChanges
from ldap2scim.state.lease import acquire
from ldap2scim.state.location import Location, StateDatabase, StateFile
from ldap2scim.state.schema import image, meta, metadata, reads
from ldap2scim.state.store import Store, open_as_it_is, open_store

_ROWS = 5_000
"""Of a table in one piece."""
NEVER_READ = "was never read, so nothing is known of it"


@dataclass(frozen=True, slots=True, eq=False)
class Frozen:
    """What a run would decide if both sides were as the state has them."""

    believed: Believed
    decision: Decision | None
    """None: a finding forbids to decide anything."""


@contextmanager
def frozen_run(settings: Settings, now: datetime | None = None) -> Iterator[Run]:
    """Give a run in `Mode.PLAN` on a copy of the state, which goes when the block ends.

    Args:
        settings: whose state is copied.
        now: the time of evaluation; None: the present.

    Raises:
        StateError: there is no state yet, or it cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="ldap2scim-") as folder:
        place = Path(folder) / "state.sqlite"
        _copy(settings.state, place)
        with run_on(settings, place, now) as run:
            yield run


@contextmanager
def run_on(settings: Settings, place: Path, now: datetime | None = None) -> Iterator[Run]:
    """Give a run in `Mode.PLAN` on a state file that is nobody else's.

    Raises:
        StateError: the file is no state of this version.
    """
    with open_store(place, create=False) as store:
        # The copy may have been made while a run was under way: its lease has no meaning here.
        lease = acquire(store, LEASE, "a look at a copy", abandoned=lambda _holder: True)
        run = Run(settings, lease, "", Mode.PLAN, now or datetime.now(UTC))
        try:
            yield run
        finally:
            run.close()


def frozen_decision(run: Run, read: tuple[Read | Unread, ...] | None = None) -> Frozen:
    """Map, believe, compare and judge what the state of `frozen_run` has.

    Members whose name leads to nobody count as gone here; a real run asks the directory before it says so.

    Args:
        run: on the copy.
        read: how its directories were read; None: as the last run read them.

    Raises:
        StateError: the state cannot be read.
    """
    last = last_reads(run) if read is None else read
    map_entries(run, last)
    believed = believe(run, last)
    if believed.stops:
        return Frozen(believed, None)
    return Frozen(believed, plan_of(run, believed, compare_as_read(run, believed, None), None))


def last_reads(run: Run) -> tuple[Read | Unread, ...]:
    """Return the last proven read of each directory, as far as it is still known."""
    doubles = _doubles(run)
    return tuple(_last_read(run.store, one.settings.name, doubles) for one in run.settings.directories)


def _doubles(run: Run) -> tuple[Duplicate, ...]:
    """Return the source anchors that the last run met twice: the image has only one of the entries.

    A read by changes does not meet the other one again, and then the next full read says it anew.
    """
    latest = run.state.runs.latest_runs(1)
    said = run.state.runs.findings(latest[0].run_id) if latest else ()
    pairs = {dn.normalise(one.subjects[1]): one.subjects[0] for one in said if one.rule == "duplicate-source-anchor"}
    with run.store.read() as connection:
        rows = connection.execute(select(image.c.key, image.c.dn_normalised).where(image.c.dn_normalised.in_(pairs)))
        return tuple(
            Duplicate(Key(row.key), pairs[row.dn_normalised], row.dn_normalised) for row in rows if row.key is not None
        )


def _last_read(store: Store, directory: str, doubles: Sequence[Duplicate]) -> Read | Unread:
    newest = select(func.max(reads.c.read_no)).where(reads.c.directory == directory).scalar_subquery()
    with store.read() as connection:
        rows = connection.execute(select(reads).where(reads.c.read_no == newest)).all()
    if not rows:
        return Unread(directory, DirectoryError(f"{directory} {NEVER_READ}.", "Run `ldap2scim plan` first."))
    counts = dict.fromkeys(ResourceType, 0) | {ResourceType(row.resource_type): row.entries for row in rows}
    one = rows[0]
    state = currency.from_json(one.server_state) if one.server_state is not None else None
    extract = Extract(
        directory=directory,
        completeness=Completeness(one.server, (), state),
        counts=counts,
        transferred=0,
        by_changes="what the state has of the last read",
        why_full=None,
        started_at=one.finished_at,
        finished_at=one.finished_at,
    )
    own = tuple(double for double in doubles if directory_of(double.key) == directory)
    return Read(extract, ImageChanges(one.read_no, 0, 0, 0, 0, 0, own, counts))


def _copy(state: Location, place: Path) -> None:
    """Copy the state as of one moment, without a lock that a writer would wait for.

    Raises:
        StateError: there is no state yet, or it cannot be read.
    """
    match state:
        case StateFile(path):
            _copy_file(path, place)
        case StateDatabase():
            _copy_rows(state, place)
    place.chmod(0o600)


def _copy_file(path: Path, place: Path) -> None:
    try:
        there = path.is_file()
    except OSError as error:
        raise not_opened(str(path), error) from error
    if not there:
        raise StateError(f"There is no state file {path} yet.", "Run `ldap2scim plan` first, which makes it.")
    try:
        with (
            closing(sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(place)) as target,
        ):
            source.backup(target)
    except (sqlite3.Error, OSError) as error:
        raise StateError(
            f"The state file {path} could not be copied for a look at it: {error}.",
            "See that the user who runs ldap2scim may read it, and that the folder for temporary files has room.",
        ) from error


def _copy_rows(state: StateDatabase, place: Path) -> None:
    with (
        open_as_it_is(state) as source,
        open_store(place) as target,
        source.read() as reading,
        target.write() as writing,
    ):
        writing.execute(delete(meta))
        for table in metadata.sorted_tables:
            for rows in reading.execution_options(yield_per=_ROWS).execute(select(table)).mappings().partitions():
                writing.execute(insert(table), [dict(row) for row in rows])
