"""Export of a class table as CSV or Parquet, row by row."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psycopg
from psycopg import sql

from loaders.core.console import counted, say
from loaders.core.errors import Problem
from loaders.wikidata.queries import QUERIES

STANDARD_OUTPUT = "-"
Columns = list[tuple[str, str]]
Writer = Callable[[psycopg.Connection, str, Columns, IO[bytes]], int]
FORMATS = {".csv": "csv", ".parquet": "parquet"}


def format_of(format: str | None, out: str) -> str:
    """The format by its name, else by the ending of the file, else CSV. Errors: Problem."""
    if format is None and out != STANDARD_OUTPUT:
        format = FORMATS.get(Path(out).suffix.lower())
        if format is None:
            raise Problem(f"{out}: name a file that ends in .csv or .parquet, or use --format")
    if format not in (None, *FORMATS.values()):
        raise Problem(f"no format {format!r}: the formats are csv and parquet")
    return format or "csv"


def export(conn: psycopg.Connection, name: str, format: str, out: str) -> None:
    """Write a class table to a file or to standard output (`-`).

    A file is replaced when it is complete. `conn` is in a transaction. Errors: Problem, and
    psycopg.Error where there is no such table.
    """
    conn.execute("select muse.find_class_table(%s)", (name,))
    write = _writer(format)
    columns = conn.execute(QUERIES.select_table_columns, {"name": name}).fetchall()
    try:
        with _opened(out) as file:
            rows = write(conn, name, columns, file)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise Problem(f"{out}: {error.strerror or error}") from error
    if out != STANDARD_OUTPUT:
        say(f"{counted(rows, 'rows')} with {counted(len(columns), 'columns')} in {out}")


def _writer(format: str) -> Writer:
    if format == "csv":
        return write_csv
    try:
        from loaders.wikidata.parquet import write_parquet
    except ModuleNotFoundError as error:
        raise Problem("Parquet needs pyarrow: pip install 'pgmuse[parquet]'") from error
    return write_parquet


@contextmanager
def _opened(out: str) -> Iterator[IO[bytes]]:
    if out == STANDARD_OUTPUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    partial = Path(f"{out}.part")
    try:
        with partial.open("wb") as file:
            yield file
        os.replace(partial, out)
    finally:
        partial.unlink(missing_ok=True)


def write_csv(conn: psycopg.Connection, name: str, columns: Columns, file: IO[bytes]) -> int:
    """Write all rows in the order of their ids; return their number. columns: name and type."""
    query = sql.SQL("copy (select * from {} order by wikidata_id) to stdout (format csv, header)")
    with conn.cursor() as cursor:
        with cursor.copy(query.format(sql.Identifier("muse_tables", name))) as rows:
            for block in rows:
                file.write(block)
        return cursor.rowcount
