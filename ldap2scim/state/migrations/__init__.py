"""Changes of the tables from version to version (Alembic). Needed for the upgrade of an older state alone.

`versions/` holds one file a version. The version that a state has is in its table `meta`, and nowhere else: Alembic's
own table would be a second word for one thing. There is no way down: the copy that is made before an upgrade of a file
is the way back.
"""

from pathlib import Path

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


def migrate(connection: Connection, found: int, wanted: int) -> None:
    """Change the tables from one version to a later one, in the transaction that is open.

    A `found` of 0 makes the tables of the oldest version first.
    """
    scripts = ScriptDirectory(str(Path(__file__).parent))
    base = f"{found:04}" if found else "base"
    steps = list(scripts.iterate_revisions(f"{wanted:04}", base))
    with Operations.context(MigrationContext.configure(connection)):
        for step in reversed(steps):
            step.module.upgrade()
