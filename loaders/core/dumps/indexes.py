"""Indexes of a table: a first load fills it without them, which is several times faster."""

from concurrent.futures import ThreadPoolExecutor

import psycopg

from loaders.core.db import connect_to_load


def drop(conn: psycopg.Connection, table: str) -> None:
    """Drop the secondary indexes of an empty table, unless a reader would have to wait for it."""
    conn.execute("select muse.drop_indexes(%s)", (table,))


def create(conn: psycopg.Connection, table: str, workers: int) -> None:
    """Create again what `drop` dropped, also in a run that was killed, `workers` at a time.

    Indexes of jsonb and arrays take longest and come first.
    """
    query = """
        select index_name from muse.dropped_indexes where table_name = %s
        order by definition not like '%%using gin%%', length(definition) desc
    """
    names = [name for (name,) in conn.execute(query, (table,))]

    def build(name: str) -> None:
        with connect_to_load(autocommit=True) as own:
            own.execute("select muse.create_index(%s)", (name,))

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(build, names))
