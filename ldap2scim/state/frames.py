"""Reading narrow frames from the store, a chunk at a time.

A chunk of rows becomes Arrow columns before the next is fetched, so that a million rows are never a million tuples.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from sqlalchemy import Connection, Select

if TYPE_CHECKING:
    from pandas import DataFrame

CHUNK_ROWS = 2_000
"""Few enough that the rows stay in the processor's cache: twenty thousand take a quarter longer."""


ColumnKind: TypeAlias = Literal["text", "nullable text", "boolean", "integer"]
"""`text` has `planning.frames.ABSENT` where there is no value; `nullable text` has NaN."""


def read_frame(connection: Connection, query: Select[Any], kinds: Sequence[ColumnKind]) -> "DataFrame":
    """Return the rows of a query as a frame.

    Args:
        connection: an open reader's connection.
        query: its columns name those of the frame.
        kinds: one a column.
    """
    import pandas as pd
    import pyarrow as pa

    from ldap2scim.planning.frames import ABSENT, TEXT

    # Its own allocators keep a tenth of a large run's memory for later, and are no quicker here.
    pa.set_memory_pool(pa.system_memory_pool())
    of_kind = {
        "text": (pa.large_string(), TEXT),
        "nullable text": (pa.large_string(), TEXT),
        "boolean": (pa.bool_(), "boolean"),
        "integer": (pa.int64(), "int64"),
    }
    # A database without booleans has numbers in their place.
    booleans = pa.bool_() if connection.dialect.supports_native_boolean else pa.int8()
    parts: list[list[Any]] = [[] for _ in kinds]
    for rows in plain_rows(connection, query):
        for part, values, kind in zip(parts, zip(*rows, strict=True), kinds, strict=True):
            column = pa.array(values, type=booleans if kind == "boolean" else of_kind[kind][0])
            match kind:
                case "text":
                    part.append(column.fill_null(ABSENT))
                case "boolean":
                    part.append(column.cast(pa.bool_()))
                case _:
                    part.append(column)
    # In one piece, or every comparison would first put the pieces together again.
    return pd.DataFrame(
        {
            column.name: pd.array(_whole(part, of_kind[kind][0]), dtype=of_kind[kind][1])
            for column, part, kind in zip(query.selected_columns, parts, kinds, strict=True)
        }
    )


def _whole(pieces: list[Any], arrow_type: Any) -> Any:  # noqa: ANN401 (Arrow ships no types)
    import pyarrow as pa

    whole = pa.chunked_array(pieces, type=arrow_type).combine_chunks()
    pieces.clear()
    return whole


def plain_rows(connection: Connection, query: Select[Any]) -> Iterator[Sequence[tuple[Any, ...]]]:
    """Yield the driver's own tuples: a row object for each of them is a third of the time of a scan."""
    if connection.dialect.name == "sqlite":
        result = connection.execute(query)
        fetch = result.cursor.fetchmany
    else:
        # A driver that would fetch everything at once (psycopg) is told not to. SQLAlchemy then takes the first row
        # from it beforehand, so that the rows must be asked of SQLAlchemy.
        result = connection.execute(query, execution_options={"stream_results": True})
        fetch = result.fetchmany
    try:
        while rows := fetch(CHUNK_ROWS):
            yield rows
    finally:
        result.close()
