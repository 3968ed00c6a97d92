"""What failed in the run before: no news, when it fails again."""

from sqlalchemy import select

from ldap2scim.model import Key
from ldap2scim.planning.accounts import Result
from ldap2scim.state.schema import journal
from ldap2scim.state.store import Store


def failed_before(store: Store, run_id: str) -> frozenset[tuple[Key, str]]:
    """Return key and verb of what failed in the last run before this one that sent anything."""
    before = select(journal.c.run_id).where(journal.c.run_id != run_id).order_by(journal.c.op_no.desc()).limit(1)
    with store.read() as connection:
        last = connection.scalar(before)
        failed = select(journal.c.key, journal.c.verb).where(
            journal.c.run_id == last, journal.c.outcome == Result.FAILED.value
        )
        return frozenset((Key(key), verb) for key, verb in connection.execute(failed))
