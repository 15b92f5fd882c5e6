"""Refresh: repeats the last load of a source with its options."""

import psycopg

from loaders.core.runs import LoadResult
from loaders.core.sources import existing_path
from loaders.core.topics import StoredSource
from loaders.wikipedia.load import WikipediaOptions, load_all


def refresh(conn: psycopg.Connection, source: StoredSource) -> LoadResult | None:
    """Load a source again. Return None if its options were not stored. Errors: Problem."""
    request = source.options.get("request")
    if request is None:
        return None
    options = WikipediaOptions.from_json(request)
    if options.source is not None and options.source.startswith("/"):
        existing_path(options.source)
    (result,) = load_all(conn, options)
    return result
