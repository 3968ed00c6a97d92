"""What was changed and can be taken back; plans that are kept; decisions of people."""

from alembic import op
from sqlalchemy import Column, ForeignKeyConstraint, Integer, LargeBinary, PrimaryKeyConstraint, SmallInteger, text

from ldap2scim.state.migrations.types import INSTANT, ROW_NUMBER, TEXT

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the new tables, and what is new in older ones."""
    op.add_column("held_operations", Column("used_in", TEXT))
    op.add_column("journal", Column("proof", TEXT))
    op.create_table(
        "decisions",
        Column("number", ROW_NUMBER, autoincrement=False, nullable=False),
        Column("plan_id", TEXT, nullable=False),
        Column("decided_at", INSTANT, nullable=False),
        Column("decided_by", TEXT, nullable=False),
        Column("why", TEXT, nullable=False),
        Column("kinds", TEXT),
        Column("operations", Integer, nullable=False),
        Column("used_in", TEXT),
        PrimaryKeyConstraint("number"),
    )
    op.create_index("ix_decisions_plan_id", "decisions", ["plan_id"])
    op.create_index("ix_decisions_used_in", "decisions", ["used_in"])
    op.create_table(
        "history",
        Column("entry_no", ROW_NUMBER, autoincrement=False, nullable=False),
        Column("op_no", ROW_NUMBER),
        Column("at", INSTANT, nullable=False),
        Column("key", TEXT, nullable=False),
        Column("kind", SmallInteger, nullable=False),
        Column("detail", TEXT),
        PrimaryKeyConstraint("entry_no"),
    )
    op.create_index("ix_history_key", "history", ["key"])
    op.create_index("ix_history_op_no", "history", ["op_no"])
    op.create_table(
        "mended",
        Column("run_id", TEXT, nullable=False),
        Column("of_run", TEXT),
        Column("as_of", INSTANT),
        PrimaryKeyConstraint("run_id"),
    )
    op.create_table(
        "plan_files",
        Column("plan_id", TEXT, nullable=False),
        Column("stored_at", INSTANT, nullable=False),
        PrimaryKeyConstraint("plan_id"),
    )
    op.create_index("ix_plan_files_stored_at", "plan_files", ["stored_at"])
    op.create_table(
        "plan_pieces",
        Column("plan_id", TEXT, nullable=False),
        Column("number", Integer, autoincrement=False, nullable=False),
        Column("piece", LargeBinary, nullable=False),
        ForeignKeyConstraint(["plan_id"], ["plan_files.plan_id"], ondelete="CASCADE"),
        PrimaryKeyConstraint("plan_id", "number"),
    )
    op.create_table(
        "departed",
        Column("key", TEXT, nullable=False),
        Column("dn", TEXT, nullable=False),
        Column("dn_normalised", TEXT, nullable=False),
        Column("at", INSTANT, nullable=False),
        PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "held_since",
        Column("key", TEXT, nullable=False),
        Column("verb", TEXT, nullable=False),
        Column("since", INSTANT, nullable=False),
        PrimaryKeyConstraint("key", "verb"),
    )
    failed = text("outcome = 'failed'")
    op.create_index("journal_failures", "journal", ["started_at"], sqlite_where=failed, postgresql_where=failed)
