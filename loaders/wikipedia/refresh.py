"""Load changed dumps again, with the options of their last load."""

import psycopg

from loaders.core.runs import LoadResult
from loaders.core.sources import check_exists
from loaders.core.topics import StoredSource
from loaders.wikipedia.load import WikipediaOptions, load_all


def refresh(conn: psycopg.Connection, source: StoredSource) -> LoadResult | None:
    """Load a dump or the sample again; None where its options were not stored."""
    request = source.options.get("request")
    if request is None:
        return None
    options = WikipediaOptions.from_json(request)
    if options.source is not None and options.source.startswith("/"):
        check_exists(options.source)
    (result,) = load_all(conn, options)
    return result
