"""The tables, as SQLAlchemy Core values. Pure: describes them and touches none.

Narrow tables are scanned whole for the diff; the bulky parts of a row (raw entry, essence) live beside them, so that
a scan of a hundred thousand rows reads a sixth of the pages.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy import Text as AnyText

SCHEMA_VERSION = 5

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """Return a moment as it is kept: microseconds since 1970 (UTC), in the same order in every database."""
    return (moment - EPOCH) // _MICROSECOND


def from_micros(value: int) -> datetime:
    """Return the moment of a number that `micros` made."""
    return EPOCH + value * _MICROSECOND


class Instant(TypeDecorator[datetime]):
    """A moment with a time zone, kept as `micros` says."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 (signature)
        """Turn a moment into a number."""
        return None if value is None else micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 (signature)
        """Turn a number into a moment in UTC."""
        return None if value is None else EPOCH + value * _MICROSECOND


# In the order of code points everywhere, as Python and SQLite sort, whatever language a PostgreSQL server speaks.
Text = AnyText().with_variant(AnyText(collation="C"), "postgresql")
# SQLite makes only a column of exactly INTEGER its row number.
RowNumber = BigInteger().with_variant(Integer(), "sqlite")

metadata = MetaData()

meta = Table("meta", metadata, Column("name", Text, primary_key=True), Column("value", Text, nullable=False))

