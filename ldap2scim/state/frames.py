"""Reading narrow frames from the store, a chunk at a time.

A chunk of rows becomes Arrow columns before the next is fetched, so that a million rows are never a million tuples.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from sqlalchemy import Connection, Select

if TYPE_CHECKING:
    from pandas import DataFrame

CHUNK_ROWS = 20_000


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

    of_kind = {
        "text": (pa.large_string(), TEXT),
        "nullable text": (pa.large_string(), TEXT),
        "boolean": (pa.bool_(), "boolean"),
        "integer": (pa.int64(), "int64"),
    }
    parts: list[list[Any]] = [[] for _ in kinds]
    for rows in connection.execution_options(stream_results=True).execute(query).partitions(CHUNK_ROWS):
        for part, values, kind in zip(parts, zip(*rows, strict=True), kinds, strict=True):
            column = pa.array(values, type=of_kind[kind][0])
            part.append(column.fill_null(ABSENT) if kind == "text" else column)
    return pd.DataFrame(
        {
            column.name: pd.array(pa.chunked_array(part, type=of_kind[kind][0]), dtype=of_kind[kind][1])
            for column, part, kind in zip(query.selected_columns, parts, kinds, strict=True)
        }
    )
