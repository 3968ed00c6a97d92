"""One statement for many rows, as quick as the driver takes them.

SQLAlchemy makes a dictionary of every row before the driver sees it: measured at half of the time of a bulk write.
The statements are still Core's, compiled once for whatever database is behind the connection; only the rows go
straight to the driver. They hold what the driver takes: text, bytes, numbers, None; moments as `schema.micros`.
"""

from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Delete, Dialect, Insert, Select, Table, Update, bindparam, insert

from ldap2scim.state.chunks import STATEMENT_ROWS, chunks


class BulkSelect:
    """A query for the rows that have one of many texts in a column. For a whole piece of them it is compiled once."""

    def __init__(self, query: Select[Any], column: ColumnElement[str]) -> None:
        self._query = query
        self._column = column
        self._compiled: dict[str, tuple[str, Sequence[Any], int]] = {}

    def rows(self, connection: Connection, values: Iterable[str]) -> Iterator[tuple[Any, ...]]:
        """Yield the rows in no order; columns and parameters are what needs no conversion: text, bytes, numbers."""
        for piece in chunks(values):
            if len(piece) == STATEMENT_ROWS:
                sql, parameters, start = self._for_a_piece(connection.dialect)
                filled = (*parameters[:start], *piece, *parameters[start + len(piece) :])
                found = connection.exec_driver_sql(sql, filled)
            else:
                found = connection.execute(self._query.where(self._column.in_(piece)))
            yield from found.tuples().all()

    def _for_a_piece(self, dialect: Dialect) -> tuple[str, Sequence[Any], int]:
        """Return the statement, its parameters in their places, and from where on those stand that are asked for."""
        if dialect.name not in self._compiled:
            asked = [f"\0{n}" for n in range(STATEMENT_ROWS)]
            whole = self._query.where(self._column.in_(asked))
            compiled = whole.compile(dialect=_positional(dialect), compile_kwargs={"render_postcompile": True})
            values = compiled.params  # made anew each time that it is asked for
            parameters = [values[name] for name in getattr(compiled, "positiontup", None) or ()]
            self._compiled[dialect.name] = (str(compiled), parameters, parameters.index(asked[0]))
        return self._compiled[dialect.name]


class Bulk:
    """A statement whose parameters are `names`, executed with rows in the order of those names."""

    def __init__(self, statement: Insert | Update | Delete, names: Sequence[str]) -> None:
        self._statement = statement
        self._names = tuple(names)
        self._compiled: dict[str, tuple[str, tuple[int, ...]]] = {}

    @classmethod
    def insert(cls, table: Table, names: Sequence[str]) -> "Bulk":
        """Return the insertion of rows that have these columns."""
        return cls(insert(table).values({name: bindparam(name) for name in names}), names)

    def execute(self, connection: Connection, rows: Iterable[tuple[object, ...]]) -> None:
        """Execute the statement once a row; nothing happens where there is none."""
        parameters = list(rows)
        if not parameters:
            return
        if connection.dialect.name == "postgresql" and self._copy(connection, parameters):
            return
        sql, order = self._for(connection)
        if order == tuple(range(len(self._names))):
            connection.exec_driver_sql(sql, parameters)
        else:
            ordered = itemgetter(*order)
            connection.exec_driver_sql(sql, [ordered(row) for row in parameters])

    def _copy(self, connection: Connection, rows: Sequence[tuple[object, ...]]) -> bool:
        from ldap2scim.state.postgresql import copy_rows

        return isinstance(self._statement, Insert) and copy_rows(connection, self._statement.table, self._names, rows)

    def _for(self, connection: Connection) -> tuple[str, tuple[int, ...]]:
        name = connection.dialect.name
        if name not in self._compiled:
            compiled = self._statement.compile(dialect=_positional(connection.dialect))
            order = tuple(self._names.index(place) for place in getattr(compiled, "positiontup", None) or ())
            self._compiled[name] = (str(compiled), order)
        return self._compiled[name]


def _positional(dialect: Dialect) -> Dialect:
    """Return a dialect whose parameters have places: psycopg takes names as well, and places cost no dictionary."""
    return dialect if dialect.positional else type(dialect)(paramstyle="format")  # type: ignore[call-arg]  # as `create_engine` calls it
