"""The table wikidata_classes: number of items, superclasses and depth of each class."""

from pathlib import Path

import psycopg

from loaders.core.dumps.staging import Staging
from loaders.core.queries import Queries

QUERIES = Queries(Path(__file__).with_name("classes.sql"))


def update_classes(
    conn: psycopg.Connection, staging: Staging | None = None, *, recount: bool = True
) -> None:
    """Apply the counts that triggers recorded, and the superclasses of staged entities.

    Where superclasses changed, all depths and counts with subclasses are computed again, else only
    the counts of the classes above changed items. recount: False leaves the former to the next
    call, also that of another load.
    """
    with conn.transaction():
        pending = conn.execute(QUERIES.find_pending_recount).fetchone()
        conn.execute(QUERIES.take_class_changes)
        conn.execute(QUERIES.update_class_sets)
        conn.execute(QUERIES.insert_class_sets)
        conn.execute(QUERIES.delete_class_sets)
        conn.execute(QUERIES.create_superclasses)
        if staging is not None:
            conn.execute(staging.sql(QUERIES.insert_superclasses))
        conn.execute(QUERIES.insert_classes)
        changed = conn.execute(QUERIES.update_superclasses).rowcount or pending is not None
        conn.execute(QUERIES.update_class_items)
        conn.execute(QUERIES.update_class_names)
        if changed and not recount:
            conn.execute(QUERIES.insert_pending_recount)
        elif changed:
            conn.execute("select muse.measure_class_depths()")
            conn.execute("select muse.count_class_items('muse.wikidata_class_sets', true)")
        else:
            conn.execute("select muse.count_class_items('pg_temp.delta', false)")
