"""Items from staging into their table, batch by batch, and only those that changed."""

from collections.abc import Callable, Iterator

import psycopg

from loaders.dumps import merging
from loaders.dumps.staging import Staging
from loaders.wikidata.names import PROPERTIES
from loaders.wikidata.staging import ITEM

NAMES = [name for name in ITEM if name != "chunk_id"]
PARTS = {
    "columns": ", ".join(NAMES),
    "new_columns": ", ".join(f"item.{name}" for name in NAMES),
    "staged": """
        with item as materialized (select * from {items} where ctid >= %s and ctid < %s),
        {properties}
    """,
    "properties": PROPERTIES,
}

# Of an entity that is there twice the newest revision counts, else the last. A label that comes
# alone is no entity.
NEWEST = "coalesce(lastrevid, -1) desc, chunk_id desc, ctid desc"
RANKS = {"seen": f"(kind <> 'label') desc, {NEWEST}", "items": NEWEST}
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
    for wikidata_id, places in merging.duplicates(conn, staging, "wikidata_id", RANKS):
        yield wikidata_id, [place for place in places if not place.startswith("label ")]


def merge_items(
    conn: psycopg.Connection,
    staging: Staging,
    *,
    fresh: bool,
    workers: int,
    on_items: Callable[[int], object],
) -> None:
    """Bring in all staged items; again does no harm.

    fresh: the table was empty when the load began.
    """
    query = ADD if fresh else CHANGE
    merging.in_batches(
        conn, staging, "items", query, parts=PARTS, workers=workers, on_rows=on_items
    )
