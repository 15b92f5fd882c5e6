"""Items from staging into their table, batch by batch, and only those that changed."""

from collections.abc import Callable, Iterator

import psycopg

from loaders.core.dumps import merging
from loaders.core.dumps.staging import Staging
from loaders.wikidata.names import PROPERTIES
from loaders.wikidata.staging import ITEM

NAMES = [name for name in ITEM if name != "chunk_id"]
PARTS = {
    "columns": ", ".join(NAMES),
    "changed_columns": ", ".join(f"item.{name}" for name in NAMES).replace(
        "item.loaded_by",
        "case when old.loaded_by @> item.loaded_by then old.loaded_by "
        "else old.loaded_by || item.loaded_by end",
    ),
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
# Staged in an earlier run, against a row that another load has changed or removed since.
OUTDATED = """
    select distinct new.chunk_id
    from {seen} as new left join muse.wikidata as old on old.wikidata_id = new.wikidata_id
    where new.kind in ('kept', 'seen')
      and old.kept_as is distinct from new.stored_as
      and old.kept_as is distinct from coalesce(new.kept_as, {number})
        or new.kind = 'kept' and not new.unmarked and not old.loaded_by @> array[{filter}]
"""
MARK = """
    update muse.wikidata as old set loaded_by = old.loaded_by || array[{filter}]
    from {seen} as new
    where new.ctid >= %s and new.ctid < %s and new.kind = 'kept' and new.unmarked
      and old.wikidata_id = new.wikidata_id and not old.loaded_by @> array[{filter}]
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
            ({columns}, properties) = row({changed_columns}, coalesce(made.properties, '{}'))
        from item left join made using (wikidata_id)
        where item.wikidata_id = old.wikidata_id
          and (old.lastrevid is null or item.lastrevid > old.lastrevid
            or item.lastrevid = old.lastrevid and old.kept_as <> item.kept_as)
    )
    insert into muse.wikidata ({columns}, properties)
    select {columns}, coalesce(made.properties, '{}')
    from item left join made using (wikidata_id)
    where item.loaded_by <> '{}' and not exists (
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


def mark_items(conn: psycopg.Connection, staging: Staging, filter: int, workers: int) -> None:
    """Note on items that are kept and did not change that this filter keeps them."""
    merging.in_batches(
        conn, staging, "seen", MARK, parts={"filter": str(filter)}, workers=workers,
        on_rows=lambda rows: None,
    )  # fmt: skip
