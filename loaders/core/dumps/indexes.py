"""Dropping and rebuilding a table's indexes: a first load without them is several times faster."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import psycopg

from loaders.core.db import connect_to_load


def drop(conn: psycopg.Connection, table: str) -> None:
    """Drop the secondary indexes of an empty table. If a reader would have to wait, keep them."""
    conn.execute("select muse.drop_indexes(%s)", (table,))


def create(
    conn: psycopg.Connection, tables: Sequence[str], workers: int, slowest: str | None = None
) -> None:
    """Build the indexes that `drop` dropped in this or a killed run, `workers` at a time.

    The slowest and GIN indexes are built first, so that no worker waits for another at the end.
    """
    query = """
        select index_name from muse.dropped_indexes where table_name = any(%s)
        order by
            index_name is distinct from %s, definition not like '%%using gin%%',
            length(definition) desc
    """
    names = [name for (name,) in conn.execute(query, (list(tables), slowest))]

    def build(name: str) -> None:
        with connect_to_load(autocommit=True) as own:
            own.execute("select muse.create_index(%s)", (name,))

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(build, names))
