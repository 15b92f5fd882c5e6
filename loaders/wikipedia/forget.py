"""Delete the articles and redirects that came from a source."""

import psycopg

from loaders.core.console import say
from loaders.core.db import take_turns
from loaders.core.topics import StoredSource
from loaders.wikipedia.queries import QUERIES

ARTICLES = "delete from muse.wikipedia where wiki = %(wiki)s"
REDIRECTS = "delete from muse.wikipedia_redirects where wiki = %(wiki)s"


def forget_source(conn: psycopg.Connection, source: StoredSource) -> dict[str, int]:
    """Delete a source and all articles and redirects of its wiki, in the caller's transaction.

    Articles stay if the wiki has another source: it is unknown from which one they came.
    """
    values = {"source": source.source_id, "wiki": source.options.get("wiki")}
    take_turns(conn, "wikipedia")
    other = conn.execute(QUERIES.find_other_source, values).fetchone()
    counts = {"articles": 0, "redirects": 0}
    if other is None:
        for name, query in (("articles", ARTICLES), ("redirects", REDIRECTS)):
            counts[name] = conn.execute(query, values).rowcount
    elif source.is_loaded:
        say(
            f"articles are not deleted, they may also come from {other[0]}: load that with "
            "--prune, or forget it"
        )
    conn.execute("select muse.drop_staging('wikipedia', %(source)s)", values)
    conn.execute("delete from muse.sources where source_id = %(source)s", values)
    return counts
