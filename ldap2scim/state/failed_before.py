"""What failed lately: no news, when it fails again."""

from datetime import timedelta

from sqlalchemy import select

from ldap2scim.model import Key
from ldap2scim.state.schema import FAILED, journal
from ldap2scim.state.store import Store

LATELY = timedelta(days=7)
"""Longer than any schedule waits between two runs, and over a week-end."""


def failed_before(store: Store, run_id: str) -> frozenset[tuple[Key, str]]:
    """Return key and verb of what other runs than this one sent in the last days and failed.

    Errors stop a load, so that these are never many.
    """
    failed = select(journal.c.key, journal.c.verb).where(
        FAILED, journal.c.started_at >= store.clock() - LATELY, journal.c.run_id != run_id
    )
    with store.read() as connection:
        return frozenset((Key(key), verb) for key, verb in connection.execute(failed))
