"""The table wikidata_classes: number of items, superclasses and depth of each class."""

import psycopg

from loaders.core.db import script
from loaders.core.dumps.staging import Staging
from loaders.wikidata.queries import CLUSTER, queries_for


def update_classes(
    conn: psycopg.Connection, staging: Staging | None = None, *, recount: bool = True
) -> None:
    """Apply the counts that triggers recorded, and the superclasses of staged entities.

    Where superclasses changed, all depths and counts with subclasses are computed again, else only
    the counts of the classes above changed items. recount: False leaves the former to the next
    call, also that of another load.
    """
    queries = queries_for(conn)
    with conn.transaction():
        pending = conn.execute(queries.find_pending_recount).fetchone()
        if queries is CLUSTER and not recount:  # the next call counts all items again
            conn.execute(queries.create_no_changes)
        else:
            script(conn, queries.take_class_changes)
        conn.execute(queries.update_class_sets)
        conn.execute(queries.insert_class_sets)
        conn.execute(queries.delete_class_sets)
        conn.execute(queries.create_superclasses)
        if staging is not None:
            script(conn, staging.sql(queries.insert_superclasses))
        conn.execute(queries.insert_classes)
        changed = conn.execute(queries.update_superclasses).rowcount or pending is not None
        conn.execute(queries.update_class_items)
        conn.execute(queries.update_class_names)
        if changed and not recount:
            conn.execute(queries.insert_pending_recount)
        elif changed:
            conn.execute("select muse.measure_class_depths()")
            conn.execute("select muse.count_class_items('muse.wikidata_class_sets', true)")
        else:
            conn.execute("select muse.count_class_items('pg_temp.delta', false)")
