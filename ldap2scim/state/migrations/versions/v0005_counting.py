"""Indexes for what each run counts and looks for, and would read whole tables for."""

from alembic import op
from sqlalchemy import text

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the indexes."""
    op.create_index("snapshot_kinds", "snapshot", ["resource_type", "status"])
    found = text("findings IS NOT NULL")
    op.create_index("image_findings", "image", ["standing", "id"], sqlite_where=found, postgresql_where=found)
