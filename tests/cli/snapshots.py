"""What a state file remembers of the service, read without the program."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

TABLES = ("snapshot", "snapshot_essences", "memberships", "held_operations")


def snapshot_of(state: Path) -> Mapping[str, list[Any]]:
    """Return the rows of every table that a refused run must leave as they are."""
    with closing(sqlite3.connect(f"file:{state}?mode=ro", uri=True)) as database:
        return {table: sorted(database.execute(f"SELECT * FROM {table}").fetchall()) for table in TABLES}  # noqa: S608
