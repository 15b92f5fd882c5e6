"""Load changed folders and files again, and train on new sounds."""

from pathlib import Path

import psycopg

from loaders.core.console import counted, say
from loaders.core.db import lock
from loaders.core.models import live_model
from loaders.core.pruning import MAX_PRUNE
from loaders.core.runs import LoadResult
from loaders.core.sources import existing_path
from loaders.core.topics import StoredSource
from loaders.sounds.load import live_tagger, load_path, load_sample
from loaders.sounds.options import SoundOptions
from loaders.sounds.store import QUERIES
from loaders.sounds.train import describe, train


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
    """Whether sounds have no vector of the live model, or the tagger was replaced."""
    tagger, live = live_model(conn, "tagger"), live_model(conn, "sounds")
    if tagger is None or live is None:
        return None
    (count,) = conn.execute(QUERIES.count_without_vector).fetchone() or (0,)
    return f"{counted(count, 'sounds')} without a vector: training again" if count else None


def retrain(conn: psycopg.Connection) -> None:
    """Make vectors of all sounds, and deploy them."""
    for line in describe(train(conn)):
        say(line)
