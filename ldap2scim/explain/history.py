"""What was done about somebody, run by run: what changed, and what came of it. Reads only."""

from collections.abc import Collection, Iterator
from datetime import datetime

from sqlalchemy import or_, select

from ldap2scim.explain.answer import Values
from ldap2scim.model import Key
from ldap2scim.planning.accounts import Result
from ldap2scim.run import past_lines
from ldap2scim.run.past_lines import SEEN, Told, told
from ldap2scim.state.history import HistoryReader
from ldap2scim.state.schema import UNSETTLED, journal
from ldap2scim.state.store import Store

MOST = 20
"""Lines that are shown, the last ones."""


def history_rows(store: Store, keys: Collection[Key], values: Values) -> Iterator[tuple[str, str]]:
    """Yield what happened, the newest first: what is told by the history, and what only the journal has."""
    reader = HistoryReader(store)
    lines = {line.entry_no: line for key in keys for line in reader.of(key)}
    shown = past_lines.Values.SHOWN if values is Values.SHOWN else past_lines.Values.HIDDEN
    found = [(one.line.at, _said(one)) for one in told(store, list(lines.values()), shown, keys)]
    found += _journalled(store, keys, reader.since())
    found.sort(key=lambda one: one[0], reverse=True)
    for at, text in found[:MOST]:
        yield f"{at:%Y-%m-%d %H:%M} UTC", text
    if len(found) > MOST:
        yield "", f"and {len(found) - MOST} earlier ones"


def _said(one: Told) -> str:
    line = one.line
    outcome = f", {line.outcome}" if line.outcome else ""
    error = f" ({line.error})" if line.error else ""
    proof = f"; {line.proof.words}" if line.proof is not None else ""
    run = f" (run {line.run_id[:8]}{proof})" if line.run_id else ""
    what = f": {'; '.join(one.what)}" if one.what else ""
    return f"{line.verb or SEEN}{outcome}{error}{run}{what}"


def _journalled(store: Store, keys: Collection[Key], since: datetime) -> list[tuple[datetime, str]]:
    """Return what was begun before there was a history, and what is in doubt."""
    query = select(journal).where(journal.c.key.in_(keys), or_(journal.c.started_at < since, UNSETTLED))
    with store.read() as connection:
        rows = connection.execute(query.order_by(journal.c.op_no.desc()).limit(MOST)).all()
    return [(row.started_at, f"{row.verb}, {_outcome(row.outcome, row.error)} (run {row.run_id[:8]})") for row in rows]


def _outcome(outcome: str | None, error: str | None) -> str:
    return (outcome or Result.IN_DOUBT.value) + (f" ({error})" if error else "")
