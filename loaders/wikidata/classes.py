"""The table wikidata_classes: number of items and superclasses of each class."""

import psycopg

from loaders.core.dumps.staging import Staging
from loaders.wikidata.queries import QUERIES


def update_classes(conn: psycopg.Connection, staging: Staging | None = None) -> None:
    """Apply the counts that triggers recorded, and the superclasses of staged entities."""
    with conn.transaction():
        conn.execute(QUERIES.take_class_changes)
        conn.execute(QUERIES.create_superclasses)
        if staging is not None:
            conn.execute(staging.sql(QUERIES.insert_superclasses))
        conn.execute(QUERIES.insert_classes)
        conn.execute(QUERIES.update_superclasses)
        conn.execute(QUERIES.update_class_items)
        conn.execute(QUERIES.update_class_names)
