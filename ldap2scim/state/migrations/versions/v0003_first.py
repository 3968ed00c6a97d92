"""The tables of version 3, the first that can be upgraded."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    UniqueConstraint,
    text,
)

from ldap2scim.state.migrations.types import INSTANT, ROW_NUMBER, TEXT

revision = "0003"
down_revision = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "findings",
        Column("run_id", TEXT, nullable=False),
        Column("number", Integer, autoincrement=False, nullable=False),
        Column("finding", TEXT, nullable=False),
        PrimaryKeyConstraint("run_id", "number"),
    )
    op.create_table(
        "image",
        Column("id", ROW_NUMBER, autoincrement=False, nullable=False),
        Column("key", TEXT),
        Column("directory", TEXT, nullable=False),
        Column("resource_type", TEXT, nullable=False),
        Column("dn", TEXT, nullable=False),
        Column("dn_normalised", TEXT, nullable=False),
        Column("former_dn", TEXT),
        Column("uid", TEXT),
        Column("uuid", TEXT),
        Column("sid", TEXT),
        Column("primary_group", TEXT),
        Column("digest", LargeBinary, nullable=False),
        Column("members_digest", LargeBinary),
        Column("changed_in", Integer, nullable=False),
        Column("mapped_with", TEXT),
        Column("standing", TEXT),
        Column("fingerprint", TEXT),
        Column("external_id", TEXT),
        Column("login", TEXT),
        Column("email", TEXT),
        Column("active", Boolean),
        Column("valid_until", INSTANT),
        Column("held_since", INSTANT),
        Column("findings", TEXT),
        PrimaryKeyConstraint("id"),
        UniqueConstraint("key"),
    )
    op.create_index("ix_image_dn_normalised", "image", ["dn_normalised"])
    op.create_index("ix_image_uuid", "image", ["uuid"])
    op.create_table(
        "journal",
        Column("op_no", ROW_NUMBER, autoincrement=False, nullable=False),
        Column("run_id", TEXT, nullable=False),
        Column("plan_id", TEXT, nullable=False),
        Column("key", TEXT, nullable=False),
        Column("verb", TEXT, nullable=False),
        Column("resource_type", TEXT, nullable=False),
        Column("removal", Boolean, nullable=False),
        Column("service_id", TEXT),
        Column("external_id", TEXT),
        Column("login", TEXT),
        Column("fingerprint", TEXT),
        Column("replaces", TEXT),
        Column("started_at", INSTANT, nullable=False),
        Column("outcome", TEXT),
        Column("finished_at", INSTANT),
        Column("error", TEXT),
        PrimaryKeyConstraint("op_no"),
    )
    op.create_index("ix_journal_run_id", "journal", ["run_id"])
    op.create_index(
        "journal_removals", "journal", ["started_at"], sqlite_where=text("removal"), postgresql_where=text("removal")
    )
    op.create_index(
        "journal_unsettled",
        "journal",
        ["op_no"],
        sqlite_where=text("(outcome IS NULL OR outcome = 'in doubt')"),
        postgresql_where=text("(outcome IS NULL OR outcome = 'in doubt')"),
    )
    op.create_table(
        "kept_ids",
        Column("key", TEXT, nullable=False),
        Column("external_id", TEXT, nullable=False),
        Column("linking_id", TEXT),
        Column("login", TEXT, nullable=False),
        Column("decided_at", INSTANT, nullable=False),
        Column("decided_by", TEXT, nullable=False),
        PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "lease",
        Column("name", TEXT, nullable=False),
        Column("holder", TEXT),
        Column("token", BigInteger, nullable=False),
        Column("since", INSTANT),
        Column("expires_at", INSTANT),
        PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "meta",
        Column("name", TEXT, nullable=False),
        Column("value", TEXT, nullable=False),
        PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "newcomers",
        Column("op_no", ROW_NUMBER, autoincrement=False, nullable=False),
        Column("mailed", TEXT),
        Column("told", Boolean, nullable=False),
        PrimaryKeyConstraint("op_no"),
    )
    op.create_table(
        "plans",
        Column("plan_id", TEXT, nullable=False),
        Column("run_id", TEXT, nullable=False),
        Column("evaluated_at", INSTANT, nullable=False),
        Column("summary", TEXT, nullable=False),
        PrimaryKeyConstraint("plan_id"),
    )
    op.create_table(
        "positions",
        Column("directory", TEXT, nullable=False),
        Column("method", TEXT, nullable=False),
        Column("cookie", LargeBinary, nullable=False),
        Column("server", TEXT, nullable=False),
        Column("identity", TEXT, nullable=False),
        Column("asked", TEXT, nullable=False),
        Column("full_read_at", INSTANT, nullable=False),
        PrimaryKeyConstraint("directory"),
    )
    op.create_table(
        "reads",
        Column("read_no", Integer, autoincrement=False, nullable=False),
        Column("resource_type", TEXT, nullable=False),
        Column("directory", TEXT, nullable=False),
        Column("entries", Integer, nullable=False),
        Column("server", TEXT, nullable=False),
        Column("server_state", TEXT),
        Column("full", Boolean, nullable=False),
        Column("transferred", Integer, nullable=False),
        Column("finished_at", INSTANT, nullable=False),
        Column("believed", Boolean, nullable=False),
        PrimaryKeyConstraint("read_no", "resource_type"),
    )
    op.create_table(
        "runs",
        Column("run_id", TEXT, nullable=False),
        Column("mode", TEXT, nullable=False),
        Column("settings_digest", TEXT, nullable=False),
        Column("started_at", INSTANT, nullable=False),
        Column("finished_at", INSTANT),
        Column("plan_id", TEXT),
        Column("result", TEXT),
        Column("accounts", TEXT),
        Column("in_step_with", TEXT),
        PrimaryKeyConstraint("run_id"),
    )
    op.create_index("ix_runs_started_at", "runs", ["started_at"])
    op.create_table(
        "snapshot",
        Column("id", ROW_NUMBER, autoincrement=False, nullable=False),
        Column("key", TEXT, nullable=False),
        Column("resource_type", TEXT, nullable=False),
        Column("service_id", TEXT, nullable=False),
        Column("external_id", TEXT),
        Column("login", TEXT),
        Column("fingerprint", TEXT, nullable=False),
        Column("version", TEXT),
        Column("status", TEXT, nullable=False),
        Column("managed_since", INSTANT, nullable=False),
        PrimaryKeyConstraint("id"),
        UniqueConstraint("key"),
        UniqueConstraint("resource_type", "service_id"),
    )
    op.create_table(
        "held_operations",
        Column("plan_id", TEXT, nullable=False),
        Column("number", Integer, autoincrement=False, nullable=False),
        Column("key", TEXT, nullable=False),
        Column("verb", TEXT, nullable=False),
        Column("inputs_desired", TEXT),
        Column("inputs_known", TEXT),
        Column("approved_at", INSTANT),
        Column("used_at", INSTANT),
        ForeignKeyConstraint(["plan_id"], ["plans.plan_id"], ondelete="CASCADE"),
        PrimaryKeyConstraint("plan_id", "number"),
    )
    op.create_table(
        "image_entries",
        Column("id", ROW_NUMBER, autoincrement=False, nullable=False),
        Column("entry", LargeBinary, nullable=False),
        ForeignKeyConstraint(["id"], ["image.id"], ondelete="CASCADE"),
        PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "image_essences",
        Column("id", ROW_NUMBER, autoincrement=False, nullable=False),
        Column("essence", TEXT, nullable=False),
        ForeignKeyConstraint(["id"], ["image.id"], ondelete="CASCADE"),
        PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "image_members",
        Column("group_id", ROW_NUMBER, autoincrement=False, nullable=False),
        Column("kind", SmallInteger, autoincrement=False, nullable=False),
        Column("reference", TEXT, nullable=False),
        Column("name", TEXT),
        ForeignKeyConstraint(["group_id"], ["image.id"], ondelete="CASCADE"),
        PrimaryKeyConstraint("group_id", "kind", "reference"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "memberships",
        Column("group_id", ROW_NUMBER, autoincrement=False, nullable=False),
        Column("member_id", ROW_NUMBER, autoincrement=False, nullable=False),
        ForeignKeyConstraint(["group_id"], ["snapshot.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["member_id"], ["snapshot.id"], ondelete="CASCADE"),
        PrimaryKeyConstraint("group_id", "member_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_memberships_member_id", "memberships", ["member_id"])
    op.create_table(
        "snapshot_essences",
        Column("id", ROW_NUMBER, autoincrement=False, nullable=False),
        Column("essence", TEXT, nullable=False),
        ForeignKeyConstraint(["id"], ["snapshot.id"], ondelete="CASCADE"),
        PrimaryKeyConstraint("id"),
    )
