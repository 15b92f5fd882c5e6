"""The labels of entities, and the column properties, which is built from claims and labels.

Properties contain the labels of other entities. They are therefore built in the database after all
labels are stored, and rebuilt when a label changes.
"""

import psycopg

from loaders.core.db import script
from loaders.core.dumps.staging import Staging
from loaders.wikidata.queries import QUERIES, queries_for

BATCH = 2000  # items whose properties are rebuilt in one statement
PARTS = {
    name: f"({query.removesuffix(';')})"
    for name, query in {
        "statements": QUERIES.build_statements,
        "mentioned": QUERIES.build_mentioned,
        "named": QUERIES.build_named,
        "numbers": QUERIES.build_numbers,
        "properties": QUERIES.build_properties,
    }.items()
}


def merge_labels(
    conn: psycopg.Connection, staging: Staging, *, fresh: bool, only_missing: bool
) -> None:
    """Store the labels of all staged entities, in the caller's transaction.

    fresh: no items are stored yet that could use them. only_missing: stored labels do not change.
    """
    update = staging.sql(queries_for(conn).update_labels)
    script(conn, update, {"only_missing": only_missing})
    conn.execute(staging.sql(QUERIES.insert_labels), {"record": not fresh})
    conn.execute(staging.sql(QUERIES.upsert_property_labels))
    conn.execute(staging.sql(QUERIES.delete_property_labels))
    conn.execute(staging.sql(QUERIES.upsert_redirects))
    conn.execute(QUERIES.copy_redirect_labels)


def rename(conn: psycopg.Connection, staging: Staging) -> int:
    """Rebuild properties that contain a changed label. Return the number of items.

    Includes labels that a killed load changed.
    """
    if conn.execute("select from muse.wikidata_renamed limit 1").fetchone() is None:
        return 0
    changed, update = 0, staging.sql(QUERIES.update_properties, **PARTS)
    item_ids = [row[0] for row in conn.execute(queries_for(conn).find_renamed_items)]
    for start in range(0, len(item_ids), BATCH):
        batch = {"ids": item_ids[start : start + BATCH]}
        changed += conn.execute(update, batch).rowcount
    conn.execute("delete from muse.wikidata_renamed")
    return changed
