"""Delete the articles and redirects that came from a source."""

import psycopg

from loaders.core.console import say
from loaders.core.db import take_turns
from loaders.core.topics import StoredSource

OTHER = """
    select location from muse.sources
    where topic = 'wikipedia' and source_id <> %s and loaded_at is not null
    order by source_id limit 1
"""


def forget_source(conn: psycopg.Connection, source: StoredSource) -> dict[str, int]:
    """Delete a source, and all articles and redirects, in the caller's transaction.

    Where there is another source, its articles cannot be told apart and stay.
    """
    key = (source.source_id,)
    take_turns(conn, "wikipedia")
    other = conn.execute(OTHER, key).fetchone()
    counts = {"articles": 0, "redirects": 0}
    if other is None:
        counts["articles"] = conn.execute("delete from muse.wikipedia").rowcount
        counts["redirects"] = conn.execute("delete from muse.wikipedia_redirects").rowcount
    else:
        say(f"articles stay: they may be of {other[0]} too (load it with --prune, or forget it)")
    conn.execute("select muse.drop_staging('wikipedia', %s)", key)
    conn.execute("delete from muse.sources where source_id = %s", key)
    return counts
