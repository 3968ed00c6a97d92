"""What was done about somebody, run by run, from the journal. Reads only."""

from collections.abc import Collection, Iterator

from sqlalchemy import select

from ldap2scim.model import Key
from ldap2scim.planning.accounts import Result
from ldap2scim.state.schema import journal, runs
from ldap2scim.state.store import Store

MOST = 20
"""Operations that are shown, the last ones."""


def history_rows(store: Store, keys: Collection[Key]) -> Iterator[tuple[str, str]]:
    """Yield the last operations about these keys, the newest first."""
    query = (
        select(journal, runs.c.mode)
        .outerjoin(runs, runs.c.run_id == journal.c.run_id)
        .where(journal.c.key.in_(keys))
        .order_by(journal.c.op_no.desc())
        .limit(MOST + 1)
    )
    with store.read() as connection:
        found = connection.execute(query).all()
    for row in found[:MOST]:
        outcome = row.outcome or Result.IN_DOUBT.value
        error = f": {row.error}" if row.error else ""
        yield f"{row.started_at:%Y-%m-%d %H:%M} UTC", f"{row.verb}, {outcome}{error} (run {row.run_id[:8]})"
    if len(found) > MOST:
        yield "", f"and earlier ones; these are the last {MOST}"
