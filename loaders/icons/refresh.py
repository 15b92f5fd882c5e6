"""Reload changed sets of icons and hieroglyphs."""

from dataclasses import replace

import psycopg

from loaders.core.db import lock
from loaders.core.pruning import MAX_PRUNE
from loaders.core.runs import LoadResult
from loaders.core.sources import existing_path
from loaders.core.topics import StoredSource
from loaders.icons.load import NOUN, SAMPLES, TOPIC, IconOptions, load, load_all


def refresh(conn: psycopg.Connection, source: StoredSource) -> LoadResult | None:
    """Reload a changed set with its stored name, licence and max_prune."""
    stored = source.options
    kind = stored["kind"]
    if source.location.startswith("sample: "):
        return _refresh_sample(conn, kind, source.location)
    path = existing_path(source.location)
    options = IconOptions(
        kind=kind,
        sources=(path,),
        icon_set=stored["set"],
        licence=stored["licence"],
        max_prune=stored.get("max_prune", MAX_PRUNE),
        invert=stored.get("invert", False),
    )
    (result,) = load_all(conn, options)
    return result


def _refresh_sample(conn: psycopg.Connection, kind: str, location: str) -> LoadResult | None:
    for source in SAMPLES[kind]() if kind in SAMPLES else ():
        if source.location == location:
            with lock(conn, TOPIC):
                result = load(conn, source)
            result.report()
            return result
    return replace(LoadResult(location, NOUN), is_unchanged=True)
