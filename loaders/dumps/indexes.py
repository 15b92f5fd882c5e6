"""Indexes of a table: a first load fills it without them, which is several times faster."""

from concurrent.futures import ThreadPoolExecutor

import psycopg

from loaders.db import connect_to_muse

Indexes = dict[str, str]  # what follows the table's name, by the index's; the slowest first


def drop(conn: psycopg.Connection, indexes: Indexes) -> None:
    """Take them away, unless a reader would have to wait for it."""
    try:
        with conn.transaction():
            conn.execute("set local lock_timeout = '1s'")
            for name in indexes:
                conn.execute(f"drop index if exists muse.{name}".encode())
    except psycopg.errors.LockNotAvailable:
        pass


def make(conn: psycopg.Connection, table: str, indexes: Indexes, workers: int) -> None:
    """Build those that are not there, as many at a time as there are workers."""
    query = "select name from unnest(%s::text[]) as name where to_regclass('muse.' || name) is null"
    missing = [name for (name,) in conn.execute(query, (list(indexes),))]

    def build(name: str) -> None:
        with connect_to_muse(autocommit=True) as own:
            own.execute(
                f"create index if not exists {name} on muse.{table} {indexes[name]}".encode()
            )

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(build, missing))
