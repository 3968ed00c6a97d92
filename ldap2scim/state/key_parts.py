"""The directory inside a key, as every database says it. Pure: builds SQL and runs none."""

from typing import Any

from sqlalchemy import Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class directory_of_key(FunctionElement[str]):  # noqa: N801 (it reads as the SQL function that it is)
    """`model.directory_of` of a column of keys: the text before the first colon."""

    type = Text()
    inherit_cache = True


@compiles(directory_of_key, "sqlite")
def _sqlite(element: directory_of_key, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 (SQLAlchemy's)
    key = compiler.process(element.clauses, **options)
    return f"substr({key}, 1, instr({key}, ':') - 1)"


@compiles(directory_of_key, "postgresql")
def _postgresql(element: directory_of_key, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 (SQLAlchemy's)
    return f"split_part({compiler.process(element.clauses, **options)}, ':', 1)"
