"""A class table as a Parquet file, 20,000 rows in memory at a time."""

from typing import IO, Any

import psycopg
import pyarrow
from psycopg import sql
from pyarrow import parquet

ROWS = 20_000  # in a row group
# The types of columns, and the expressions that they are read as. A date is a number of days here,
# because Python's dates begin in the year 1; a numeric without limits has no type in Parquet.
TYPES: dict[str, tuple[Any, str]] = {
    "text": (pyarrow.string(), "{}"),
    "text[]": (pyarrow.list_(pyarrow.string()), "{}"),
    "integer": (pyarrow.int32(), "{}"),
    "double precision": (pyarrow.float64(), "{}"),
    "date": (pyarrow.date32(), "{} - date '1970-01-01'"),
    "numeric": (
        pyarrow.float64(),
        "case when abs({0}) < 1e308 then round({0}, 300)::double precision end",
    ),
}


def write_parquet(
    conn: psycopg.Connection, name: str, columns: list[tuple[str, str]], file: IO[bytes]
) -> int:
    """Write all rows in the order of their ids; return their number. columns: name and type."""
    schema = pyarrow.schema([(column, TYPES[kind][0]) for column, kind in columns])
    query = sql.SQL("select {} from {} order by wikidata_id").format(
        sql.SQL(", ").join(
            sql.SQL(TYPES[kind][1]).format(sql.Identifier(column))  # type: ignore[arg-type]
            for column, kind in columns
        ),
        sql.Identifier("muse_tables", name),
    )
    count = 0
    with (
        parquet.ParquetWriter(file, schema) as writer,
        conn.cursor("export", binary=True) as cursor,
    ):
        cursor.execute(query)
        while rows := cursor.fetchmany(ROWS):
            writer.write_table(_as_table(rows, schema))
            count += len(rows)
    return count


def _as_table(rows: list[tuple[Any, ...]], schema: Any) -> Any:
    """Rows as columns; days are cast to dates."""
    arrays = []
    for values, field in zip(zip(*rows, strict=True), schema, strict=True):
        is_date = field.type == pyarrow.date32()
        array = pyarrow.array(values, pyarrow.int32() if is_date else field.type)
        arrays.append(array.cast(field.type) if is_date else array)
    return pyarrow.table(arrays, schema=schema)
