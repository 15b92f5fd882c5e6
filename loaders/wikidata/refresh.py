"""Refresh: repeats the last load of a source with its options."""

import psycopg

from loaders.core.runs import LoadResult
from loaders.core.sources import existing_path
from loaders.core.topics import StoredSource
from loaders.wikidata.load import load_all, load_samples
from loaders.wikidata.options import WikidataOptions


def refresh(conn: psycopg.Connection, source: StoredSource) -> LoadResult | None:
    """Load a source again. Return None if its options were not stored. Errors: Problem."""
    request = source.options.get("request")
    if request is None:
        return None
    options = WikidataOptions.from_json(request)
    path = options.source or options.labels or ""
    if path.startswith("/"):
        existing_path(path)
    if options.sample:  # each of the two samples is a source with this request
        results = load_samples(conn, options, source.location)
    else:
        results = load_all(conn, options)
    own = [result for result in results if result.source == source.location]
    unchanged = LoadResult(source.location, "items", is_unchanged=True)
    return next(iter(own or results), unchanged)
