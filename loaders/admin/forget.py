"""Delete a source and the rows derived from it, in all topics that loaded it."""

from collections import Counter

import psycopg

from loaders import topics
from loaders.core.errors import Problem
from loaders.core.topics import StoredSource

SOURCES = """
    select source_id, location, options, loaded_at is not null from muse.sources
    where topic = %s and location = %s
"""


def forget_source(conn: psycopg.Connection, location: str) -> dict[str, int]:
    """Delete a source in one transaction; return the numbers of deleted rows by noun.

    `conn` is in autocommit mode. Errors: Problem where no topic has such a source.
    """
    counts: Counter[str] = Counter()
    is_loaded = False
    with conn.transaction():
        for topic in topics.TOPICS:
            for row in conn.execute(SOURCES, (topic.name, location)).fetchall():
                counts.update(topic.forget(conn, StoredSource(*row)))
                is_loaded = True
    if not is_loaded:
        raise Problem(f"there is no source {location!r}: see the table sources")
    return dict(counts)
