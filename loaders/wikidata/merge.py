"""Items from staging into their table, batch by batch, and only those that changed."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg

from loaders.db import connect_to_muse
from loaders.wikidata.names import PROPERTIES
from loaders.wikidata.staging import ITEM, Staging

BATCH = 512  # pages of staging that are merged at once: some 2,500 items
# A batch is small against its tables, whatever the planner knows of them.
PLAN = """
    set jit = off; set work_mem = '64MB'; set enable_memoize = off; set synchronous_commit = off;
    set max_parallel_workers_per_gather = 0
"""
NAMES = [name for name in ITEM if name != "chunk_id"]
PARTS = {
    "columns": ", ".join(NAMES),
    "new_columns": ", ".join(f"item.{name}" for name in NAMES),
    "staged": """
        with item as materialized (select * from {items} where ctid >= %s and ctid < %s),
        {properties}
    """,
    "properties": PROPERTIES,
    "newest": "coalesce(lastrevid, -1) desc, chunk_id desc, ctid desc",
}

# What this pass did not see is of an older file that was cut off.
STALE = (
    "delete from {items} where chunk_id in (select chunk_id from {chunks} where run_id <> %s)",
    "delete from {seen} where chunk_id in (select chunk_id from {chunks} where run_id <> %s)",
    "delete from {chunks} where run_id <> %s",
)
# Of an entity that is there twice the newest revision counts, else the last. A label that comes
# alone is no entity.
DUPLICATES = """
    select wikidata_id, array_agg(place order by (kind <> 'label') desc, {newest})
    from {seen} group by wikidata_id having count(*) > 1 order by wikidata_id
"""
ONCE_SEEN = """
    delete from {seen} as old using (
        select ctid, row_number() over (
            partition by wikidata_id order by (kind <> 'label') desc, {newest}
        ) as copy
        from {seen} where wikidata_id = any(%s)
    ) as ranked
    where ranked.ctid = old.ctid and ranked.copy > 1
"""
ONCE_STAGED = ONCE_SEEN.replace("{seen}", "{items}").replace("(kind <> 'label') desc,", "")
GONE = """
    delete from muse.wikidata where wikidata_id in (
        select wikidata_id from {seen} where kind = 'redirect'
    )
"""
PRUNE = """
    delete from muse.wikidata as old where not exists (
        select from {seen} as new where new.wikidata_id = old.wikidata_id and new.kind = 'kept'
    )
"""
ADD = """
    {staged}
    insert into muse.wikidata ({columns}, properties)
    select {columns}, coalesce(made.properties, '{}')
    from item left join made using (wikidata_id)
"""
CHANGE = """
    {staged},
    changed as (
        update muse.wikidata as old set
            ({columns}, properties) = row({new_columns}, coalesce(made.properties, '{}'))
        from item left join made using (wikidata_id)
        where item.wikidata_id = old.wikidata_id
          and (old.lastrevid is distinct from item.lastrevid or item.lastrevid is null
            or old.kept_as <> item.kept_as)
    )
    insert into muse.wikidata ({columns}, properties)
    select {columns}, coalesce(made.properties, '{}')
    from item left join made using (wikidata_id)
    where not exists (
        select from muse.wikidata as old where old.wikidata_id = item.wikidata_id
    )
"""


def duplicates(conn: psycopg.Connection, staging: Staging) -> Iterator[tuple[str, list[str]]]:
    """Take out all but one copy of an entity; its id, and where the others stand."""
    found = conn.execute(staging.sql(DUPLICATES, **PARTS)).fetchall()
    if found:
        ids = [wikidata_id for wikidata_id, _ in found]
        conn.execute(staging.sql(ONCE_SEEN, **PARTS), (ids,))
        conn.execute(staging.sql(ONCE_STAGED, **PARTS), (ids,))
    for wikidata_id, places in found:
        yield wikidata_id, [place for place in places[1:] if not place.startswith("label ")]


def merge_items(
    conn: psycopg.Connection,
    staging: Staging,
    *,
    fresh: bool,
    workers: int,
    on_items: Callable[[int], object],
) -> None:
    """Bring in all staged items, batch by batch, each in a transaction; again does no harm.

    fresh: the table was empty when the load began. workers: connections that write at once.
    """
    query = staging.sql(ADD if fresh else CHANGE, **PARTS)
    size = "select pg_relation_size(%s::regclass) / current_setting('block_size')::int"
    (pages,) = conn.execute(size, (staging.name("items"),)).fetchone() or (0,)
    starts = iter(range(0, pages, BATCH))
    turn = threading.Lock()

    def work() -> None:
        with connect_to_muse(autocommit=True) as own:
            own.execute(PLAN)
            while True:
                with turn:
                    start = next(starts, None)
                if start is None:
                    return
                span = (f"({start},0)", f"({start + BATCH},0)")
                on_items(own.execute(query, span).rowcount)

    with ThreadPoolExecutor(workers) as pool:
        for done in [pool.submit(work) for _ in range(workers)]:
            done.result()
