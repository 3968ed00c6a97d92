"""Statements for many rows or values at once."""

import pytest
from sqlalchemy import func, select

from ldap2scim.state.bulk import BulkSelect
from ldap2scim.state.chunks import STATEMENT_ROWS
from ldap2scim.state.schema import meta
from ldap2scim.state.store import Store

NAMES = [f"name {n}" for n in range(2 * STATEMENT_ROWS + 3)]


@pytest.mark.parametrize("asked", [0, 1, STATEMENT_ROWS - 1, STATEMENT_ROWS, STATEMENT_ROWS + 1, len(NAMES)])
def test_rows_are_found_in_pieces_of_any_size(store: Store, asked: int) -> None:
    """Every value that is there is found once, however many are asked for, and again with the same statement."""
    with store.write() as connection:
        connection.execute(meta.insert(), [{"name": name, "value": name.upper()} for name in NAMES[::2]])
    with_parameters = select(meta.c.name, meta.c.value.concat("!")).where(meta.c.value != "NAME 0")
    query = BulkSelect(with_parameters.order_by(func.replace(meta.c.value, "N", "n")), meta.c.name)
    with store.read() as connection:
        for _ in range(2):
            found = list(query.rows(connection, NAMES[:asked]))
            assert sorted(found) == sorted((name, f"{name.upper()}!") for name in NAMES[2:asked:2])
