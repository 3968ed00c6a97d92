"""The types of columns as migrations write them, whatever `schema` says later. Pure."""

from typing import Final

from sqlalchemy import BigInteger, Integer, Text

TEXT: Final = Text().with_variant(Text(collation="C"), "postgresql")
INSTANT: Final = BigInteger()
ROW_NUMBER: Final = BigInteger().with_variant(Integer(), "sqlite")