image = Table(
    "image",
    metadata,
    Column("id", RowNumber, primary_key=True, autoincrement=False),
    Column("key", Text, unique=True),  # NULL: not even the source anchor could be read
    Column("directory", Text, nullable=False),
    Column("resource_type", Text, nullable=False),
    Column("dn", Text, nullable=False),
    Column("dn_normalised", Text, nullable=False, index=True),
    Column("former_dn", Text),  # normalised, before it was last renamed or moved
    Column("uid", Text),
    Column("uuid", Text, index=True),  # the server's own name of the entry: objectGUID, entryUUID
    Column("sid", Text),  # objectSid
    Column("primary_group", Text),  # objectSid of the primary group of a person
    Column("digest", LargeBinary, nullable=False),  # of DN, names and raw entry
    Column("members_digest", LargeBinary),
    Column("changed_in", Integer, nullable=False),  # number of the read that last changed it
    Column("mapped_with", Text),  # digest of the mapping; NULL: not mapped since it changed
    Column("standing", Text),  # desired, held, out of scope
    Column("fingerprint", Text),
    Column("external_id", Text),
    Column("login", Text),
    Column("email", Text),
    Column("active", Boolean),
    Column("valid_until", Instant),
    Column("held_since", Instant),
    Column("findings", Text),  # JSON, or NULL for none
)
FOUND = text("findings IS NOT NULL")
"""One wording for the index and the query: a partial index is used only where both say the same."""
Index("image_findings", image.c.standing, image.c.id, sqlite_where=FOUND, postgresql_where=FOUND)
image_entries = Table(
    "image_entries",
    metadata,
    Column("id", RowNumber, ForeignKey("image.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("entry", LargeBinary, nullable=False),
)
image_essences = Table(
    "image_essences",
    metadata,
    Column("id", RowNumber, ForeignKey("image.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("essence", Text, nullable=False),
)
image_members = Table(
    "image_members",
    metadata,
    Column("group_id", RowNumber, ForeignKey("image.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("kind", SmallInteger, primary_key=True, autoincrement=False),  # `image_rows.ReferenceKind`
    Column("reference", Text, primary_key=True),
    Column("name", Text),  # what a GUID was called when it was listed; for messages alone
    sqlite_with_rowid=False,
)

snapshot = Table(
    "snapshot",
    metadata,
    Column("id", RowNumber, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False, unique=True),
    Column("resource_type", Text, nullable=False),
    Column("service_id", Text, nullable=False),
    Column("external_id", Text),
    Column("login", Text),
    Column("fingerprint", Text, nullable=False),
    Column("version", Text),
    Column("status", Text, nullable=False),
    Column("managed_since", Instant, nullable=False),
    UniqueConstraint("resource_type", "service_id"),
    Index("snapshot_kinds", "resource_type", "status"),  # counted in every run
)
snapshot_essences = Table(
    "snapshot_essences",
    metadata,
    Column("id", RowNumber, ForeignKey("snapshot.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("essence", Text, nullable=False),
)
memberships = Table(
    "memberships",
    metadata,
    Column("group_id", RowNumber, ForeignKey("snapshot.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column(
        "member_id",
        RowNumber,
        ForeignKey("snapshot.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        index=True,  # without it every leaver costs a scan of all memberships
    ),
    sqlite_with_rowid=False,
)

journal = Table(
    "journal",
    metadata,
    Column("op_no", RowNumber, primary_key=True, autoincrement=False),
    Column("run_id", Text, nullable=False, index=True),
    Column("plan_id", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("verb", Text, nullable=False),
    Column("resource_type", Text, nullable=False),
    Column("removal", Boolean, nullable=False),
    Column("service_id", Text),
    Column("external_id", Text),
    Column("login", Text),
    Column("fingerprint", Text),
    Column("replaces", Text),
    Column("started_at", Instant, nullable=False),
    Column("outcome", Text),
    Column("finished_at", Instant),
    Column("error", Text),
    Column("proof", Text),
)
UNSETTLED = text("(outcome IS NULL OR outcome = 'in doubt')")
Index("journal_unsettled", journal.c.op_no, sqlite_where=UNSETTLED, postgresql_where=UNSETTLED)
REMOVAL = text("removal")
Index("journal_removals", journal.c.started_at, sqlite_where=REMOVAL, postgresql_where=REMOVAL)
FAILED = text("outcome = 'failed'")
Index("journal_failures", journal.c.started_at, sqlite_where=FAILED, postgresql_where=FAILED)

newcomers = Table(
    "newcomers",
    metadata,
    Column("op_no", RowNumber, primary_key=True, autoincrement=False),  # of the journal
    Column("mailed", Text),  # `newcomers.Mailed`; NULL: no message was begun
    Column("told", Boolean, nullable=False),  # of by a finished report
)

runs = Table(
    "runs",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("mode", Text, nullable=False),
    Column("settings_digest", Text, nullable=False),
    Column("started_at", Instant, nullable=False, index=True),
    Column("finished_at", Instant),
    Column("plan_id", Text),
    Column("result", Text),
    Column("accounts", Text),  # JSON
    Column("in_step_with", Text),  # `Run.in_step_with` of a run that had nothing to do
)
reads = Table(
    "reads",
    metadata,
    Column("read_no", Integer, primary_key=True, autoincrement=False),
    Column("resource_type", Text, primary_key=True),
    Column("directory", Text, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("server", Text, nullable=False),
    Column("server_state", Text),  # JSON: what the server knew when the read began
    Column("full", Boolean, nullable=False),
    Column("transferred", Integer, nullable=False),
    Column("finished_at", Instant, nullable=False),
    Column("believed", Boolean, nullable=False),
)
findings = Table(
    "findings",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("finding", Text, nullable=False),  # JSON
)
plans = Table(
    "plans",
    metadata,
    Column("plan_id", Text, primary_key=True),
    Column("run_id", Text, nullable=False),
    Column("evaluated_at", Instant, nullable=False),
    Column("summary", Text, nullable=False),  # JSON
)
held_operations = Table(
    "held_operations",
    metadata,
    Column("plan_id", Text, ForeignKey("plans.plan_id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False),
    Column("verb", Text, nullable=False),
    Column("inputs_desired", Text),
    Column("inputs_known", Text),
    Column("approved_at", Instant),
    Column("used_at", Instant),
    Column("used_in", Text),  # the run that rested on it
)
kept_ids = Table(
    "kept_ids",
    metadata,
    Column("key", Text, primary_key=True),  # of the re-created entry
    Column("external_id", Text, nullable=False),
    Column("linking_id", Text),
    Column("login", Text, nullable=False),  # of the old account
    Column("decided_at", Instant, nullable=False),
    Column("decided_by", Text, nullable=False),
)
positions = Table(
    "positions",
    metadata,
    Column("directory", Text, primary_key=True),
    Column("method", Text, nullable=False),
    Column("cookie", LargeBinary, nullable=False),
    Column("server", Text, nullable=False),
    Column("identity", Text, nullable=False),
    Column("asked", Text, nullable=False),  # digest of the searches that the image answers
    Column("full_read_at", Instant, nullable=False),
)
lease = Table(
    "lease",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text),  # NULL: free
    Column("token", BigInteger, nullable=False),  # only ever grows
    Column("since", Instant),
    Column("expires_at", Instant),
)
history = Table(
    "history",
    metadata,
    Column("entry_no", RowNumber, primary_key=True, autoincrement=False),  # in the order of the changes
    Column("op_no", RowNumber, index=True),  # of the journal; NULL: seen at the service, no operation made it
    Column("at", Instant, nullable=False),
    Column("key", Text, nullable=False, index=True),
    Column("kind", SmallInteger, nullable=False),  # `history_entries.Kind`
    Column("detail", Text),  # JSON: what is needed to walk back
)
mended = Table(
    "mended",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("of_run", Text),  # that it undid
    Column("as_of", Instant),  # to which it went back
)
plan_files = Table(
    "plan_files",
    metadata,
    Column("plan_id", Text, primary_key=True),
    Column("stored_at", Instant, nullable=False, index=True),  # or met again
)
plan_pieces = Table(
    "plan_pieces",
    metadata,
    Column("plan_id", Text, ForeignKey("plan_files.plan_id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("piece", LargeBinary, nullable=False),  # JSON, compressed
)
decisions = Table(
    "decisions",
    metadata,
    Column("number", RowNumber, primary_key=True, autoincrement=False),
    Column("plan_id", Text, nullable=False, index=True),
    Column("decided_at", Instant, nullable=False),
    Column("decided_by", Text, nullable=False),  # as claimed
    Column("why", Text, nullable=False),
    Column("kinds", Text),  # JSON; NULL: all
    Column("operations", Integer, nullable=False),  # how many it released
    Column("used_in", Text, index=True),  # the run that rested on it
)
departed = Table(
    "departed",
    metadata,
    Column("key", Text, primary_key=True),  # of somebody who is managed and has left the image
    Column("dn", Text, nullable=False),  # the last
    Column("dn_normalised", Text, nullable=False),
    Column("at", Instant, nullable=False),
)
held_since = Table(
    "held_since",
    metadata,
    Column("key", Text, primary_key=True),
    Column("verb", Text, primary_key=True),
    Column("since", Instant, nullable=False),  # the first run of those in a row that held it
)
