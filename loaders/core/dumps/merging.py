"""Staging tables cleaned up, and merged into the tables in batches by parallel connections."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg

from loaders.core.db import connect_to_load, script
from loaders.core.dumps.staging import QUERIES, Staging

DELETE_CHUNKS = "delete from {table} where chunk_id = any(%s)"
BATCH = 512  # pages (of 8 kB) of a staging table in one batch
# A batch is small against its tables, whatever the planner estimates.
PLANNER = """
    set jit = off; set work_mem = '64MB'; set enable_memoize = off; set synchronous_commit = off;
    set max_parallel_workers_per_gather = 0; set hash_mem_multiplier = 8
"""


def delete_stale_chunks(
    conn: psycopg.Connection, staging: Staging, tables: tuple[str, ...], run_id: int
) -> None:
    """Delete the chunks that an interrupted run staged and this run did not read."""
    for table in (*tables, "chunks"):
        query = staging.sql(QUERIES.delete_stale, table=f"{{{table}}}")
        conn.execute(query, {"run": run_id})


def delete_outdated_chunks(
    conn: psycopg.Connection,
    staging: Staging,
    tables: tuple[str, ...],
    query: str,
    values: dict[str, Any],
) -> None:
    """Delete the chunks whose chunk_ids a query selects, so that they are staged again.

    Keys of failed entries outside of chunks are deleted too: every run collects its own.
    """
    with conn.transaction():
        chunk_ids = [row[0] for row in conn.execute(staging.sql(query), values)]
        for table in (*tables, "chunks"):
            delete = staging.sql(DELETE_CHUNKS, table=f"{{{table}}}")
            conn.execute(delete, (chunk_ids,))
        conn.execute(staging.sql("delete from {failed} where chunk_id is null"))


def delete_duplicates(
    conn: psycopg.Connection, staging: Staging, key: str, ranks: dict[str, str]
) -> Iterator[tuple[str, list[str]]]:
    """Delete all but the best copy of each entry; yield its key and the places of the others.

    key: the column that must be unique. ranks: by staging table, the `order by` list that puts the
    best copy first.
    """
    query = staging.sql(QUERIES.find_duplicates, key=key, rank=ranks["seen"])
    rows = conn.execute(query).fetchall()
    if rows:
        keys = [value for value, _ in rows]
        for table, rank in ranks.items():
            delete = staging.sql(
                QUERIES.delete_duplicates, table=f"{{{table}}}", key=key, rank=rank
            )
            conn.execute(delete, {"keys": keys})
    for value, places in rows:
        yield value, places[1:]


def in_batches(
    conn: psycopg.Connection,
    staging: Staging,
    table: str,
    query: str,
    *,
    parts: dict[str, str] | None = None,
    values: dict[str, Any] | None = None,
    workers: int,
    on_rows: Callable[[int], object],
    is_script: bool = False,
) -> None:
    """Run a query over a staging table in batches of 4 MB, each in its own transaction.

    query: restricts the table to ctids from %(first)s to before %(last)s. parts: see Staging.sql.
    workers: number of connections. on_rows: called with each batch's row count, from any thread.
    is_script: the query is several statements; the last one's row count counts.
    """
    size = "select pg_relation_size(%s::regclass) / current_setting('block_size')::int"
    (pages,) = conn.execute(size, (staging.name(table),)).fetchone() or (0,)
    starts = iter(range(0, pages, BATCH))
    mutex = threading.Lock()
    composed = staging.sql(query, **(parts or {}))

    def work() -> None:
        with connect_to_load(autocommit=True) as own:
            own.execute(PLANNER)
            while True:
                with mutex:
                    start = next(starts, None)
                if start is None:
                    return
                span: dict[str, Any] = {"first": f"({start},0)", "last": f"({start + BATCH},0)"}
                span |= values or {}
                with own.transaction():
                    on_rows(
                        script(own, composed, span)
                        if is_script
                        else own.execute(composed, span).rowcount
                    )

    with ThreadPoolExecutor(workers) as pool:
        for done in [pool.submit(work) for _ in range(workers)]:
            done.result()
