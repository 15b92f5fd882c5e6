"""Merge of staged items into the table wikidata, in batches; unchanged items are not staged."""

from collections.abc import Callable, Iterator

import psycopg

from loaders.core.dumps import merging
from loaders.core.dumps.staging import Staging
from loaders.wikidata import names
from loaders.wikidata.queries import CLUSTER, queries_for
from loaders.wikidata.staging import ITEM_COLUMNS

COLUMNS = [name for name in ITEM_COLUMNS if name not in ("loaded_by", "chunk_id")]
NUMBER_COLUMNS = "place, year, wikidata_id, property_id, amount, base_amount"
PARTS = {
    "columns": ", ".join(COLUMNS),
    "excluded_columns": ", ".join(f"excluded.{name}" for name in COLUMNS),
    "item_columns": ", ".join(f"item.{name}" for name in COLUMNS),
    "number_columns": NUMBER_COLUMNS,
    **names.PARTS,
}

# Of several copies the newest revision counts, else the last. A label alone is no entity.
NEWEST = "coalesce(lastrevid, -1) desc, chunk_id desc, ctid desc"
RANKS = {"seen": f"(kind <> 'label') desc, {NEWEST}", "items": NEWEST}


def delete_duplicates(
    conn: psycopg.Connection, staging: Staging
) -> Iterator[tuple[str, list[str]]]:
    """Delete all but one staged copy of each entity; yield its id and the others' places."""
    for wikidata_id, places in merging.delete_duplicates(conn, staging, "wikidata_id", RANKS):
        yield wikidata_id, [place for place in places if not place.startswith("label ")]


def merge_items(
    conn: psycopg.Connection,
    staging: Staging,
    *,
    run_id: int,
    fresh: bool,
    workers: int,
    on_items: Callable[[int], object],
) -> None:
    """Insert or update all staged items; repeating it changes nothing.

    fresh: the table was empty when the load began.
    """
    queries = queries_for(conn)
    is_cluster = queries is CLUSTER
    query = queries.insert_items if fresh and not is_cluster else queries.upsert_items
    merging.in_batches(
        conn, staging, "items", query, parts=PARTS, values={"run": run_id}, workers=workers,
        on_rows=on_items, is_script=is_cluster,
    )  # fmt: skip


def mark_items(
    conn: psycopg.Connection, staging: Staging, filter_number: int, workers: int
) -> None:
    """Add the filter's number to unchanged items that it keeps."""
    values, query = {"filter_number": filter_number}, queries_for(conn).mark_items
    merging.in_batches(
        conn, staging, "seen", query, values=values, workers=workers, on_rows=lambda rows: None
    )  # fmt: skip
