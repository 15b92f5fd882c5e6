"""From staging into the tables: each entry once, in batches, by connections side by side."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg

from loaders.core.db import connect_to_load
from loaders.core.dumps.staging import Staging

BATCH = 512  # pages of staging that are merged at once
# A batch is small against its tables, whatever the planner knows of them.
PLAN = """
    set jit = off; set work_mem = '64MB'; set enable_memoize = off; set synchronous_commit = off;
    set max_parallel_workers_per_gather = 0
"""
# What this pass did not see is of an older file that was cut off.
STALE = "delete from {{{}}} where chunk_id in (select chunk_id from {{chunks}} where run_id <> %s)"
OUTDATED = """
    create temporary table outdated on commit drop as {query};
    delete from {chunks} where chunk_id in (select chunk_id from pg_temp.outdated);
"""
OF_OUTDATED = "delete from {table} where chunk_id in (select chunk_id from pg_temp.outdated)"
# Of what is there twice the best counts: {rank} orders.
DUPLICATES = """
    select {key}::text, array_agg(place order by {rank})
    from {seen} where {key} is not null group by {key} having count(*) > 1 order by {key}
"""
ONCE = """
    delete from {table} as old using (
        select ctid, row_number() over (partition by {key} order by {rank}) as copy
        from {table} where {key}::text = any(%s)
    ) as ranked
    where ranked.ctid = old.ctid and ranked.copy > 1
"""


def forget_stale(
    conn: psycopg.Connection, staging: Staging, tables: tuple[str, ...], run_id: int
) -> None:
    """Take out what an earlier pass staged and this one did not come across."""
    for table in tables:
        conn.execute(staging.sql(STALE.format(table)), (run_id,))
    conn.execute(staging.sql("delete from {chunks} where run_id <> %s"), (run_id,))


def forget_outdated(
    conn: psycopg.Connection,
    staging: Staging,
    tables: tuple[str, ...],
    query: str,
    parts: dict[str, str],
) -> None:
    """Take out the chunks that a query selects, so that they are staged again.

    Names that stand in no chunk go too: every pass collects its own.
    """
    with conn.transaction():
        conn.execute(staging.sql(OUTDATED, query=query, **parts))
        for table in tables:
            conn.execute(staging.sql(OF_OUTDATED, table=f"{{{table}}}"))
        conn.execute(staging.sql("delete from {failed} where chunk_id is null"))


def duplicates(
    conn: psycopg.Connection, staging: Staging, key: str, ranks: dict[str, str]
) -> Iterator[tuple[str, list[str]]]:
    """Take out all but the best copy of an entry; its key, and where the others stand.

    key: the column that should be unique. ranks: of each table the order, the best first.
    """
    query = staging.sql(DUPLICATES, key=key, rank=ranks["seen"])
    found = conn.execute(query).fetchall()
    if found:
        keys = [value for value, _ in found]
        for table, rank in ranks.items():
            name = f"{{{table}}}"
            conn.execute(staging.sql(ONCE, table=name, key=key, rank=rank), (keys,))
    for value, places in found:
        yield value, places[1:]


def in_batches(
    conn: psycopg.Connection,
    staging: Staging,
    table: str,
    query: str,
    *,
    parts: dict[str, str],
    workers: int,
    on_rows: Callable[[int], object],
) -> None:
    """Run a query over a staging table, batch by batch, each in a transaction.

    query: takes two ctids, from and below. workers: connections that write at once.
    """
    size = "select pg_relation_size(%s::regclass) / current_setting('block_size')::int"
    (pages,) = conn.execute(size, (staging.name(table),)).fetchone() or (0,)
    starts = iter(range(0, pages, BATCH))
    turn = threading.Lock()
    composed = staging.sql(query, **parts)

    def work() -> None:
        with connect_to_load(autocommit=True) as own:
            own.execute(PLAN)
            while True:
                with turn:
                    start = next(starts, None)
                if start is None:
                    return
                span = (f"({start},0)", f"({start + BATCH},0)")
                on_rows(own.execute(composed, span).rowcount)

    with ThreadPoolExecutor(workers) as pool:
        for done in [pool.submit(work) for _ in range(workers)]:
            done.result()
