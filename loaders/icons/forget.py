"""Delete the icons of a source."""

from pathlib import Path

import psycopg

from loaders.core.queries import Queries
from loaders.core.topics import StoredSource

QUERIES = Queries(Path(__file__).with_name("queries.sql"))


def forget_source(conn: psycopg.Connection, source: StoredSource) -> dict[str, int]:
    """Delete a set, in the caller's transaction; return its number of icons of 32 pixels.

    Networks that were trained on the set are not changed: train them again.
    """
    key = (source.source_id,)
    query = "delete from muse.icons where source_id = %s and size = 32"
    icons = conn.execute(query, key).rowcount
    conn.execute("delete from muse.icons where source_id = %s", key)
    conn.execute("delete from muse.sources where source_id = %s", key)
    conn.execute(QUERIES.clear_copies)
    return {"icons": icons}
