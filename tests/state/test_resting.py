"""Connections that nobody uses are closed between phases."""

from sqlalchemy import select

from ldap2scim.state.schema import meta
from ldap2scim.state.store import Store


def test_a_store_at_rest_is_used_again(store: Store) -> None:
    """What was written is there for the next who reads, and who is in the middle of something is not disturbed."""
    query = select(meta.c.value).where(meta.c.name == "a")
    with store.write() as writing:
        writing.execute(meta.insert(), {"name": "a", "value": "b"})
        store.rest()
        assert writing.scalar(query) == "b"
    with store.read() as reading:
        assert reading.scalar(query) == "b"
        store.rest()
        assert reading.scalar(query) == "b"
    store.rest()
    with store.write() as writing:
        assert writing.scalar(query) == "b"
