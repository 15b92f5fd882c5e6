"""Load changed folders and files again."""

from pathlib import Path

import psycopg

from loaders.core.db import lock
from loaders.core.pruning import MAX_PRUNE
from loaders.core.runs import LoadResult
from loaders.core.sources import existing_path
from loaders.core.topics import StoredSource
from loaders.sounds.load import live_tagger, load_path, load_sample
from loaders.sounds.options import SoundOptions


def refresh(conn: psycopg.Connection, source: StoredSource) -> LoadResult | None:
    """Load a folder, file or the sample again, with its stored options."""
    tagger = live_tagger(conn)
    with lock(conn, "sounds"):
        if source.location.startswith("sample: "):
            return load_sample(conn, tagger)
        options = SoundOptions(
            prune=source.options.get("prune", False),
            max_prune=source.options.get("max_prune", MAX_PRUNE),
        )
        return load_path(conn, tagger, Path(existing_path(source.location)), options)


def outdated(conn: psycopg.Connection) -> str | None:
    """Nothing to train yet."""
    return None


def retrain(conn: psycopg.Connection) -> None:
    """Nothing to train yet."""
